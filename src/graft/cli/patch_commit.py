"""``graft patch-commit``."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import install_document, show
from graft.cli.session import session

_EXAMPLES = """\
  graft patch-commit node_modules/.graft-patches/left-pad@1.3.0
  graft patch-commit <folder> --json"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <folder>")
    install_flags(parser)
    parser.add_argument("folder", help="as 'graft patch' has said it")
    said = parser.parse(arguments)
    if said.dry_run or said.lockfile_only:
        parser.error("a patch is kept with what comes of it: there is no half of that")
    from graft.workflows.patch import commit_patch

    folder = os.path.abspath(os.path.join(said.dir, said.folder))
    with session(said, console, flag_settings(said)) as context:
        done = commit_patch(context, folder, install_options(said))
    if console.json:
        report = install_document(command.name, done.report) if done.report else {}
        console.document(
            {"command": command.name} | report | {"package": done.id, "patch": done.path}
        )
        return 0
    if done.report is None:
        console.status(f"nothing was changed in {done.id}")
        return 0
    console.data(done.path or f"{done.id} is as it was published: its patch is gone")
    return show(console, command.name, done.report)
