"""The fleet's server that a command speaks to."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import GraftError
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

if TYPE_CHECKING:
    from graft.fleet.client import FleetClient

# An install answers when it is done.
_PATIENCE = 3600.0
# Who says no more than --wait.
_WAIT = "10m"
# A connection that ended after that had been one; then the server is asked again, for as long.
_BEGUN_SECONDS = 1.0
_AGAIN_SECONDS = 30.0


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


def wait_flag(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--wait",
        metavar="TIME",
        nargs="?",
        const=_WAIT,
        help=f"for who is at work there, and not be refused (without a time: {_WAIT})",
    )


def alone(arguments: list[str]) -> list[str]:
    """With a ``--wait`` that does not take the word after it for its time."""
    return [f"--wait={_WAIT}" if each == "--wait" else each for each in arguments]


def wait_seconds(parser: Parser, said: argparse.Namespace) -> int:
    from graft.base.amounts import seconds

    try:
        return seconds(said.wait) if said.wait is not None else 0
    except ValueError:
        parser.error(f"--wait '{said.wait}' is not a time like 30s or 5m")


def operate(
    client: FleetClient, path: str, asked: Mapping[str, Any], query: Mapping[str, str] = {}
) -> dict[str, Any]:
    """What came of an operation that may be asked for twice: where the connection ends meanwhile,
    it is asked for again by its name, and the server says what became of it."""
    named = {**asked, "id": os.urandom(16).hex()}
    began = time.monotonic()
    until = 0.0
    while True:
        try:
            return client.ask("POST", path, named, query=query)
        except GraftError as error:
            now = time.monotonic()
            if error.diagnostic.code != "fleet-unreachable" or now - began < _BEGUN_SECONDS:
                raise
            until = until or now + _AGAIN_SECONDS
            if now >= until:
                raise
            time.sleep(_BEGUN_SECONDS)
