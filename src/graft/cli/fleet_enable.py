"""``graft fleet enable`` and ``graft fleet disable``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.model.names import canonical_name


def run(command: Command, arguments: list[str], console: Console) -> int:
    verb = command.name.split()[1]
    parser = Parser(
        command,
        examples=f"  graft fleet {verb} scripts lodash",
        usage="[flags] <set> <package>...",
    )
    parser.add_argument("set", help="the package set")
    parser.add_argument("packages", nargs="+", help="names that scripts import them by")
    server_flags(parser)
    said = parser.parse(arguments)
    answers = []
    with fleet_client(said, console) as client:
        for name in map(canonical_name, said.packages):
            path = f"/v1/sets/{quote(said.set, safe='')}/packages/{quote(name)}"
            answers.append(client.ask("PUT", path, {"enabled": verb == "enable"}))
            console.status(f"{name} is {verb}d in {said.set}")
    if console.json:
        console.document({"packages": answers})
    return 0
