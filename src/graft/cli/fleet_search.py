"""``graft fleet search``."""

from __future__ import annotations

import sys
from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.words import one_line

_EXAMPLES = """\
  graft fleet search scripts date format    in the registry of the set
  graft fleet search scripts @acme/         in that of a scope"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> <word>...")
    parser.add_argument("set", help="the package set")
    parser.add_argument("words", nargs="+", help="words of name, description and keywords")
    server_flags(parser)
    said = parser.parse(arguments)
    path = f"/v1/sets/{quote(said.set, safe='')}/search"
    with fleet_client(said, console) as client:
        answer = client.ask("GET", path, query={"text": " ".join(said.words)})
    if console.json:
        console.document(answer)
        return 0
    for each in answer["packages"]:
        name = console.style("bold", one_line(each["name"]), sys.stdout)
        console.data(f"{name}@{one_line(each['version'])}")
        if each["description"]:
            console.data(f"  {one_line(each['description'])}")
    return 0
