"""``graft fleet remove``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.model.names import canonical_name

_EXAMPLES = """\
  graft fleet remove scripts lodash @acme/tool"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> <package>...")
    parser.add_argument("set", help="the package set")
    parser.add_argument("packages", nargs="+", help="names that scripts import them by")
    server_flags(parser)
    said = parser.parse(arguments)
    removed = {}
    with fleet_client(said, console) as client:
        for name in map(canonical_name, said.packages):
            path = f"/v1/sets/{quote(said.set, safe='')}/packages/{quote(name)}"
            removed[name] = client.ask("DELETE", path)["removed"]
            console.status(
                f"{name} is no more in {said.set}" if removed[name] else f"{name} was not there"
            )
    if console.json:
        console.document({"removed": removed})
    return 0
