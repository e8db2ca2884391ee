"""The scenarios: what is there before the timed command, and which command that is.

They run in this order within a round: those after ``cold`` use the home that it filled, so that the
metadata of every tool is equally young, and ``add-one`` is the last to touch the project.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from install_place import Place

ADDED = "left-pad"
ADDED_SPEC = f"{ADDED}@1.3.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``prepare`` is not timed. A scenario that is not ``fresh`` needs a home that was filled."""

    key: str
    has: str
    prepare: Callable[[Place], None]
    fresh: bool = False
    adds: bool = False

    def command(self, place: Place) -> tuple[str, ...]:
        return place.tool.add(ADDED_SPEC) if self.adds else place.tool.install()


def cold(place: Place) -> None:
    place.new_home()
    place.new_project(lock=False)


def _lockfile_only(place: Place) -> None:
    place.new_home()
    place.new_project(lock=True)


def warm(place: Place) -> None:
    place.without_modules()


def _warm_no_lockfile(place: Place) -> None:
    place.without_modules()
    place.without_lock()


def _second_folder(place: Place) -> None:
    place.new_project(lock=True, name="second")


def _as_it_is(place: Place) -> None:
    place.project = place.home.parent / "project"


SCENARIOS = (
    Scenario(key="cold", has="package.json alone", prepare=cold, fresh=True),
    Scenario(
        key="warm-no-lockfile",
        has="cache and store, metadata less than 5 minutes old; no lock, no node_modules",
        prepare=_warm_no_lockfile,
    ),
    Scenario(key="warm", has="lock, cache and store; no node_modules", prepare=warm),
    Scenario(key="no-op", has="everything", prepare=_as_it_is),
    Scenario(
        key="second-folder",
        has="lock, cache and store; a folder that the tool has not seen",
        prepare=_second_folder,
    ),
    Scenario(
        key="add-one",
        has=f"everything; {ADDED_SPEC} is added, which is in no cache",
        prepare=_as_it_is,
        adds=True,
    ),
    Scenario(
        key="lockfile-only",
        has="lock; no cache, no store, no node_modules",
        prepare=_lockfile_only,
        fresh=True,
    ),
)
