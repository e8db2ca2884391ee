"""``graft init``."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft init               a package.json, named after the folder
  graft init @acme/tool    with that name"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [name]")
    parser.add_argument("name", nargs="?", default="", help="the package's name")
    parser.add_argument_group("starting").add_argument(
        "--yes", "-y", action="store_true", help="accepted for npm's sake: graft asks nothing"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.workflows.begin import begin

    begun = begin(os.path.abspath(said.dir), said.name)
    if console.json:
        console.document({"path": begun.path, "manifest": begun.manifest})
    else:
        console.status(f"wrote {begun.path}: {begun.manifest['name']}")
    return 0
