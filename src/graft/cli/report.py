"""How an install's report is shown; the same for every command that installs."""

from __future__ import annotations

from graft.cli.words import duration, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from graft.cli.console import Console
    from graft.workflows.report import InstallReport


def show(console: Console, command: str, report: InstallReport) -> int:
    if console.json:
        console.document(install_document(command, report))
        return 0
    for note in report.notes:
        console.note(note)
    if report.up_to_date:
        console.status(f"up to date ({duration(report.milliseconds.get('total', 0))})")
        return 0
    show_direct(console, report.direct_before, report.direct)
    if report.dry_run:
        for step in report.steps:
            where = "" if step["importer"] == "." else f"{step['importer']}/"
            path = f"{where}node_modules/{step['path']}"
            console.status(f"would {step['action']} {path}: {step['reason']}")
    console.status(
        summary(
            packages=report.packages,
            added=len(report.added),
            removed=len(report.removed),
            fetched=report.fetched,
            fetched_bytes=report.fetched_bytes,
            slots=report.slots,
            built=len(report.built),
            links=0 if report.dry_run else len(report.steps),
            milliseconds=report.milliseconds.get("total", 0),
        )
    )
    return 0


def show_direct(console: Console, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """What the project's own requirements got, where that is not what they had."""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        if name not in after:
            console.status(f"{console.style('red', '-')} {name} {before[name]}")
            continue
        was = f" (was {before[name]})" if name in before else ""
        console.status(f"{console.style('green', '+')} {name} {after[name]}{was}")


def install_document(command: str, report: InstallReport) -> dict[str, Any]:
    return {
        "command": command,
        "upToDate": report.up_to_date,
        "dryRun": report.dry_run,
        "packages": report.packages,
        "direct": dict(report.direct),
        "added": list(report.added),
        "removed": list(report.removed),
        "fetched": report.fetched,
        "fetchedBytes": report.fetched_bytes,
        "slots": report.slots,
        "built": list(report.built),
        "ignoredBuilds": list(report.ignored),
        "steps": [dict(step) for step in report.steps],
        "lockChanged": report.lock_changed,
        "notes": [note.as_json() for note in report.notes],
        "milliseconds": dict(report.milliseconds),
    }
