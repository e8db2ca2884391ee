"""``graft fetch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, omit_flags, omit_settings, source_flags
from graft.cli.session import session
from graft.cli.words import count, duration, summary

if TYPE_CHECKING:
    from graft.workflows.fetch import FetchReport

_EXAMPLES = """\
  graft fetch                 all that graft-lock.json names, for this machine
  graft fetch --prod          what production needs of it
  graft fetch --check         will 'graft install --offline' succeed?
  graft fetch --check --frozen-store   and where the store is read-only?"""
_EXIT_LACKING = 1


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    group = parser.add_argument_group("fetching")
    doing = group.add_mutually_exclusive_group()
    doing.add_argument(
        "--check", action="store_true", help="say whether an offline install will succeed"
    )
    doing.add_argument("--dry-run", action="store_true", help="say what would be fetched")
    doing.add_argument(
        "--force",
        "-f",
        action="store_true",
        help="compare every byte with what the archives held, and fetch and build again what "
        "differs",
    )
    group.add_argument(
        "--frozen-store",
        action="store_true",
        help="with --check: say whether an install with --frozen-store will",
    )
    omit_flags(group)
    source_flags(group)
    said = parser.parse(arguments)
    if said.frozen_store and not said.check:
        parser.error("--frozen-store goes with --check alone: fetching writes into the store")
    from graft.workflows.fetch import check, fetch, lacking

    with session(said, console, omit_settings(said)) as context:
        if said.check:
            report = check(context, frozen=said.frozen_store)
        elif said.dry_run:
            report = lacking(context)
        else:
            report = fetch(context, force=said.force)
    if console.json:
        ready = {"ready": report.is_ready} if said.check else {}
        console.document(_document(report, dry_run=said.dry_run) | ready)
    elif said.check:
        _show_check(console, report, frozen=said.frozen_store)
    else:
        _show(console, report, dry_run=said.dry_run)
    return _EXIT_LACKING if said.check and not report.is_ready else 0


def _show_check(console: Console, report: FetchReport, *, frozen: bool) -> None:
    for note in report.notes:
        console.note(note)
    for what, ids in (
        ("missing", report.missing),
        ("damaged", report.damaged),
        ("unmade", report.unmade),
    ):
        for id in ids:
            console.data(f"{what} {id}")
    took = duration(report.milliseconds.get("total", 0))
    total = count(report.packages, "package")
    if report.is_ready:
        flag = "--frozen-store" if frozen else "--offline"
        console.status(f"'graft install {flag}' has all that it needs: {total} ({took})")
        return
    force = " --force" if report.damaged else ""
    command = "graft install" if report.unmade else f"graft fetch{force}"
    lacking = len(report.missing) + len(report.damaged) + len(report.unmade)
    console.status(f"{lacking} of {total} not in the store: run '{command}' ({took})")


def _show(console: Console, report: FetchReport, *, dry_run: bool) -> None:
    for note in report.notes:
        console.note(note)
    if dry_run:
        for id in report.missing:
            console.status(f"would fetch {id}")
    console.status(
        summary(
            packages=report.packages,
            fetched=report.fetched,
            fetched_bytes=report.fetched_bytes,
            slots=report.slots,
            milliseconds=report.milliseconds.get("total", 0),
        )
    )


def _document(report: FetchReport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "command": "fetch",
        "dryRun": dry_run,
        "packages": report.packages,
        "fetched": report.fetched,
        "fetchedBytes": report.fetched_bytes,
        "slots": report.slots,
        "missing": list(report.missing),
        "damaged": list(report.damaged),
        "unmade": list(report.unmade),
        "notes": [note.as_json() for note in report.notes],
        "milliseconds": dict(report.milliseconds),
    }
