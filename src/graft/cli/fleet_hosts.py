"""``graft fleet hosts``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.table import show_table
from graft.cli.words import count, day, duration, size

_EXAMPLES = """\
  graft fleet hosts            what every host has, and how far behind it is
  graft fleet hosts scripts    of one package set"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [<set>]")
    parser.add_argument("set", nargs="?", default="", help="a package set")
    server_flags(parser)
    said = parser.parse(arguments)
    with fleet_client(said, console) as client:
        query = {"set": said.set} if said.set else {}
        answer = client.ask("GET", "/v1/hosts", query=query)
    if console.json:
        console.document(answer)
        return 0
    rows = [
        (
            each["host"],
            each["set"],
            each["status"],
            each["hash"][:12] or "none",
            duration(each["lag"]) if each["lag"] else "",
            size(each["pulled_bytes"]),
            day(each["reported_at"] // 1000),
            each["error"],
        )
        for each in answer["hosts"]
    ]
    if rows:
        headings = ("host", "set", "status", "release", "behind", "pulled", "said", "error")
        show_table(console, headings, rows)
    behind = sum(each["hash"] != each["desired"] for each in answer["hosts"])
    console.status(f"{count(len(rows), 'host')}, {behind} behind")
    return 0
