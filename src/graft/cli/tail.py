"""Command lines whose end belongs to another program: graft's own flags stand in front."""

from __future__ import annotations

import os

from graft.project.defaults import home_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

    from graft.cli.console import Console
    from graft.workflows.jobs import Jobs, Place

_WITH_VALUE = frozenset({"-C", "--dir"})


def split_tail(
    arguments: Sequence[str],
    *,
    with_value: Collection[str] = (),
    known: Collection[str] | None = None,
) -> tuple[list[str], list[str]]:
    """graft's own flags, and everything from the first word that is none. A ``--`` in between is
    dropped. Flags in ``with_value`` take the next word along; where ``known`` is given, a flag that
    is not among them is not graft's."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        flag = arguments[at]
        if flag == "--":
            return list(arguments[:at]), list(arguments[at + 1 :])
        if known is not None and flag.partition("=")[0] not in known:
            break
        at += 2 if flag in _WITH_VALUE or flag in with_value else 1
    return list(arguments[:at]), list(arguments[at:])


def place_of(said: argparse.Namespace) -> Place:
    return place_in(os.path.abspath(said.dir))


def place_in(folder: str) -> Place:
    from graft.workflows.jobs import Place

    return Place(
        folder=folder,
        called_in=os.getcwd(),
        environ=os.environ,
        home=home_folder(),
    )


def carry_out(console: Console, place: Place, jobs: Jobs) -> int:
    """Run them, with what there is to say on stderr."""
    from graft.workflows import jobs as workflow

    for note in jobs.notes:
        console.note(note)
    return workflow.carry_out(place, jobs, console.status)
