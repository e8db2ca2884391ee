"""How an install's report is shown; the same for every command that installs."""

from __future__ import annotations

from graft.cli.words import duration, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from graft.cli.console import Console
    from graft.model.difference import Difference
    from graft.workflows.report import InstallReport

# Of what the project does not ask for itself; a terminal has few lines more.
_SHOWN = 15
_STYLES = {"added": "green", "removed": "red", "downgraded": "yellow"}
_MARKS = {"*": "another major version", "+": "a prerelease that the project does not ask for"}


def show(console: Console, command: str, report: InstallReport) -> int:
    if console.json:
        console.document(install_document(command, report))
        return 0
    for note in report.notes:
        console.note(note)
    if report.up_to_date:
        console.status(f"up to date ({duration(report.milliseconds.get('total', 0))})")
        return 0
    show_changes(console, report.changes, first=report.first)
    if report.donated:
        from graft.cli.donated import show_donated

        show_donated(console, report.donated)
    if report.dry_run:
        for step in report.steps:
            where = "" if step["importer"] == "." else f"{step['importer']}/"
            path = f"{where}node_modules/{step['path']}"
            console.status(f"would {step['action']} {path}: {step['reason']}")
    console.status(
        summary(
            packages=report.packages,
            changes=counts(report.changes),
            fetched=report.fetched,
            fetched_bytes=report.fetched_bytes,
            slots=report.slots,
            built=len(report.built),
            links=0 if report.dry_run else len(report.steps),
            milliseconds=report.milliseconds.get("total", 0),
        )
    )
    return 0


def show_changes(console: Console, changes: Sequence[Difference], *, first: bool) -> None:
    """What the project's own lines got, all of it. The rest as far as it fits: where there is much,
    what only came or went is no news, and in a ``first`` lock nothing is."""
    direct = [each for each in changes if each.direct]
    rest = [] if first else [each for each in changes if not each.direct]
    news = [
        each for each in rest if len(rest) <= _SHOWN or (each.before and each.after) or _marks(each)
    ]
    shown = direct + news[:_SHOWN]
    for each in shown:
        console.status(_line(console, each))
    more = len(direct) + len(rest) - len(shown)
    if more:
        console.status(f"and {more} more; --json has all")
    meant = [f"{mark} {_MARKS[mark]}" for mark in _MARKS if any(mark in _marks(e) for e in shown)]
    if meant:
        console.status(console.style("dim", f"({', '.join(meant)})"))


def _line(console: Console, each: Difference) -> str:
    change = console.style(_STYLES.get(each.change, "cyan"), each.change)
    alias = f" (as {each.local})" if each.local else ""
    if each.before and each.after:
        return f"{change} {each.name}{alias} from {each.before} to {each.after}{_marks(each)}"
    others = " (others had it)" if each.after else " (others still ask for it)"
    shared = others if each.shared else ""
    return f"{change} {each.name} {each.before or each.after}{alias}{_marks(each)}{shared}"


def _marks(each: Difference) -> str:
    return f"{' *' if each.major else ''}{' +' if each.unanticipated else ''}"


def counts(changes: Sequence[Difference]) -> dict[str, int]:
    """By what became of packages of the lock; those that others had, or still have, are as they
    were."""
    words = ("added", "upgraded", "downgraded", "replaced", "removed")
    changed = [each.change for each in changes if not each.shared]
    return {word: changed.count(word) for word in words if word in changed}


def install_document(command: str, report: InstallReport) -> dict[str, Any]:
    document = {
        "command": command,
        "upToDate": report.up_to_date,
        "dryRun": report.dry_run,
        "packages": report.packages,
        "direct": dict(report.direct),
        "changes": [each.as_json() for each in report.changes],
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
    if report.donated:
        from graft.cli.donated import donated_document

        document["depsSource"] = donated_document(report.donated)
    return document
