"""``graft fleet set``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.table import show_table
from graft.cli.words import day

_EXAMPLES = """\
  graft fleet set create scripts    a package set with nothing in it
  graft fleet set list              all of them, and what they are
  graft fleet set delete scripts    with its history; hosts keep what they have"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] create|list|delete [<set>]")
    parser.add_argument("action", choices=("create", "list", "delete"), metavar="action")
    parser.add_argument("set", nargs="?", default="", help="the name of a package set")
    server_flags(parser)
    said = parser.parse(arguments)
    if (said.action == "list") == bool(said.set):
        parser.error("create and delete need the name of a set, and list has none")
    with fleet_client(said, console) as client:
        if said.action == "list":
            answer = client.ask("GET", "/v1/sets")
        elif said.action == "create":
            answer = client.ask("POST", "/v1/sets", {"name": said.set})
        else:
            answer = client.ask("DELETE", f"/v1/sets/{quote(said.set, safe='')}")
    if console.json:
        console.document(answer)
    elif said.action == "list":
        rows = [
            (
                each["set"],
                each["status"],
                each["hash"][:12],
                day(each["changed_at"] // 1000) if each["changed_at"] else "",
            )
            for each in answer["sets"]
        ]
        show_table(console, ("set", "status", "release", "since"), rows)
    elif said.action == "create":
        console.status(f"created {said.set}")
    else:
        console.status(f"deleted {said.set}" if answer["removed"] else f"there was no {said.set}")
    return 0
