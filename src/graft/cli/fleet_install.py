"""``graft fleet install``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
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
    server_flags(parser)
    said = parser.parse(arguments)
    path = f"/v1/sets/{quote(said.set, safe='')}/install"
    with fleet_client(said, console) as client:
        query = {} if said.no_wait else {"wait": "1"}
        asked = {"dry_run": said.dry_run, "update": said.update}
        answer = client.ask("POST", path, asked, query=query)
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
    verb = "would be" if report["dry_run"] else "is"
    packages = count(report["packages"], "package")
    sizes = f", {size(report['size'])} packed" if report["size"] >= 0 else ""
    console.status(f"{answer['set']} {verb} {report['hash']}: {packages}{sizes}")
    if report["put"]:
        verb = "would be" if report["dry_run"] else "were"
        console.status(f"{count(report['put'], 'archive')} {verb} put into the blob store")
