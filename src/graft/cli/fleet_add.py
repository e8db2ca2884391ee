"""``graft fleet add``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.model.names import canonical_name, split_spec

_EXAMPLES = """\
  graft fleet add scripts lodash@4.17.21 @acme/tool@1.2.0
  graft fleet add scripts old-lodash@npm:lodash@3.10.1    under another name"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> <package>@<version>...")
    parser.add_argument("set", help="the package set")
    parser.add_argument("packages", nargs="+", help="name@version, exactly")
    server_flags(parser)
    said = parser.parse(arguments)
    wanted = [split_spec(spec) for spec in said.packages]
    for (name, version), spec in zip(wanted, said.packages, strict=True):
        if not name or not version:
            parser.error(f"'{spec}' names no version: write name@1.2.3")
    answers = []
    with fleet_client(said, console) as client:
        for name, version in wanted:
            name = canonical_name(name)
            path = f"/v1/sets/{quote(said.set, safe='')}/packages/{quote(name)}"
            answers.append(client.ask("PUT", path, {"specifier": version}))
            console.status(f"{name}@{version} is in {said.set}")
    if console.json:
        console.document({"packages": answers})
    else:
        console.status(f"'graft fleet install {said.set}' publishes it")
    return 0
