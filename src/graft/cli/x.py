"""``graft x``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.tail import carry_out, place_of, split_tail

if TYPE_CHECKING:
    from graft.workflows.one_off import Fetched

_EXAMPLES = """\
  graft x cowsay hello              the project's own cowsay, else the latest
  graft x cowsay@1.5 hello          that version
  graft x -p typescript tsc -v      a command that has another name than its package"""
_PACKAGE = ("-p", "--package")


def run(command: Command, arguments: list[str], console: Console) -> int:
    own, words = split_tail(arguments, with_value=(*_PACKAGE, "--registry"))
    console.json = "--json" in own
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package> [argument]...")
    group = parser.add_argument_group("running")
    group.add_argument(
        *_PACKAGE,
        action="append",
        default=[],
        metavar="PACKAGE",
        help="fetch this package, and run the command that follows; may be given again",
    )
    group.add_argument(
        "--yes", "-y", action="store_true", help="accepted for npm's sake: graft asks nothing"
    )
    source_flags(group, prefer_offline="use what is there however old it is")
    said = parser.parse(own)
    if not words:
        parser.error("which command?" if said.package else "which package?")
    console.quiet = said.silent
    from graft.workflows.execute import tool_jobs
    from graft.workflows.one_off import command_of, fetch_tools, installed_command
    from graft.workflows.wishes import read_wish

    place = place_of(said)
    wishes = [read_wish(text) for text in said.package or words[:1]]
    if not said.package and (own_command := installed_command(place, wishes[0])):
        return carry_out(console, place, tool_jobs(place, [own_command, *words[1:]]))

    import time

    from graft.cli.session import session

    with session(said, console, source_settings(said)) as context:
        registry = said.registry or ""
        fetched = fetch_tools(context, place, wishes, registry=registry, now=time.time())
    _tell(console, fetched)
    first = words[0] if said.package else command_of(fetched.graph, wishes[0])
    return carry_out(console, place, tool_jobs(place, [first, *words[1:]], bins=(fetched.bins,)))


def _tell(console: Console, fetched: Fetched) -> None:
    """What was fetched, on stderr: stdout is the tool's."""
    report = fetched.report
    if report is None or not report.fetched:
        return
    from graft.cli.words import summary

    for note in report.notes:
        console.note(note)
    got = ", ".join(f"{name} {version}" for name, version in report.direct.items())
    said = summary(
        packages=report.packages,
        fetched=report.fetched,
        fetched_bytes=report.fetched_bytes,
        slots=report.slots,
        milliseconds=report.milliseconds.get("total", 0),
    )
    console.status(f"{got}: {said}")
