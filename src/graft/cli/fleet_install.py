"""``graft fleet install``."""

from __future__ import annotations

from typing import Any
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
from graft.cli.parser import Parser
from graft.cli.words import count, size

_EXAMPLES = """\
  graft fleet install scripts              resolve what is pinned, and publish it
  graft fleet install scripts --update     and take what is newest below the pins
  graft fleet install scripts --dry-run    what that would change
  graft fleet install scripts --no-wait    and do not wait for it"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set>")
    parser.add_argument("set", help="the package set")
    flags = parser.add_argument_group("installing")
    flags.add_argument(
        "--update", action="store_true", help="choose the versions below the pins anew"
    )
    flags.add_argument("--dry-run", action="store_true", help="say what would change")
    flags.add_argument("--no-wait", action="store_true", help="return when it has begun")
    wait_flag(flags)
    server_flags(parser)
    said = parser.parse(alone(arguments))
    seconds = wait_seconds(parser, said)
    path = f"/v1/sets/{quote(said.set, safe='')}/install"
    with fleet_client(said, console) as client:
        query = {} if said.no_wait else {"wait": "1"}
        asked = {"dry_run": said.dry_run, "update": said.update, "wait_seconds": seconds}
        answer = operate(client, path, asked, query)
    if console.json:
        console.document(answer)
    else:
        show_release(console, answer)
    return 0


def show_release(console: Console, answer: dict[str, Any]) -> None:
    """What an operation on a set's release came to."""
    if not answer["done"]:
        console.status(f"{answer['operation']} has begun: 'graft fleet state {answer['set']}'")
        return
    report = answer["report"]
    for each in report["changes"]:
        versions = " -> ".join(filter(None, (each.get("from"), each.get("to"))))
        console.data(f"{each['change']:<10}  {each['name']} {versions}".rstrip())
    for note in report["notes"]:
        console.status(f"note {note['code']}: {note['message']}")
    if report["hash"] == report["previous"]:
        console.status(f"{answer['set']} is {report['hash']} already")
        return
    packages, sizes = count(report["packages"], "package"), size(report["size"])
    put = count(report["put"], "archive")
    if report["dry_run"]:
        # How large what is not there yet will be, registries say of what is in it, if at all.
        known = f", {sizes} packed" if not report["put"] else ""
        console.status(f"{answer['set']} would be {report['hash']}: {packages}{known}")
        if report["put"]:
            unpacked, unknown = report["put_unpacked"], report["put_unknown"]
            told = f"{size(unpacked)} unpacked" if unpacked else ""
            rest = f"{unknown} of a size that nobody says" if unknown and unpacked else ""
            about = ", ".join(filter(None, (told, rest)))
            console.status(
                f"{put}{f' ({about})' if about else ''} would be put into the blob store, "
                f"beside {sizes} that are there"
            )
        return
    console.status(f"{answer['set']} is {report['hash']}: {packages}, {sizes} packed")
    if report["put"]:
        verb = "was" if report["put"] == 1 else "were"
        console.status(f"{put} {verb} put into the blob store")
