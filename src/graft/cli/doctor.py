"""``graft doctor``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.workflows.doctor import Diagnosis, Mended

_EXAMPLES = """\
  graft doctor             look at machine, settings and project
  graft doctor --offline   without asking a registry
  graft doctor --json      for a program"""
_STYLES = {"ok": "green", "note": "yellow", "fail": "red"}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    source_flags(parser.add_argument_group("asking"))
    said = parser.parse(arguments)
    from graft.workflows.doctor import diagnose

    with session(said, console, source_settings(said)) as context:
        diagnosis = diagnose(context, os.environ)
    if console.json:
        console.document(_document(diagnosis))
    else:
        _show(console, diagnosis)
    return 0 if diagnosis.is_well else 1


def _show(console: Console, diagnosis: Diagnosis) -> None:
    for check in diagnosis.checks:
        state = console.style(_STYLES[check.state], f"{check.state:<5}", sys.stdout)
        console.data(f"{state} {check.name:<9} {check.message}")
        if check.fix and check.state != "ok":
            console.data(f"{'':<16}{check.fix}")
    sure = [mended for mended in diagnosis.phantoms if mended.line]
    if sure:
        console.data('\n  "packageExtensions": {')
        for at, mended in enumerate(sure):
            console.data(f"    {mended.line}{',' if at + 1 < len(sure) else ''}")
        console.data("  }")
    weak = [mended.phantom for mended in diagnosis.phantoms if not mended.line]
    if weak:
        console.status(f"\nperhaps never reached, and not declared ({len(weak)}):")
        for phantom in weak:
            console.status(f"  {phantom.package} names {phantom.missing} ({phantom.where})")


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    checks = [
        {"name": c.name, "state": c.state, "message": c.message, "fix": c.fix}
        for c in diagnosis.checks
    ]
    return {
        "well": diagnosis.is_well,
        "checks": checks,
        "phantoms": list(map(_phantom, diagnosis.phantoms)),
    }


def _phantom(mended: Mended) -> dict[str, Any]:
    phantom = mended.phantom
    return {
        "package": phantom.package,
        "missing": phantom.missing,
        "where": phantom.where,
        "sure": phantom.sure,
        "packageExtension": mended.line,
    }
