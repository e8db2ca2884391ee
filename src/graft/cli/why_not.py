"""``graft why-not``."""

from __future__ import annotations

import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.words import enumeration, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.reasons import WhyNot

_EXAMPLES = """\
  graft why-not react@18          what keeps the newest 18 away, and what brings it
  graft why-not react@18.3.1      a certain version
  graft why-not react             the one that is tagged latest
  graft why-not react@next --json the same for a program"""
_EXIT_FORBIDDEN = 1
_SHOWN = 20


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>[@<version>]")
    parser.add_argument("package", help="name, name@version, name@range, name@tag")
    group = parser.add_argument_group("looking")
    source_flags(group, prefer_offline="use cached metadata however old it is")
    said = parser.parse(arguments)
    from graft.workflows.why_not import why_not
    from graft.workflows.wishes import read_wish

    wish = read_wish(said.package)
    with session(said, console, source_settings(said)) as context:
        found = why_not(context, wish)
    if console.json:
        console.document(
            {
                "name": found.name,
                "version": found.version,
                "here": list(found.here),
                "forbidden": found.is_forbidden,
                "reasons": [reason.as_json() for reason in found.reasons],
                "edits": list(found.edits),
                "without": list(found.without),
            }
        )
    else:
        _print(console, found, said.package)
    return _EXIT_FORBIDDEN if found.is_forbidden else 0


def _print(console: Console, found: WhyNot, typed: str) -> None:
    title = f"{found.name}@{found.version}" if found.version else typed
    has = f"the lock has {enumeration(found.here)}" if found.here else "the lock has none"
    console.data(f"{console.style('bold', title, sys.stdout)}: {has}")
    width = max((len(reason.code) for reason in found.reasons[:_SHOWN]), default=0)
    for reason in found.reasons[:_SHOWN]:
        style = "red" if reason.forbids else "dim"
        code = console.style(style, f"{reason.code:<{width}}", sys.stdout)
        first, *more = reason.text
        console.data(f"  {code}  {one_line(first)}")
        for text in (*more, " > ".join(reason.path)):
            if text:
                console.data(f"  {'':<{width}}  {one_line(text)}")
    if found.reasons[_SHOWN:]:
        console.data(f"  and {len(found.reasons) - _SHOWN} more; --json has all")
    for edit in found.edits:
        console.data(f"{console.style('green', 'do', sys.stdout)}  {edit}")
    if found.without:
        console.data(f"graft found nothing that brings it to {enumeration(found.without)}")
