"""What came of killing a fleet's commands, servers and agents, and what is the same for all."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graft.base.diagnostics import GraftError

_MOST = 1000


@dataclass(kw_only=True)
class Tally:
    """``kills``, of which ``torn`` had the file cut that was being written; ``faults`` are what was
    wrong after one of them. Each ``every``-th step is one to be killed at."""

    every: int = 1
    kills: int = 0
    torn: int = 0
    faults: list[str] = field(default_factory=list)

    def steps(self) -> Iterator[int]:
        """Until whoever asks has come to the end."""
        yield from range(1 + self.every // 2, _MOST, self.every)
        raise AssertionError("it does not come to an end")

    @contextmanager
    def kill(self, where: str, *, torn: bool = False) -> Iterator[None]:
        """Within, what is left is judged."""
        self.kills += 1
        self.torn += torn
        with self.judged(where):
            yield

    @contextmanager
    def judged(self, where: str) -> Iterator[None]:
        """As ``kill``, of all of them together."""
        try:
            yield
        except (AssertionError, GraftError) as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            self.faults.append(f"{where}: {line}: {error}")


class Scenario(Protocol):
    """Works in an empty ``folder``; each ``url()`` names an empty state."""

    def __call__(self, tally: Tally, folder: Path, url: Callable[[], str]) -> None: ...
