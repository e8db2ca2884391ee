"""``graft status``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.model.provenance import LINK, provenance_json

if TYPE_CHECKING:
    from graft.workflows.status import Clone, Status

_EXAMPLES = """\
  graft status           what is installed, and what came from other workspaces
  graft status --check   exit code 1 if anything of it is not as it should be
  graft status --json    for a program"""
_STYLES = {"ok": "green", "note": "yellow", "stale": "yellow"}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    parser.add_argument(
        "--check", action="store_true", help="fail if anything is not as it should be"
    )
    said = parser.parse(arguments)
    from graft.workflows.status import status

    with session(said, console) as context:
        found = status(context)
    if console.json:
        console.document(_document(found))
    else:
        _show(console, found)
    return 1 if said.check and not found.is_well else 0


def _show(console: Console, found: Status) -> None:
    for check in found.checks:
        _line(console, check.state, f"{check.name}: {check.message}", check.fix)
    copied: dict[str, int] = {}
    for mirror in found.mirrors:
        its = mirror.provenance
        if its.mode != LINK:
            copied[its.path] = copied.get(its.path, 0) + 1
            continue
        trusted = ", trusted" if its.trusted else ""
        way = f" (through {', '.join(its.chain)})" if its.chain else ""
        how = f"same {its.matched}, seen by {its.level}{trusted}"
        said = f": {mirror.said}" if mirror.said else ""
        _line(console, mirror.state, f"{mirror.id} is a link into {its.path}{way}, {how}{said}")
    for path, count in copied.items():
        console.data(f"{'':<9} {count} more are this project's own, from {path}")
    for clone in found.clones:
        _line(console, "ok" if clone.is_there else "fail", _of_clone(clone))


def _of_clone(clone: Clone) -> str:
    if not clone.is_there:
        return f"{clone.name} is not in {clone.path}: run 'graft install'"
    work = f"; {'; '.join(clone.work)}" if clone.work else ""
    return f"{clone.name} is worked in, on {clone.branch or 'no branch'}{work}"


def _line(console: Console, state: str, text: str, fix: str = "") -> None:
    word = state if state in ("ok", "note", "fail") else state.upper()
    console.data(f"{console.style(_STYLES.get(state, 'red'), f'{word:<9}', sys.stdout)} {text}")
    if fix and state != "ok":
        console.data(f"{'':<9} {fix}")


def _document(found: Status) -> dict[str, Any]:
    return {
        "well": found.is_well,
        "checks": [
            {"name": c.name, "state": c.state, "message": c.message, "fix": c.fix}
            for c in found.checks
        ],
        "mirrors": [
            {"id": m.id, "state": m.state, "said": m.said, **provenance_json(m.provenance)}
            for m in found.mirrors
        ],
        "clones": [
            {"name": c.name, "path": c.path, "there": c.is_there, "branch": c.branch}
            | {"work": list(c.work)}
            for c in found.clones
        ],
    }
