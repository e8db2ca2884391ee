"""``graft peers check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.workflows.peers import PeerConflict

_EXAMPLES = """\
  graft peers check           each peer that is missing or out of range, and what mends it
  graft peers check --json    the same for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    source_flags(parser, prefer_offline="use cached metadata however old it is")
    said = parser.parse(arguments)
    from graft.workflows.peers import check_peers

    with session(said, console, source_settings(said)) as context:
        found = check_peers(context)
    if console.json:
        console.document({"conflicts": [_entry(conflict) for conflict in found]})
    elif not found:
        console.status("every peer is there, and in its range")
    for conflict in found if not console.json else ():
        _print(console, conflict)
    return 1 if found else 0


def _print(console: Console, conflict: PeerConflict) -> None:
    console.data(conflict.message)
    lines = {
        "path": " > ".join(conflict.path),
        "why": conflict.why,
        "fix": conflict.fix or "none that graft can find: ask who publishes it",
    }
    for name, text in lines.items():
        if text:
            console.data(f"  {name:<5} {text}")


def _entry(conflict: PeerConflict) -> dict[str, object]:
    said: dict[str, object] = {
        "asks": conflict.asks,
        "peer": conflict.peer,
        "range": conflict.range,
        "path": list(conflict.path),
        "provided": conflict.provided,
        "providedBy": conflict.provided_by,
        "why": conflict.why,
        "fix": conflict.fix,
    }
    return {key: value for key, value in said.items() if value}
