"""``graft audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.audited import FOUND, is_at_least, level_flag, show_audit
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.workflows.audit import Audited
    from graft.workflows.mend import Mended

_EXAMPLES = """\
  graft audit                       known weaknesses of all that the lock holds
  graft audit --prod --json         without devDependencies, for a program
  graft audit --audit-level high    milder ones are shown, and end with 0
  graft audit --fix --dry-run       what newer versions would mend
  graft audit --fix=override        and where they do not: overrides in package.json"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    install_flags(parser)
    group = level_flag(parser)
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
    from graft.workflows.audit import audit
    from graft.workflows.mend import mend

    mended = None
    with session(said, console, flag_settings(said)) as context:
        if said.fix:
            mended = mend(context, install_options(said), write_overrides=said.fix == "override")
        audited = mended.after if mended else audit(context)
    document = _document(audited, mended, said.audit_level)
    if console.json:
        console.document(document)
    else:
        show_audit(console, document)
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
    return FOUND if is_at_least(document, said.audit_level) else worst


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
    document: dict[str, Any] = {"command": "audit", "level": level, **audited.as_json()}
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
