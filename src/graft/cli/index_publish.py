"""``graft index publish``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.tail import place_of
from graft.cli.words import count, size

if TYPE_CHECKING:
    from graft.workflows.index_edit import Kept
    from graft.workflows.index_publish import Published

_EXAMPLES = """\
  graft index publish --index ../index               put this package's version into an index
  graft index publish --index ../index --commit      and commit it there
  graft index publish --index ../index --dry-run     say what would be written
  graft index publish --url 'https://files.example.com/{namespace}/{name}-{version}.tgz'
                                                     the archive will be there, not in the index"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    group = parser.add_argument_group("publishing")
    index_flags(group, "the checkout of the index (without it: what [indices] has as a path)")
    group.add_argument(
        "--url",
        metavar="URL",
        default="",
        help="where the archive will be, with {namespace}, {name} and {version}; you put it there",
    )
    group.add_argument(
        "--pack-destination", metavar="DIR", help="with --url: the folder that it is written to"
    )
    group.add_argument("--allow-dirty", action="store_true", help="also what git has not committed")
    group.add_argument(
        "--ignore-scripts", action="store_true", help="leave out prepack, prepare and postpack"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.project.script_settings import read_script_settings
    from graft.workflows.index_publish import Wishes, publish

    place = place_of(said)
    settings = read_script_settings(place.folder, place.environ, place.home)
    wishes = Wishes(
        index=os.path.normpath(os.path.join(place.folder, said.index)) if said.index else "",
        url=said.url,
        destination=os.path.normpath(os.path.join(place.folder, said.pack_destination or "")),
        allow_dirty=said.allow_dirty,
        has_scripts=settings.has_hooks and not said.ignore_scripts,
        dry_run=said.dry_run,
        commit=said.commit,
    )
    done = publish(place, wishes, console.status)
    if console.json:
        console.document(_document(done, dry_run=said.dry_run))
        return 0
    for path, amount in done.files:
        console.status(f"  {size(amount):>9}  {path}")
    console.status(f"{count(len(done.files), 'file')}, {size(done.size)}, {done.integrity}")
    show_kept(console, done.index, done.kept, dry_run=said.dry_run)
    if done.url not in done.kept.files and not said.dry_run:
        console.status(f"to do: put {done.archive} where {done.url} is")
    console.data(f"{done.package}@{done.version}")
    return 0


def index_flags(group: Any, index: str, *, default: str | None = None) -> None:
    """Those of commands that write to an index."""
    group.add_argument("--index", metavar="DIR", default=default, help=index)
    group.add_argument("--commit", action="store_true", help="commit it, too")
    group.add_argument("--dry-run", action="store_true", help="write nothing")


def show_kept(console: Console, index: str, kept: Kept, *, dry_run: bool) -> None:
    for path in kept.files:
        verb = "would write" if dry_run else "committed" if kept.committed else "wrote"
        console.status(f"{verb} {os.path.join(index, path)}")
    if not dry_run:
        for line in kept.commands:
            console.status(f"to do: {line}")


def kept_document(kept: Kept) -> dict[str, Any]:
    return {
        "files": list(kept.files),
        "committed": kept.committed,
        "commands": list(kept.commands),
    }


def _document(done: Published, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dryRun": dry_run,
        "package": done.package,
        "version": done.version,
        "index": done.index,
        "archive": done.archive,
        "url": done.url,
        "integrity": done.integrity,
        "size": done.size,
        "packed": [{"path": path, "size": amount} for path, amount in done.files],
        **kept_document(done.kept),
    }
