"""``graft prune``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import install_document, show
from graft.cli.session import session

_EXAMPLES = """\
  graft prune              take away what package.json no longer asks for
  graft prune --prod       and what only development needs
  graft prune --dry-run    what would go"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    install_flags(parser)
    said = parser.parse(arguments)
    from graft.workflows.prune import prune

    with session(said, console, flag_settings(said)) as context:
        pruned = prune(context, install_options(said))
    if console.json:
        document = install_document(command.name, pruned.report)
        console.document(document | {"foreign": list(pruned.foreign)})
        return 0
    show(console, command.name, pruned.report)
    for path in pruned.foreign:
        console.status(f"not graft's, and left there: {path}")
    return 0
