"""``graft dedupe``."""

from __future__ import annotations

from graft.base.records import replace
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES = """\
  graft dedupe             take out each version that all could do without
  graft dedupe --dry-run   what would go
  graft dedupe --check     in CI: end with 1 if there is something to do"""
_EXIT_FOUND = 1


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    install_flags(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing; end with 1 if there is something to do",
    )
    said = parser.parse(arguments)
    from graft.workflows.dedupe import dedupe

    options = install_options(said)
    if said.check:
        options = replace(options, dry_run=True)
    with session(said, console, flag_settings(said)) as context:
        report = dedupe(context, options)
    show(console, command.name, report)
    return _EXIT_FOUND if said.check and report.lock_changed else 0
