"""``graft index status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.workflows.indices import Known

_EXAMPLES = """\
  graft index status          what is here of each index, and how far its pin is behind
  graft index status --json   for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    said = Parser(command, examples=_EXAMPLES, usage="[flags]").parse(arguments)
    from graft.workflows.indices import known_indices

    with session(said, console) as context:
        found = known_indices(context)
    if console.json:
        console.document({"indices": list(map(_entry, found))})
    elif found:
        from graft.cli.table import show_table

        headings = ("namespace", "state", "pinned", "behind", "asked last", "where")
        show_table(console, headings, list(map(_row, found)))
    else:
        console.status("no index is declared: see [indices] in graft.toml")
    return 0


def _row(known: Known) -> tuple[str, ...]:
    from graft.cli.words import day
    from graft.model.indices import short

    pinned = short(known.pin.commit) if known.pin and known.pin.commit else "-"
    return (
        known.source.namespace,
        known.state,
        pinned,
        _behind(known),
        day(known.seen) if known.seen is not None else "-",
        known.path or known.source.place,
    )


def _behind(known: Known) -> str:
    if known.behind is not None:
        return str(known.behind)
    is_older = known.pin is not None and known.newest not in ("", known.pin.commit)
    return "some" if is_older else "-"


def _entry(known: Known) -> dict[str, Any]:
    return {
        "namespace": known.source.namespace,
        "index": known.source.place,
        "ref": known.source.ref,
        "state": known.state,
        "commit": known.pin.commit if known.pin else "",
        "path": known.path,
        "newest": known.newest,
        "behind": known.behind,
        "asked": known.seen,
    }
