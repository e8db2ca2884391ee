"""``graft import``."""

from __future__ import annotations

from typing import Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.report import show_changes
from graft.cli.session import session
from graft.cli.words import count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.import_lock import ImportReport

_EXAMPLES = """\
  graft import                          from the lock of npm, pnpm, yarn or bun that is here
  graft import yarn.lock                from this one
  graft import --dry-run --json         which versions would be kept, and which not
  graft import --force pnpm-lock.yaml   replace graft-lock.json"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [file]")
    parser.add_argument(
        "file", nargs="?", default="", help="the lock to read, found by itself if not named"
    )
    group = parser.add_argument_group("importing")
    group.add_argument("--force", "-f", action="store_true", help="replace graft-lock.json")
    group.add_argument("--dry-run", action="store_true", help="write nothing")
    source_flags(group)
    said = parser.parse(arguments)
    from graft.workflows.import_lock import import_lock

    with session(said, console, source_settings(said)) as context:
        report = import_lock(context, said.file, force=said.force, dry_run=said.dry_run)
    return _show(console, report)


def _show(console: Console, report: ImportReport) -> int:
    if console.json:
        console.document(_document(report))
        return 0
    for note in report.notes:
        console.note(note)
    if not report.first:
        show_changes(console, report.changes, first=False)
    done = "graft-lock.json is as it was"
    if report.lock_changed:
        done = f"{'would write' if report.dry_run else 'wrote'} graft-lock.json"
    took = duration(report.milliseconds.get("total", 0))
    console.status(f"{done}: {count(report.packages, 'package')} ({took})")
    return 0


def _document(report: ImportReport) -> dict[str, Any]:
    imported = report.imported
    return {
        "command": "import",
        "dryRun": report.dry_run,
        "file": imported.path,
        "format": imported.format,
        "notRead": list(imported.beside),
        "packages": report.packages,
        "total": imported.total,
        "kept": list(imported.kept),
        "gone": list(imported.gone),
        "unused": list(imported.unused),
        "new": list(imported.new),
        "leftOut": imported.left_out,
        "changes": [each.as_json() for each in report.changes],
        "lockChanged": report.lock_changed,
        "notes": [note.as_json() for note in report.notes],
        "milliseconds": dict(report.milliseconds),
    }
