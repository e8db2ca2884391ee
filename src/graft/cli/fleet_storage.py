"""``graft fleet storage``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser
from graft.cli.words import count, size

if TYPE_CHECKING:
    from graft.fleet.client import FleetClient

_EXAMPLES = """\
  graft fleet storage                 where archives are written to, and what else there is
  graft fleet storage use new         write to another store from now on, moving nothing
  graft fleet storage migrate new     copy all there, see that it is whole, and write there
  graft fleet storage cancel          stop that; what is written to stays what it was
  graft fleet storage scrub           read every archive, and mend what is damaged"""
_LOOK_SECONDS = 0.5


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(
        command, examples=_EXAMPLES, usage="[flags] [show|use|migrate|cancel|scrub] [<store>]"
    )
    parser.add_argument(
        "action",
        nargs="?",
        default="show",
        choices=("show", "use", "migrate", "cancel", "scrub"),
        metavar="action",
    )
    parser.add_argument("store", nargs="?", default="", help="the id of a store of the server's")
    parser.add_argument_group("migrating").add_argument(
        "--no-wait", action="store_true", help="return when it has begun"
    )
    server_flags(parser)
    said = parser.parse(arguments)
    if (said.action in ("use", "migrate")) != bool(said.store):
        parser.error("use and migrate need the id of a store, and nothing else has one")
    with fleet_client(said, console) as client:
        answer = _ask(client, console, said.action, said.store, wait=not said.no_wait)
    if console.json:
        console.document(answer)
    elif said.action == "scrub":
        _show_scrub(console, answer["report"])
    else:
        _show(console, answer)
    if said.action == "scrub":
        return 1 if any(each["what"] != "repaired" for each in answer["report"]["findings"]) else 0
    return 1 if said.action == "migrate" and answer["status"] == "error" else 0


def _ask(
    client: FleetClient, console: Console, action: str, store: str, *, wait: bool
) -> dict[str, Any]:
    if action == "use":
        return client.ask("PUT", "/v1/storage", {"active": store})
    if action == "cancel":
        return client.ask("POST", "/v1/storage/cancel")
    if action == "scrub":
        return client.ask("POST", "/v1/storage/scrub")
    if action == "show":
        return client.ask("GET", "/v1/storage")
    answer = client.ask("POST", "/v1/storage/migrate", {"target": store})
    while wait and answer["status"] == "migrating":
        console.status(f"{answer['moved']} of {answer['total']} moved")
        time.sleep(_LOOK_SECONDS)
        answer = client.ask("GET", "/v1/storage")
    return answer


def _show_scrub(console: Console, report: dict[str, Any]) -> None:
    for each in report["findings"]:
        why = f": {each['why']['message']}" if each["why"] else ""
        console.data(f"{each['what']:<9} {each['package']} in {each['store']}{why}")
    checked = count(report["checked"], "archive")
    console.status(
        f"{checked} read, {size(report['checked_bytes'])}, {len(report['findings'])} were not good"
    )


def _show(console: Console, said: dict[str, Any]) -> None:
    for store in said["stores"]:
        console.data(f"{store}{'  is written to' if store == said['active'] else ''}")
    if said["status"] != "idle":
        error = f": {said['error']}" if said["error"] else ""
        console.status(
            f"migration to {said['target']}: {said['status']}, "
            f"{said['moved']} of {said['total']} moved{error}"
        )
