"""``graft fleet pin`` and ``graft fleet unpin``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.fleet_releases import whole_hash
from graft.cli.parser import Parser


def run(command: Command, arguments: list[str], console: Console) -> int:
    verb = command.name.split()[1]
    parser = Parser(
        command, examples=f"  graft fleet {verb} scripts 8c2f0e", usage="[flags] <set> <hash>"
    )
    parser.add_argument("set", help="the package set")
    parser.add_argument("hash", help="a release of its history, or how it begins")
    server_flags(parser)
    said = parser.parse(arguments)
    with fleet_client(said, console) as client:
        hash = whole_hash(client, said.set, said.hash)
        path = f"/v1/sets/{quote(said.set, safe='')}/releases/{quote(hash, safe='')}/pin"
        answer = client.ask("PUT" if verb == "pin" else "DELETE", path)
    if console.json:
        console.document(answer)
    else:
        console.status(f"{hash[:12]} is {'kept' if verb == 'pin' else 'not kept any more'}")
    return 0
