"""The scenarios: what is there before the timed command, and which command that is.

They run in this order within a round: those after ``cold`` use the home that it filled, so that the
metadata of every tool is equally young; what others would be the poorer for comes last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from install_place import FIRST, Place
from install_tools import on_path

ADDED = "left-pad"
ADDED_SPEC = f"{ADDED}@1.3.0"


def _install(place: Place) -> tuple[str, ...]:
    return place.tool.install()


def _add(place: Place) -> tuple[str, ...]:
    return place.tool.add(ADDED_SPEC)


def _delete(_: Place) -> tuple[str, ...]:
    return (on_path("rm"), "-rf", "node_modules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``prepare`` is not timed. ``adds`` are packages that are linked afterwards, beside the direct
    dependencies."""

    key: str
    prepare: Callable[[Place], None]
    command: Callable[[Place], tuple[str, ...]] = _install
    adds: tuple[str, ...] = ()

    @property
    def deletes(self) -> bool:
        return self.command is _delete


def cold(place: Place) -> None:
    place.new_home()
    place.new_project(lock=False)


def _lockfile_only(place: Place) -> None:
    place.new_home()
    place.new_project(lock=True)


def warm(place: Place) -> None:
    place.go_to(FIRST)
    place.without_modules()


def _warm_no_lockfile(place: Place) -> None:
    warm(place)
    place.without_lock()


def _slots_absent(place: Place) -> None:
    warm(place)
    place.without_ready_made()


def _second_folder(place: Place) -> None:
    place.new_project(lock=True, name="second")


def _worktree(place: Place) -> None:
    place.new_worktree()


def _as_it_is(place: Place) -> None:
    place.go_to(FIRST)


SCENARIOS = (
    Scenario(key="cold", prepare=cold),
    Scenario(key="warm-no-lockfile", prepare=_warm_no_lockfile),
    Scenario(key="warm", prepare=warm),
    Scenario(key="no-op", prepare=_as_it_is),
    Scenario(key="second-folder", prepare=_second_folder),
    Scenario(key="worktree", prepare=_worktree),
    Scenario(key="slots-absent", prepare=_slots_absent),
    Scenario(key="add-one", prepare=_as_it_is, command=_add, adds=(ADDED,)),
    Scenario(key="lockfile-only", prepare=_lockfile_only),
    Scenario(key="delete", prepare=_as_it_is, command=_delete),
)
