"""``graft fleet publish``."""

from __future__ import annotations

from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import (
    alone,
    fleet_client,
    operate,
    server_flags,
    wait_flag,
    wait_seconds,
)
from graft.cli.fleet_install import show_release
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft fleet publish scripts              what the lock here says is what hosts are to have
  graft fleet publish scripts --dry-run    what that would change
  graft fleet publish scripts --no-wait    and do not wait for it"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set>")
    parser.add_argument("set", help="the package set")
    flags = parser.add_argument_group("publishing")
    flags.add_argument("--dry-run", action="store_true", help="say what would change")
    flags.add_argument("--no-wait", action="store_true", help="return when it has begun")
    wait_flag(flags)
    server_flags(parser)
    said = parser.parse(alone(arguments))
    seconds = wait_seconds(parser, said)
    from graft.workflows.fleet_publish import publishable_lock

    with session(said, console) as context:
        lock = publishable_lock(context)
    path = f"/v1/sets/{quote(said.set, safe='')}/publish"
    with fleet_client(said, console) as client:
        query = {} if said.no_wait else {"wait": "1"}
        asked = {"lock": lock.decode(), "dry_run": said.dry_run, "wait_seconds": seconds}
        answer = operate(client, path, asked, query)
    if console.json:
        console.document(answer)
    else:
        show_release(console, answer)
    return 0
