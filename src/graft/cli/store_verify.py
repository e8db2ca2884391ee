"""``graft store verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import CODES, Diagnostic
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.words import count, duration, size

if TYPE_CHECKING:
    from graft.workflows.verify import Finding, VerifyReport

_EXAMPLES = """\
  graft store verify                       compare every byte in the store with what it should be
  graft store verify react lodash@^4       only these packages
  graft store verify --repair              and put right what differs
  graft store verify --repair --offline    as far as other copies on this machine allow"""
_DAMAGED, _REPAIRED = "store-damaged", "store-repaired"
_SHOWN = 5


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    group = parser.add_argument_group("verifying")
    group.add_argument("--repair", action="store_true", help="put right what differs")
    source_flags(group)
    parser.add_argument(
        "packages",
        nargs="*",
        metavar="package",
        help="name, name@range, or the name of a slot or an object; all if none is named",
    )
    said = parser.parse(arguments)
    from graft.workflows.verify import BROKEN, HEALTHY, verify

    with session(said, console, source_settings(said)) as context:
        report = verify(context, said.packages, repair=said.repair)
    code = {HEALTHY: "", BROKEN: _DAMAGED}.get(report.state, _REPAIRED)
    if console.json:
        console.document(_document(report, code))
        return CODES[code] if code else 0
    for finding in report.findings:
        _show(console, finding)
    for note in _notes(report):
        console.status(note)
    console.status(_summary(report))
    if not code:
        return 0
    left = [finding for finding in report.findings if not finding.done]
    if not left:
        put_right = count(len(report.findings), "thing was", "things were")
        console.status(f"{_REPAIRED}: {put_right} put right")
        return CODES[code]
    message = f"{count(len(left), 'thing is', 'things are')} not as it was stored"
    fixes = list(dict.fromkeys(finding.fix for finding in left if finding.fix))
    fix = "run " + ", then ".join(f"'{each}'" for each in fixes[:_SHOWN])
    return console.failure(Diagnostic(code=code, message=message, fix=fix))


def _show(console: Console, finding: Finding) -> None:
    console.data(f"{finding.kind} {finding.name}")
    for fault in finding.faults[:_SHOWN]:
        console.data(f"  {fault}")
    if len(finding.faults) > _SHOWN:
        console.data(f"  and {len(finding.faults) - _SHOWN} more")
    if finding.done or finding.fix:
        console.data(f"  -> {finding.done or finding.fix}")


def _notes(report: VerifyReport) -> list[str]:
    notes = []
    if report.older:
        said = count(len(report.older), "slot of an older graft does", "slots of an older graft do")
        notes.append(f"{said} not say what the key was made of, and cannot be proved")
    if report.incomplete:
        said = count(len(report.incomplete), "object")
        notes.append(f"{said} without a record: nobody uses those")
    if report.junk:
        notes.append(f"{count(report.junk, 'leftover')} of commands that died or still run")
    changed = [f"the lock has changed since the last install: {p}" for p in report.changed_locks]
    return [*notes, *changed]


def _summary(report: VerifyReport) -> str:
    looked = report.looked
    milliseconds = report.milliseconds.get("total", 0)
    return (
        f"{count(looked['object'], 'object')}, {count(looked['slot'], 'slot')}, "
        f"{count(looked['project'], 'project')}: {size(report.size)} in {duration(milliseconds)}"
    )


def _document(report: VerifyReport, code: str) -> dict[str, Any]:
    return {
        "state": report.state,
        "code": code,
        "looked": dict(report.looked),
        "bytes": report.size,
        "findings": [
            {
                "kind": finding.kind,
                "name": finding.name,
                "faults": list(finding.faults),
                "done": finding.done,
                "fix": finding.fix,
            }
            for finding in report.findings
        ],
        "older": list(report.older),
        "incomplete": list(report.incomplete),
        "junk": report.junk,
        "changedLocks": list(report.changed_locks),
        "milliseconds": dict(report.milliseconds),
    }
