"""The fleet's server that a command speaks to."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graft.base.diagnostics import GraftError
from graft.cli.console import Console
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.fleet.client import FleetClient

# An install answers when it is done.
_PATIENCE = 3600.0


def server_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the server")
    group.add_argument("--server", metavar="URL", help="in place of GRAFT_FLEET_SERVER")
    group.add_argument(
        "--token-file", metavar="FILE", help="where the token is, in place of GRAFT_FLEET_TOKEN"
    )


def server_of(said: argparse.Namespace) -> str:
    server = said.server or os.environ.get("GRAFT_FLEET_SERVER", "")
    if not server:
        raise GraftError(
            "usage",
            "say which server it is about",
            where=said.command,
            fix="give --server URL, or set GRAFT_FLEET_SERVER",
        )
    return str(server)


def token_of(said: argparse.Namespace) -> str:
    """Never a flag's own value: others can read command lines."""
    if not said.token_file:
        return os.environ.get("GRAFT_FLEET_TOKEN", "")
    try:
        with open(said.token_file, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError) as error:
        raise GraftError(
            "usage",
            "the file of the token cannot be read",
            where=said.token_file,
            why=[str(error)],
            fix="name a file that holds the token and nothing else",
        ) from None


@contextmanager
def fleet_client(said: argparse.Namespace, console: Console) -> Iterator[FleetClient]:
    """Nothing that it asks is asked a second time by itself."""
    from graft.base.http_client import HttpClient
    from graft.base.records import replace
    from graft.base.retry import RetryPolicy
    from graft.fleet.client import FleetClient

    server, token = server_of(said), token_of(said)
    with session(said, console) as context:
        http = context.settings.http
        settings = replace(http, retry=RetryPolicy(retries=0), idle_timeout=_PATIENCE)
        with HttpClient(settings) as client:
            yield FleetClient(server, token, client)
