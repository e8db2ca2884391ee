"""``graft fleet set``."""

from __future__ import annotations

import sys
from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.table import show_table
from graft.cli.words import count, day

_EXAMPLES = """\
  graft fleet set create scripts    a package set with nothing in it
  graft fleet set list              all of them, and what they are
  graft fleet set delete scripts    with its history; hosts keep what they have
  graft fleet set delete scripts --dry-run    what would go
  graft fleet set delete scripts --yes        and ask nothing"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] create|list|delete [<set>]")
    parser.add_argument("action", choices=("create", "list", "delete"), metavar="action")
    parser.add_argument("set", nargs="?", default="", help="the name of a package set")
    flags = parser.add_argument_group("deleting")
    flags.add_argument("--dry-run", action="store_true", help="say what would go")
    flags.add_argument("--yes", "-y", action="store_true", help="do not ask for the name again")
    server_flags(parser)
    said = parser.parse(arguments)
    if (said.action == "list") == bool(said.set):
        parser.error("create and delete need the name of a set, and list has none")
    if said.action != "delete" and (said.dry_run or said.yes):
        parser.error("--dry-run and --yes are for delete")
    if said.action == "delete" and not (said.dry_run or said.yes):
        _ask_again(parser, said.set, console)
    with fleet_client(said, console) as client:
        if said.action == "list":
            answer = client.ask("GET", "/v1/sets")
        elif said.action == "create":
            answer = client.ask("POST", "/v1/sets", {"name": said.set})
        else:
            query = {"dry_run": "1"} if said.dry_run else {}
            answer = client.ask("DELETE", f"/v1/sets/{quote(said.set, safe='')}", query=query)
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
    elif answer["removed"]:
        verb = "would delete" if said.dry_run else "deleted"
        console.status(f"{verb} {said.set}, with {count(answer['releases'], 'release')}")
    else:
        console.status(f"there was no {said.set}")
    return 0


def _ask_again(parser: Parser, name: str, console: Console) -> None:
    """Nothing brings a history back."""
    if console.json or not sys.stdin.isatty():
        parser.error("what is deleted does not come back: say --yes, or see with --dry-run")
    print(f"write '{name}' again to delete it with its history: ", end="", file=sys.stderr)
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        parser.error("that is another name, and nothing was deleted")
