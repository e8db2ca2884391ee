"""How an install's report is shown; the same for every command that installs."""

from __future__ import annotations

from typing import Any

from graft.cli.console import Console
from graft.cli.words import count, duration
from graft.workflows.report import InstallReport


def show(console: Console, command: str, report: InstallReport) -> int:
    if console.json:
        console.document(_document(command, report))
        return 0
    for note in report.notes:
        console.note(note)
    if report.up_to_date:
        console.status(f"up to date ({_took(report)})")
        return 0
    _show_direct(console, report)
    if report.dry_run:
        for step in report.steps:
            console.status(f"would {step['action']} node_modules/{step['path']}: {step['reason']}")
    console.status(_summary(report))
    return 0


def _show_direct(console: Console, report: InstallReport) -> None:
    before, after = report.direct_before, report.direct
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        if name not in after:
            console.status(f"{console.style('red', '-')} {name} {before[name]}")
            continue
        was = f" (was {before[name]})" if name in before else ""
        console.status(f"{console.style('green', '+')} {name} {after[name]}{was}")


def _summary(report: InstallReport) -> str:
    parts = [count(report.packages, "package")]
    if report.added or report.removed:
        parts.append(f"{len(report.added)} added and {len(report.removed)} removed in the lock")
    if report.fetched:
        parts.append(f"{report.fetched} fetched ({report.fetched_bytes / 1e6:.1f} MB)")
    if report.slots:
        parts.append(f"{report.slots} new in the store")
    links = len(report.steps)
    if links and not report.dry_run:
        parts.append(f"{count(links, 'link')} changed")
    return f"{', '.join(parts)} ({_took(report)})"


def _took(report: InstallReport) -> str:
    return duration(report.milliseconds.get("total", 0))


def _document(command: str, report: InstallReport) -> dict[str, Any]:
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
        "steps": [dict(step) for step in report.steps],
        "lockChanged": report.lock_changed,
        "notes": [note.as_json() for note in report.notes],
        "milliseconds": dict(report.milliseconds),
    }
