"""``graft fleet dev``."""

from __future__ import annotations

import os
import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.fleet_dev import Dev

_EXAMPLES = """\
  graft fleet dev                       a server and two hosts in ./graft-fleet-dev, until Ctrl-C
  graft fleet dev --hosts 3 --set reports --data DIR"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    group = parser.add_argument_group("a fleet on this machine")
    group.add_argument("--data", metavar="DIR", default="graft-fleet-dev", help="where it lies")
    group.add_argument("--set", metavar="SET", default="demo", help="its package set; 'demo'")
    group.add_argument("--hosts", metavar="N", type=int, default=2, help="how many; 2")
    group.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="port 0 is a free one"
    )
    group.add_argument(
        "--period", metavar="S", type=int, default=60, help="of the hosts' looks; 60"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    if said.hosts < 0 or said.period < 1:
        parser.error("--hosts is 0 or more, --period 1 or more")
    from graft.base.foreground import end_like
    from graft.workflows.fleet_dev import DevWishes, run_fleet

    wishes = DevWishes(
        folder=os.path.normpath(os.path.join(os.path.abspath(said.dir), said.data)),
        set=said.set,
        hosts=said.hosts,
        listen=said.listen,
        period=said.period,
        environ=os.environ,
    )

    def ready(dev: Dev) -> None:
        if console.json:
            hosts = [{"name": each.name, "root": each.root} for each in dev.hosts]
            document = {"url": dev.url, "set": dev.set, "token": dev.token, "hosts": hosts}
            console.document(document)
            sys.stdout.flush()
        else:
            _say(console, dev)

    received = run_fleet(
        wishes, ready, lambda part, text: console.status(f"{console.style('dim', part)} {text}")
    )
    # Ctrl-C is how it ends.
    import signal

    return 0 if received in (0, signal.SIGINT) else end_like(-received)


def _say(console: Console, dev: Dev) -> None:
    root = os.path.relpath(dev.hosts[0].root) if dev.hosts else "DIR"
    console.status(
        f"""
a server at {dev.url}, with {len(dev.hosts)} hosts. In another terminal:

  export GRAFT_FLEET_SERVER={dev.url} GRAFT_FLEET_TOKEN={dev.token}
  graft fleet add {dev.set} lodash@4.17.20
  graft fleet install {dev.set}
  graft fleet hosts
  graft fleet run {dev.set} --root {root} -- node -p 'require("lodash").VERSION'

then another version of it, and 'graft fleet rollback {dev.set}'. Ctrl-C ends all of it.
"""
    )
