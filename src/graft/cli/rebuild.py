"""``graft rebuild``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES = """\
  graft rebuild                          all packages whose scripts are approved
  graft rebuild better-sqlite3           one of them
  graft rebuild --foreground-scripts     and show what their scripts print"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    install_flags(parser)
    parser.add_argument("packages", nargs="*", help="name or name@version; all if none is named")
    said = parser.parse(arguments)
    if said.lockfile_only or said.ignore_scripts:
        parser.error("--lockfile-only and --ignore-scripts leave nothing to do here")
    from graft.workflows.rebuild import rebuild

    with session(said, console, flag_settings(said)) as context:
        report = rebuild(context, said.packages, install_options(said))
    return show(console, command.name, report)
