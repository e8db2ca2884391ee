"""``graft search``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.words import count, one_line

if TYPE_CHECKING:
    from graft.sources.search import Found

_EXAMPLES = """\
  graft search react router            packages that answer both words
  graft search --limit 3 @babel parser  the best three
  graft search --json csv              for a program"""
_USUAL_LIMIT = 20


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <word>...")
    parser.add_argument("words", nargs="+", help="words of name, description and keywords")
    group = parser.add_argument_group("searching")
    group.add_argument(
        "--limit", type=int, default=_USUAL_LIMIT, metavar="N", help="show at most N; 20"
    )
    source_flags(group)
    said = parser.parse(arguments)
    from graft.sources.search import MOST
    from graft.workflows.search import search

    if not 1 <= said.limit <= MOST:
        parser.error(f"--limit is a number from 1 to {MOST}")
    with session(said, console, source_settings(said)) as context:
        found, total = search(context, " ".join(said.words), said.limit)
    if console.json:
        console.document({"total": total, "results": [_entry(entry) for entry in found]})
        return 0
    for entry in found:
        _print(console, entry)
    left = f", {total - len(found)} more" if total > len(found) else ""
    console.status(f"{count(len(found), 'package')}{left}")
    return 0


def _print(console: Console, entry: Found) -> None:
    console.data(f"{console.style('bold', entry.name, sys.stdout)}@{one_line(entry.version)}")
    if entry.description:
        console.data(f"  {one_line(entry.description)}")
    by = f" by {entry.publisher}" if entry.publisher else ""
    about = f"{entry.published[:10]}{by}  {', '.join(entry.keywords)}"
    console.data(console.style("dim", f"  {one_line(about)}".rstrip(), sys.stdout))


def _entry(entry: Found) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "description": entry.description,
        "published": entry.published,
        "publisher": entry.publisher,
        "keywords": list(entry.keywords),
        "links": dict(entry.links),
    }
