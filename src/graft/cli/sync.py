"""``graft sync``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import install_document
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.workflows.sync import Outcome, Synced

_EXAMPLES = """\
  graft sync                all editable packages
  graft sync tool           one of them
  graft sync --dry-run      what would come of it"""
_STYLES = {"dirty": "yellow", "conflict": "red", "error": "red", "skipped": "yellow"}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [<package>...]")
    install_flags(parser)
    parser.add_argument("packages", nargs="*", help="names as graft.toml has them")
    said = parser.parse(arguments)
    from graft.workflows.sync import sync

    options = install_options(said)
    with session(said, console, flag_settings(said)) as context:
        synced = sync(context, said.packages, options)
    if console.json:
        console.document(_document(command.name, synced, dry_run=options.dry_run))
    else:
        _show(console, synced, dry_run=options.dry_run)
    return 0 if all(outcome.is_good for outcome in synced.outcomes) else 1


def _show(console: Console, synced: Synced, *, dry_run: bool) -> None:
    for each in synced.outcomes:
        style = _STYLES.get(each.outcome, "green")
        word = f"would be {each.outcome}" if dry_run else each.outcome
        console.data(f"{console.style(style, word, sys.stdout)} {each.name}{_behind(each)}")
        if each.next_step:
            console.data(f"  {each.next_step}")
    if not synced.outcomes:
        console.status("nothing here is editable")


def _behind(each: Outcome) -> str:
    moved = f"{each.before[:8]} -> {each.after[:8]}" if each.before and each.after else ""
    said = ", ".join(filter(None, (moved, each.said)))
    return f": {said}" if said else ""


def _document(command: str, synced: Synced, *, dry_run: bool) -> dict[str, Any]:
    return {
        "command": command,
        "dryRun": dry_run,
        "outcomes": [
            {
                "name": each.name,
                "path": each.path,
                "outcome": each.outcome,
                "said": each.said,
                "nextStep": each.next_step,
                "before": each.before,
                "after": each.after,
            }
            for each in synced.outcomes
        ],
        "install": install_document("install", synced.report) if synced.report else None,
    }
