"""``graft store gc``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, day, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from graft.workflows.collect import Collected

_EXAMPLES = """\
  graft store gc                     what nobody has needed for a week
  graft store gc --dry-run           what would go, why, and how much it is
  graft store gc --older-than 12h    what nobody has needed for twelve hours
  graft store gc --max-size 5GB      and of the rest what was needed last, until 5 GB are left
  graft store gc --forget old-laptop    projects of that machine are gone"""
_AUTO_SECONDS = 10.0


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    flags = parser.add_argument_group("collecting")
    flags.add_argument("--dry-run", action="store_true", help="say what would go")
    flags.add_argument(
        "--older-than", metavar="TIME", help="in place of gc-grace: 7d, 12h, or 0 for all"
    )
    flags.add_argument("--max-size", metavar="SIZE", help="make the store that small: 5GB")
    flags.add_argument(
        "--forget",
        metavar="HOST",
        action="append",
        default=[],
        help="projects of that machine which are not to be seen here are gone",
    )
    flags.add_argument(
        "--auto",
        action="store_true",
        help="as after an install: wait for nobody, take ten seconds at most, say nothing",
    )
    said = parser.parse(arguments)
    from graft.base.amounts import bytes_of, seconds
    from graft.store.paths import open_store
    from graft.workflows.collect import Wishes, collect

    older = _amount(parser, "--older-than", said.older_than, seconds, "a time like 7d or 12h")
    most = _amount(parser, "--max-size", said.max_size, bytes_of, "a size like 5GB")
    if said.auto:
        said.silent = True
        os.nice(19)
    with session(said, console) as context:
        wishes = Wishes(
            grace=context.settings.garbage.grace if older is None else older,
            most=most,
            forgotten=said.forget,
            dry_run=said.dry_run,
            waits=not said.auto,
            seconds=_AUTO_SECONDS if said.auto else float("inf"),
        )
        done = collect(open_store(context.settings.store_root), wishes, context.progress)
    if console.json:
        console.document(_document(done, dry_run=said.dry_run))
    else:
        _show(console, done, wishes.grace, dry_run=said.dry_run)
    return 0


def _amount(
    parser: Parser, flag: str, text: str | None, read: Callable[[str], int], wanted: str
) -> int | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError:
        parser.error(f"{flag} '{text}' is not {wanted}")


def _show(console: Console, done: Collected, grace: int, *, dry_run: bool) -> None:
    if dry_run:
        for each in done.gone:
            reason = (
                "an interrupted command left it"
                if each.since is None
                else f"no project has needed it since {day(each.since)}"
            )
            console.data(f"{size(each.bytes or 0):>10}  {each.path}  {reason}")
    for reason in done.keeps:
        console.status(f"everything is kept: {reason}")
    for path, why in done.refused:
        console.status(f"could not remove {path}: {why}")
    if done.busy:
        console.status("somebody else is at work in the store: nothing was removed")
    verb = "would remove" if dry_run else "removed"
    if done.gone or done.freed:
        console.status(f"{verb} {kinds(done)}, {size(done.freed)}")
    elif not (done.keeps or done.busy):
        console.status("nothing to remove")
    if done.waiting and not done.keeps:
        entries = count(done.waiting, "more entry is", "more entries are")
        console.status(f"{entries} not needed, and kept until nobody has for {_time(grace)}")
    if done.over:
        console.status(
            f"the store is still {size(done.over)} too large: all that is left is needed"
        )
    if done.late:
        console.status("there was no time for all of it: the rest goes next time")


def kinds(done: Collected) -> str:
    found: dict[str, int] = {}
    for each in done.gone:
        kind = each.path.partition("/")[0] if each.since is not None else "leftovers"
        found[kind] = found.get(kind, 0) + 1
    return ", ".join(count(number, kind.removesuffix("s"), kind) for kind, number in found.items())


def _time(seconds: int) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return count(seconds // length, unit)
    return count(seconds, "second")


def _document(done: Collected, *, dry_run: bool) -> dict[str, Any]:
    gone = [
        {"path": each.path, "since": each.since}
        | ({"bytes": each.bytes} if each.bytes is not None else {})
        for each in done.gone
    ]
    return {
        "dryRun": dry_run,
        "removed": gone,
        "bytes": done.freed,
        "waiting": done.waiting,
        "keeps": list(done.keeps),
        "refused": [{"path": path, "why": why} for path, why in done.refused],
        "busy": done.busy,
        "tooLarge": done.over,
        "unfinished": done.late,
    }
