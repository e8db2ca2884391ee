"""Progress on a terminal. The library that draws it is loaded only once work takes a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from graft.base.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


_PATIENCE_SECONDS = 0.25


class Bars(Progress):
    """Resolved, fetched, linked and checked, with bytes and time; removed when the work is over."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._start = time.monotonic()
        self._drawn: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def changed(self) -> None:
        if self._drawn is None:
            if time.monotonic() - self._start < _PATIENCE_SECONDS:
                return
            self._drawn = self._begin()
        megabytes = f"{self.fetched_bytes / 1e6:.1f} MB"
        for name, done, total, detail in (
            ("resolved", self.resolved, None, ""),
            ("fetched", self.fetched, self.to_fetch, megabytes if self.fetched else ""),
            ("linked", self.linked, self.to_link, ""),
            ("checked", self.checked, self.to_check, ""),
        ):
            if not done and not total:
                continue
            if name not in self._tasks:
                self._tasks[name] = self._drawn.add_task(name, total=None, detail="")
            self._drawn.update(self._tasks[name], completed=done, total=total, detail=detail)

    def say(self, text: str) -> None:
        self._say(text)

    def stop(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()

    @staticmethod
    def _begin() -> RichProgress:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        drawn = RichProgress(
            TextColumn("{task.description:>9}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=RichConsole(stderr=True),
            transient=True,
        )
        drawn.start()
        return drawn
