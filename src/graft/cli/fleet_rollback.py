"""``graft fleet rollback``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import alone, fleet_client, server_flags, wait_flag, wait_seconds
from graft.cli.fleet_install import show_release
from graft.cli.fleet_releases import whole_hash
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft fleet rollback scripts                to the release before this one
  graft fleet rollback scripts 8c2f0e…        to one that 'graft fleet history' shows
  graft fleet rollback scripts --dry-run      what that would change"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set> [<hash>]")
    parser.add_argument("set", help="the package set")
    parser.add_argument("hash", nargs="?", default="", help="a release that is retained")
    flags = parser.add_argument_group("going back")
    flags.add_argument("--dry-run", action="store_true", help="say what would change")
    wait_flag(flags)
    server_flags(parser)
    said = parser.parse(alone(arguments))
    asked = {"dry_run": said.dry_run, "wait_seconds": wait_seconds(parser, said)}
    path = f"/v1/sets/{quote(said.set, safe='')}"
    with fleet_client(said, console) as client:
        asked["hash"] = whole_hash(client, said.set, said.hash)
        answer = client.ask("POST", f"{path}/rollback", asked)
    if console.json:
        console.document(answer)
    else:
        show_release(console, answer)
    return 0
