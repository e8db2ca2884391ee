"""``graft remove``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options, root_flag
from graft.cli.report import show
from graft.cli.session import edited_importer, session

_EXAMPLES = """\
  graft remove lodash
  graft remove --dry-run react react-dom"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>...")
    install_flags(parser)
    root_flag(parser)
    parser.add_argument(
        "--force", action="store_true", help="throw away work in clones that go with their line"
    )
    parser.add_argument("packages", nargs="+", help="names as the manifest has them")
    said = parser.parse(arguments)
    from graft.workflows.edit import remove

    options = install_options(said)
    with session(said, console, flag_settings(said)) as context:
        context = edited_importer(said, context)
        report = remove(context, said.packages, options, force=said.force)
    return show(console, command.name, report)
