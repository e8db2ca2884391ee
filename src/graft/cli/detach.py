"""``graft detach``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES = """\
  graft detach tool
  graft detach tool --deps-source ../golden   its bytes from there, without a network
  graft detach --dry-run tool"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>...")
    install_flags(parser)
    parser.add_argument("packages", nargs="+", help="names of packages that are links")
    said = parser.parse(arguments)
    from graft.workflows.detach import detach

    options = install_options(said)
    with session(said, console, flag_settings(said)) as context:
        report = detach(context, said.packages, options)
    return show(console, command.name, report)
