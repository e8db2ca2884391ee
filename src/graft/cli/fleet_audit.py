"""``graft fleet audit``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.audited import FOUND, is_at_least, level_flag, show_audit
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.fleet_releases import whole_hash
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft fleet audit scripts                       known weaknesses of what hosts are to have
  graft fleet audit scripts 8c2f0e…               of a release that 'graft fleet history' shows
  graft fleet audit scripts --audit-level high    milder ones are shown, and end with 0"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> [<hash>]")
    parser.add_argument("set", help="the package set")
    parser.add_argument("hash", nargs="?", default="", help="a release of its history")
    level_flag(parser)
    server_flags(parser)
    said = parser.parse(arguments)
    with fleet_client(said, console) as client:
        hash = whole_hash(client, said.set, said.hash)
        path = f"/v1/sets/{quote(said.set, safe='')}/audit"
        answer = client.ask("GET", path, query={"hash": hash} if hash else {})
    from graft.fleet.client import read_error

    if console.json:
        console.document(answer)
    else:
        show_audit(console, answer)
    worst = 0
    for silent in answer["unaudited"]:
        told = read_error(silent["error"], silent["registry"])
        worst = told.diagnostic.exit_code if told else FOUND
        if told and not console.json:
            console.failure(told.diagnostic)
    return FOUND if is_at_least(answer, said.audit_level) else worst
