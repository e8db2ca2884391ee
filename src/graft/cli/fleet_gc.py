"""``graft fleet gc``."""

from __future__ import annotations

from typing import Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import (
    alone,
    fleet_client,
    operate,
    server_flags,
    wait_flag,
    wait_seconds,
)
from graft.cli.parser import Parser
from graft.cli.words import count, size

_EXAMPLES = """\
  graft fleet gc                    remove archives that no retained release has needed for a day
  graft fleet gc --dry-run          which these are, and how large
  graft fleet gc --older-than 0     all that is not needed now"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    flags = parser.add_argument_group("collecting")
    flags.add_argument("--dry-run", action="store_true", help="say what would go")
    flags.add_argument("--older-than", metavar="TIME", help="in place of a day: 12h, or 0 for all")
    wait_flag(flags)
    server_flags(parser)
    said = parser.parse(alone(arguments))
    asked: dict[str, Any] = {"dry_run": said.dry_run}
    asked["wait_seconds"] = wait_seconds(parser, said)
    if said.older_than is not None:
        asked["grace"] = _milliseconds(parser, said.older_than)
    with fleet_client(said, console) as client:
        answer = operate(client, "/v1/gc", asked)
    if console.json:
        console.document(answer)
    else:
        _show(console, answer["report"])
    return 0


def _show(console: Console, report: dict[str, Any]) -> None:
    for each in (*report["removed"], *report["copies"]):
        where = ", ".join(each["stores"])
        console.data(f"{size(each['size']):>10}  {each['package'] or each['integrity']}  {where}")
    for failure in report["failures"]:
        console.status(f"note {failure['code']}: {failure['message']}")
    verb = "would remove" if report["dry_run"] else "removed"
    archives = count(len(report["removed"]), "archive")
    console.status(f"{verb} {archives}, {size(report['freed_bytes'])}")
    if report["waiting"]:
        waiting = count(report["waiting"], "more is", "more are")
        console.status(
            f"{waiting} not needed, and kept for a while: {size(report['waiting_bytes'])}"
        )


def _milliseconds(parser: Parser, text: str) -> int:
    from graft.base.amounts import seconds

    try:
        return seconds(text) * 1000
    except ValueError:
        parser.error(f"--older-than '{text}' is not a time like 7d or 12h")
