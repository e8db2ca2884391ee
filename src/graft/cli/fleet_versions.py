"""``graft fleet versions``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.words import one_line
from graft.model.names import canonical_name

_EXAMPLES = """\
  graft fleet versions scripts lodash    what could be pinned, newest first"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> <package>")
    parser.add_argument("set", help="the package set")
    parser.add_argument("package", help="its name on the registry")
    server_flags(parser)
    said = parser.parse(arguments)
    name = quote(canonical_name(said.package))
    with fleet_client(said, console) as client:
        answer = client.ask("GET", f"/v1/sets/{quote(said.set, safe='')}/versions/{name}")
    if console.json:
        console.document(answer)
        return 0
    tags: dict[str, list[str]] = {}
    for tag, version in answer["tags"].items():
        tags.setdefault(version, []).append(tag)
    for version in answer["versions"]:
        named = f"  {', '.join(sorted(tags[version]))}" if version in tags else ""
        console.data(one_line(f"{version}{named}"))
    return 0
