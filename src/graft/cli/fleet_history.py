"""``graft fleet history``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.table import show_table
from graft.cli.words import day, size

_EXAMPLES = """\
  graft fleet history scripts    releases, newest first, and which of them are kept"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set>")
    parser.add_argument("set", help="the package set")
    server_flags(parser)
    said = parser.parse(arguments)
    with fleet_client(said, console) as client:
        answer = client.ask("GET", f"/v1/sets/{quote(said.set, safe='')}/history")
    if console.json:
        console.document(answer)
        return 0
    rows = [
        (
            each["hash"][:12],
            day(each["published_at"] // 1000),
            each["by"],
            str(each["packages"]),
            size(max(0, each["size"])),
            ", ".join(word for word in ("current", "pinned", "retained") if each[word]),
        )
        for each in answer["releases"]
    ]
    if rows:
        show_table(console, ("release", "published", "by", "packages", "size", ""), rows)
    else:
        console.status(f"nothing was ever published of {said.set}")
    return 0
