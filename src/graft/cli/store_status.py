"""``graft store status``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, day, size

if TYPE_CHECKING:
    from graft.workflows.store_status import Kind, Status

_EXAMPLES = """\
  graft store status          what is there, who uses it, and what could go
  graft store status --json   for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    said = parser.parse(arguments)
    from graft.store.paths import open_store
    from graft.workflows.store_status import status

    with session(said, console) as context:
        settings = context.settings
        store = open_store(settings.store_root, frozen=settings.frozen_store)
        found = status(store, settings.garbage.grace, int(time.time()))
    if console.json:
        console.document(_document(found))
    else:
        _show(console, found)
    return 0


def _show(console: Console, found: Status) -> None:
    held = ", ".join(count(kind.entries, name[:-1], name) for name, kind in found.kinds.items())
    total = sum(kind.bytes for kind in found.kinds.values())
    last = day(found.collected) if found.collected is not None else "never"
    console.data(f"store      {found.root}")
    console.data(f"holds      {held}: {size(total)}")
    console.data(f"saves      {size(found.saved)}: copies would take {size(found.copies)}")
    console.data(f"garbage    {_amount(found.now)} could go now, {_amount(found.later)} later")
    console.data(f"collected  {last}")
    if found.leases:
        console.data(f"leases     {count(found.leases, 'graph')} in use by what runs")
    for reason in found.keeps:
        console.data(f"kept       everything: {reason}")
    console.data(f"projects   {len(found.projects)}")
    for project in found.projects:
        state = project.state + (f" ({project.host})" if project.state == "elsewhere" else "")
        packages = count(project.packages, "package")
        console.data(f"  {state:<10} {packages:>14} {size(project.bytes):>10}  {project.path}")


def _amount(kind: Kind) -> str:
    return f"{count(kind.entries, 'entry', 'entries')} ({size(kind.bytes)})"


def _document(found: Status) -> dict[str, Any]:
    return {
        "path": found.root,
        **{name: _kind(kind) for name, kind in found.kinds.items()},
        "copies": found.copies,
        "saved": found.saved,
        "garbage": {"now": _kind(found.now), "later": _kind(found.later)},
        "keeps": list(found.keeps),
        "collected": found.collected,
        "leases": found.leases,
        "projects": [
            {
                "path": project.path,
                "state": project.state,
                "host": project.host,
                "lock": project.lock,
                "packages": project.packages,
                "bytes": project.bytes,
            }
            for project in found.projects
        ],
    }


def _kind(kind: Kind) -> dict[str, int]:
    return {"entries": kind.entries, "bytes": kind.bytes}
