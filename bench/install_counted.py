"""What one install does, as counts: requests, bytes received, entries made. It is not timed."""

from __future__ import annotations

from dataclasses import dataclass

from install_command import Runner
from install_measure import entries
from install_place import Place
from install_scenarios import Scenario
from traffic import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """``size`` is the bytes of all answers, as the registry sent them; ``entries`` is how many more
    files, folders and links there are afterwards in the home and the project."""

    requests: int
    size: int
    entries: int

    def __str__(self) -> str:
        return f"{self.requests:,} / {self.size / 1e6:.1f} / {self.entries:,}"


def count(runner: Runner, place: Place, scenario: Scenario, tally: Tally) -> Done:
    """``tally`` is of the registry that ``place`` uses, and nobody else does."""
    runner.prepare(place, scenario)
    before = _entries(place)
    tally.take()
    runner.run(place, scenario)
    traffic = tally.take()
    return Done(requests=traffic.requests, size=traffic.size, entries=_entries(place) - before)


def _entries(place: Place) -> int:
    return sum(1 for folder in (place.home, place.project) for _ in entries(folder))
