"""``graft update``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options, root_flag
from graft.cli.report import show
from graft.cli.session import edited_importer, session

_EXAMPLES = """\
  graft update                  everything, within the ranges of package.json
  graft update express semver   these, wherever in the graph they are
  graft update --latest react   move package.json to the latest version
  graft update --dry-run        what would change"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    install_flags(parser)
    root_flag(parser)
    parser.add_argument("packages", nargs="*", help="all, if none is named")
    parser.add_argument(
        "--latest", "-L", action="store_true", help="change package.json to the latest versions"
    )
    said = parser.parse(arguments)
    from graft.workflows.edit import update

    options = install_options(said)
    with session(said, console, flag_settings(said)) as context:
        context = edited_importer(said, context)
        report = update(context, said.packages, options, latest=said.latest)
    return show(console, command.name, report)
