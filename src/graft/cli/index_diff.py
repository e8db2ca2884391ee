"""``graft index diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, one_line

if TYPE_CHECKING:
    from graft.workflows.index_diff import Difference

_EXAMPLES = """\
  graft index diff acme          what is new in an index since the commit that the lock pins
  graft index diff acme --json   for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <namespace>")
    parser.add_argument("namespace", help="whose index")
    said = parser.parse(arguments)
    from graft.workflows.index_diff import index_difference

    with session(said, console) as context:
        found = index_difference(context, said.namespace)
    if console.json:
        console.document(_document(found))
    else:
        _show(console, found)
    return 1 if found.violations else 0


def _show(console: Console, found: Difference) -> None:
    for change in found.changes:
        why = f": {one_line(change.why)}" if change.why else ""
        new = " (new package)" if change.is_new else ""
        console.data(f"{change.kind:<8}  {change.package}@{change.version}{new}{why}")
    for violation in found.violations:
        console.data(f"violates  {one_line(str(violation))}")
    if found.old == found.new:
        console.status("the lock pins the newest commit")
        return
    way = "history was rewritten"
    if found.commits is not None:
        way = count(found.commits, "commit")
    console.status(f"{found.old[:10]} -> {found.new[:10]}: {way}, {_sum(found)}")


def _sum(found: Difference) -> str:
    changes = count(len(found.changes), "change")
    return changes + (f", {count(len(found.violations), 'violation')}" if found.violations else "")


def _document(found: Difference) -> dict[str, Any]:
    return {
        "namespace": found.source.namespace,
        "from": found.old,
        "to": found.new,
        "commits": found.commits,
        "changes": [
            {
                "kind": change.kind,
                "package": change.package,
                "version": change.version,
                "why": change.why,
                "isNew": change.is_new,
            }
            for change in found.changes
        ],
        "violations": [
            {
                "code": each.code,
                "package": each.package,
                "version": each.version,
                "message": each.message,
                "where": each.where,
            }
            for each in found.violations
        ],
    }
