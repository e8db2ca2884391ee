"""``graft fleet serve``."""

from __future__ import annotations

import argparse
import os
import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

DATA = "graft-fleet"
_EXAMPLES = """\
  graft fleet serve                             state and archives in ./graft-fleet
  graft fleet serve --data /var/lib/fleet --listen 0.0.0.0:8080
  graft fleet serve --state postgresql://fleet@db/fleet --blobs 's3://bucket/fleet?region=eu-1'
  graft fleet serve --blobs old=/srv/blobs --blobs new=s3://bucket/fleet    to move archives"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    flags = parser.add_argument_group("serving")
    data_flags(flags)
    flags.add_argument(
        "--blobs",
        metavar="[ID=]PLACE",
        action="append",
        default=[],
        help="a folder or URL for archives; the first is written to",
    )
    flags.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:8080", help="port 0 is a free one"
    )
    flags.add_argument(
        "--presigned",
        action="store_true",
        help="let hosts read archives from the blob store itself, by URLs that end soon",
    )
    said = parser.parse(arguments)
    from graft.workflows.fleet_serve import Serving, serve

    serving = Serving(
        data=said.data,
        state=said.state,
        blobs=tuple(said.blobs),
        listen=said.listen,
        presigned=said.presigned,
        key=os.environ.get("GRAFT_FLEET_KEY", ""),
        environment=os.environ,
    )

    def started(url: str) -> None:
        if console.json:
            console.document({"url": url, "data": os.path.abspath(said.data)})
            sys.stdout.flush()
        console.status(f"listening at {url}")

    with session(said, console) as context:
        serve(context, serving, started)
    return 0


def data_flags(group: argparse._ActionsContainer) -> None:
    """Where the state is, for whoever works on it directly."""
    group.add_argument("--data", metavar="DIR", default=DATA, help=f"the server's folder; {DATA}")
    group.add_argument(
        "--state",
        metavar="URL",
        default=os.environ.get("GRAFT_FLEET_STATE", ""),
        help="postgresql://… or a file, in place of GRAFT_FLEET_STATE and of DIR/fleet.db",
    )
