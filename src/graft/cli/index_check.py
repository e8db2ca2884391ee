"""``graft index check``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.words import count

if TYPE_CHECKING:
    from graft.indices.gate import Violation

_EXAMPLES = """\
  graft index check main             what the files here would break of what main has published
  graft index check main my-branch   the same for a branch
  graft index check "$BEFORE" HEAD   in an index's CI
  graft index check ../old ../new    two folders"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <base> [head]")
    parser.add_argument("base", help="what is published: a commit, a branch, a tag or a folder")
    parser.add_argument(
        "head", nargs="?", default=".", help="what would be (without it: the files here)"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.workflows.index_check import check_index

    checked = check_index(os.path.abspath(said.dir), said.base, said.head, os.environ)
    if console.json:
        console.document(
            {
                "packages": checked.packages,
                "violations": [_document(each) for each in checked.violations],
                "notes": [note.as_json() for note in checked.notes],
            }
        )
    else:
        for note in checked.notes:
            console.note(note)
        for violation in checked.violations:
            console.data(str(violation))
        packages = count(checked.packages, "package")
        wrong = count(len(checked.violations), "violation") if checked.violations else "all is well"
        console.status(f"{packages}: {wrong}")
    return 1 if checked.violations else 0


def _document(violation: Violation) -> dict[str, Any]:
    said = {
        "code": violation.code,
        "package": violation.package,
        "version": violation.version,
        "where": violation.where,
        "message": violation.message,
    }
    return {key: value for key, value in said.items() if value}
