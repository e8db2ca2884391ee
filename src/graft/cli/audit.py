"""``graft audit``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.session import session
from graft.cli.words import count, one_line

if TYPE_CHECKING:
    from graft.workflows.audit import Audited, Finding
    from graft.workflows.mend import Mended

_EXAMPLES = """\
  graft audit                       known weaknesses of all that the lock holds
  graft audit --prod --json         without devDependencies, for a program
  graft audit --audit-level high    milder ones are shown, and end with 0
  graft audit --fix --dry-run       what newer versions would mend
  graft audit --fix=override        and where they do not: overrides in package.json"""
_EXIT_FOUND = 1
_CHAINS_SHOWN = 3
_STYLES = {"critical": "red", "high": "red", "moderate": "yellow"}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    install_flags(parser)
    group = parser.add_argument_group("auditing")
    group.add_argument(
        "--audit-level",
        choices=("info", "low", "moderate", "high", "critical"),
        default="low",
        help="end with 1 for this severity and worse; low",
    )
    group.add_argument(
        "--fix",
        nargs="?",
        const="update",
        choices=("update", "override"),
        help="take versions without known weaknesses, within what is asked for; "
        "'override' writes overrides into package.json where that is not enough",
    )
    group.add_argument(
        "--ignore-registry-errors",
        action="store_true",
        help="end with 0 also where a registry does not tell",
    )
    said = parser.parse(arguments)
    if not said.fix and (said.dry_run or said.lockfile_only):
        parser.error("--dry-run and --lockfile-only go with --fix")
    from graft.workflows.audit import at_least, audit
    from graft.workflows.mend import mend

    mended = None
    with session(said, console, flag_settings(said)) as context:
        if said.fix:
            mended = mend(context, install_options(said), write_overrides=said.fix == "override")
        audited = mended.after if mended else audit(context)
    if console.json:
        console.document(_document(audited, mended, said.audit_level))
    else:
        _print(console, audited)
        if mended:
            _print_mended(console, mended)
        elif audited.findings:
            console.status("'graft audit --fix' takes versions without them where it can")
    worst = 0
    for silent in audited.unaudited:
        if said.ignore_registry_errors:
            console.note(silent.diagnostic)
        else:
            worst = silent.diagnostic.exit_code
            if not console.json:
                console.failure(silent.diagnostic)
    return _EXIT_FOUND if at_least(audited.findings, said.audit_level) else worst


def _print(console: Console, audited: Audited) -> None:
    from graft.workflows.audit import counts

    for finding in audited.findings:
        _print_finding(console, audited, finding)
    said = [f"{number} {severity}" for severity, number in counts(audited.findings).items()]
    told = ", ".join(text for text in said if not text.startswith("0 "))
    weak = {id for finding in audited.findings for id in finding.nodes}
    what = "no known weaknesses"
    if weak:
        what = f"{count(len(weak), 'package')} with known weaknesses ({told})"
    console.status(f"{what} among {count(audited.packages, 'package')}")
    if audited.local:
        console.status(f"{count(audited.local, 'package')} from no registry: nobody was asked")


def _print_finding(console: Console, audited: Audited, finding: Finding) -> None:
    from graft.resolve.chains import chains_to

    advisory = finding.advisory
    severity = console.style(_STYLES.get(advisory.severity, "dim"), advisory.severity, sys.stdout)
    title = f"{advisory.package} {advisory.vulnerable}: {advisory.title}"
    console.data(f"{severity} {one_line(title)}")
    if advisory.url:
        console.data(f"  {one_line(advisory.url)}")
    for id in finding.nodes:
        ways = list(chains_to(audited.graph, id))
        for chain in ways[:_CHAINS_SHOWN]:
            steps = [step.id for step in chain.steps]
            shown = steps if chain.importer == "." else [chain.importer, *steps]
            console.data(f"  {' > '.join(shown)}")
        if len(ways) > _CHAINS_SHOWN:
            console.data(f"  and {len(ways) - _CHAINS_SHOWN} more ways to {id}")


def _print_mended(console: Console, mended: Mended) -> None:
    import json

    from graft.cli.report import show

    show(console, "audit", mended.report)
    if mended.overrides:
        text = json.dumps(mended.overrides, ensure_ascii=False)
        if mended.written:
            console.status(f"overrides in package.json: {text}")
        else:
            console.status("'graft audit --fix=override' would add to package.json, beyond what")
            console.status(f'is asked for: "overrides": {text}')
    for local, specifier in mended.lines.items():
        console.status(f"beyond what package.json asks for: graft add {local}@{specifier}")
    for name in mended.hopeless:
        console.status(f"no later version of {name} is without known weaknesses")


def _document(audited: Audited, mended: Mended | None, level: str) -> dict[str, Any]:
    from graft.workflows.audit import counts

    document: dict[str, Any] = {
        "command": "audit",
        "packages": audited.packages,
        "local": audited.local,
        "level": level,
        "counts": dict(counts(audited.findings)),
        "findings": [_finding(audited, finding) for finding in audited.findings],
        "unaudited": [
            {
                "registry": silent.registry,
                "packages": silent.packages,
                "error": silent.diagnostic.as_json(),
            }
            for silent in audited.unaudited
        ],
    }
    if mended:
        from graft.cli.report import install_document

        document["fix"] = {
            "mended": len(mended.before.findings) - len(mended.after.findings),
            "overrides": {key: dict(below) for key, below in mended.overrides.items()},
            "overridesWritten": mended.written,
            "add": dict(mended.lines),
            "hopeless": list(mended.hopeless),
            "install": install_document("audit", mended.report),
        }
    return document


def _finding(audited: Audited, finding: Finding) -> dict[str, Any]:
    from graft.resolve.chains import chains_to

    advisory = finding.advisory
    return {
        "id": advisory.id,
        "package": advisory.package,
        "severity": advisory.severity,
        "title": advisory.title,
        "url": advisory.url,
        "vulnerable": advisory.vulnerable,
        "affected": [
            {
                "id": id,
                "chains": [chain.as_json() for chain in chains_to(audited.graph, id)],
            }
            for id in finding.nodes
        ],
    }
