"""``graft patch``."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session

_EXAMPLES = """\
  graft patch left-pad                     put its files where they can be edited, and say where
  graft patch left-pad@1.3.0               where there are several versions
  graft patch left-pad --edit-dir ../pad
  graft patch-commit <folder>              keep what was edited, as a patch of the project's"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>")
    group = parser.add_argument_group("patching")
    group.add_argument("--edit-dir", default="", metavar="DIR", help="where to put the files")
    source_flags(group)
    parser.add_argument("package", help="name, or name@version")
    said = parser.parse(arguments)
    from graft.workflows.patch import begin_patch

    folder = os.path.abspath(said.edit_dir) if said.edit_dir else ""
    with session(said, console, source_settings(said)) as context:
        begun = begin_patch(context, said.package, folder)
    if console.json:
        console.document({"package": begun.id, "folder": begun.folder, "patched": begun.patched})
        return 0
    with_changes = ", with the changes of its patch" if begun.patched else ""
    console.status(f"{begun.id} can be edited{with_changes}; then: graft patch-commit <folder>")
    console.data(begun.folder)
    return 0
