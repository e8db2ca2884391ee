"""``graft patch-remove``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES = """\
  graft patch-remove left-pad          all patches of it
  graft patch-remove left-pad@1.3.0"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>...")
    install_flags(parser)
    parser.add_argument("packages", nargs="+", help="name, or name@version")
    said = parser.parse(arguments)
    if said.dry_run or said.lockfile_only:
        parser.error("a patch goes with what came of it: there is no half of that")
    from graft.workflows.patch import remove_patches

    with session(said, console, flag_settings(said)) as context:
        report = remove_patches(context, said.packages, install_options(said))
    return show(console, command.name, report)
