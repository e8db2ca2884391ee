"""``graft fleet state``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.words import day

_EXAMPLES = """\
  graft fleet state scripts    what its hosts are to have, and how the last try went"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set>")
    parser.add_argument("set", help="the package set")
    server_flags(parser)
    said = parser.parse(arguments)
    path = f"/v1/sets/{quote(said.set, safe='')}"
    with fleet_client(said, console) as client:
        state = client.ask("GET", f"{path}/state")
        packages = client.ask("GET", f"{path}/packages")["packages"]
    if console.json:
        console.document({**state, "packages": packages})
        return 0
    since = f"  since {day(state['changed_at'] // 1000)}" if state["changed_at"] else ""
    console.data(f"release  {state['hash'] or 'none yet'}{since}")
    error = f": {state['error']}" if state["error"] else ""
    console.data(f"status   {state['status']}{error}")
    for each in packages:
        disabled = "" if each["enabled"] else "  disabled"
        console.data(f"  {each['local']}@{each['specifier']}{disabled}")
    return 0
