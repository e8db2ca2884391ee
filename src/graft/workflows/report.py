"""What an install is told and what it tells."""

from __future__ import annotations

import time

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from graft.base.diagnostics import Diagnostic
    from graft.model.difference import Difference
    from graft.project.donor_settings import DonorOptions


class InstallOptions(Record):
    """``frozen`` refuses to change the lock; ``lock_only`` changes nothing else; ``force`` trusts
    nothing that lies in the store or the project. ``update`` names packages whose locked versions
    are not preferred; None is all of them. ``ignore_scripts`` runs none of packages, approved or
    not; ``show_scripts`` tells what they print; ``rebuild`` holds the packages, by id, whose
    scripts run again. ``dedupe`` makes do with as few of the locked versions as possible.
    ``donors`` is what was said of workspaces to take packages from."""

    frozen: bool = False
    lock_only: bool = False
    force: bool = False
    dry_run: bool = False
    update: Collection[str] | None = ()
    ignore_scripts: bool = False
    show_scripts: bool = False
    rebuild: Collection[str] | None = None
    dedupe: bool = False
    donors: DonorOptions | None = None

    @property
    def keeps_answers(self) -> bool:
        """Whether a lock that answers everything is left as it is."""
        takes_versions = self.donors is not None and self.donors.takes_versions
        return self.update is not None and not (self.update or self.dedupe or takes_versions)


class Donated(Record):
    """What other workspaces gave: by package, by id, how it came (``taken``: path, mode and what
    matched), or why it did not (``missed``: path and reason for each parent that was asked).
    ``explained`` says that somebody wants to see each."""

    taken: Mapping[str, Mapping[str, str]]
    missed: Mapping[str, Sequence[tuple[str, str]]]
    explained: bool = False


class InstallReport(Record):
    """What was done, or with ``dry_run`` would be. ``changes`` compare the lock with the one
    before, and ``first`` says that there was none; ``direct`` maps local names to versions;
    ``steps`` are changes in each importer's ``node_modules``; ``fetched`` counts archives,
    ``slots`` those that the store lacked. ``built`` are packages whose scripts ran, ``ignored``
    those whose scripts nobody approved."""

    up_to_date: bool = False
    dry_run: bool = False
    packages: int = 0
    changes: tuple[Difference, ...] = ()
    first: bool = False
    direct: Mapping[str, str] = {}
    fetched: int = 0
    fetched_bytes: int = 0
    slots: int = 0
    built: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    steps: tuple[Mapping[str, str], ...] = ()
    lock_changed: bool = False
    notes: tuple[Diagnostic, ...] = ()
    donated: Donated | None = None
    milliseconds: Mapping[str, int] = {}


class Laps:
    """Wall time by phase, in milliseconds."""

    def __init__(self) -> None:
        self._phases: dict[str, int] = {}
        self._start = self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self._phases[phase] = round((now - self._last) * 1000)
        self._last = now

    def total(self) -> dict[str, int]:
        return self._phases | {"total": round((time.perf_counter() - self._start) * 1000)}
