"""``graft cache``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.words import count, size

if TYPE_CHECKING:
    from graft.workflows.cache import Caches, Held

_EXAMPLES = """\
  graft cache ls                    what is there, by kind, and how big it is
  graft cache path                  where it is
  graft cache clean                 all of it, but for what is in use
  graft cache clean x --dry-run     what would go of one kind
  graft cache clean registry        ask npm again for the default registry
  graft cache verify                read every entry, and remove what is damaged"""
_ACTIONS = ("ls", "path", "clean", "verify")


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [ls|path|clean|verify] [kind]...")
    parser.add_argument(
        "action",
        nargs="?",
        default="ls",
        choices=(*_ACTIONS, "list", "rm"),
        metavar="action",
        help=", ".join(_ACTIONS),
    )
    # The kinds are named here, as completion and help want them without the workflow.
    parser.add_argument(
        "kinds",
        nargs="*",
        choices=(
            *("packuments", "resolutions", "x", "git"),
            *("descriptors", "scans", "other", "registry"),
        ),
        metavar="kind",
        help="packuments, resolutions, x, git, scans, other or registry",
    )
    parser.add_argument_group("cleaning").add_argument(
        "--dry-run", action="store_true", help="say what would be removed"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.project.defaults import (
        cache_below,
        home_folder,
        own_home,
        store_home,
        user_config,
    )
    from graft.workflows.cache import Caches, place_of

    home = home_folder()
    root = store_home(os.environ, home)
    caches = Caches(
        root=cache_below(own_home(os.environ, home)),
        store_root=root,
        user_config=user_config(os.environ, home),
    )
    kinds: list[str] = said.kinds
    if said.action in ("clean", "rm"):
        return _clean(console, caches, kinds, dry_run=said.dry_run)
    if kinds and (said.action != "path" or len(kinds) > 1):
        parser.error(f"'{kinds[-1]}' is one argument too many")
    if said.action == "path":
        path = place_of(caches, kinds[0] if kinds else "")
        if console.json:
            console.document({"path": path})
        else:
            console.data(path)
        return 0
    if said.action == "verify":
        return _verify(console, caches, dry_run=said.dry_run)
    return _list(console, caches)


def _list(console: Console, caches: Caches) -> int:
    from graft.workflows.cache import ABOUT, held

    found = held(caches)
    if console.json:
        console.document({"path": caches.root, "kinds": list(map(_entry, found))})
        return 0
    for each in found:
        amount = count(each.entries, "entry", "entries")
        console.data(f"{each.kind:<12} {amount:>14} {size(each.bytes):>10}  {ABOUT[each.kind]}")
    if not found:
        console.status(f"nothing is cached in {caches.root}")
    return 0


def _clean(console: Console, caches: Caches, kinds: list[str], *, dry_run: bool) -> int:
    from graft.workflows.cache import clean

    cleaned = clean(caches, kinds, dry_run=dry_run)
    if console.json:
        removed = list(map(_entry, cleaned.removed))
        console.document({"dryRun": dry_run, "removed": removed, "inUse": list(cleaned.in_use)})
        return 0
    verb = "would remove" if dry_run else "removed"
    for each in cleaned.removed:
        amount = count(each.entries, "entry", "entries")
        console.status(f"{verb} {each.kind}: {amount}, {size(each.bytes)}")
    for path in cleaned.in_use:
        console.status(f"in use, and left: {path}")
    if not cleaned.removed:
        console.status("there was nothing to remove")
    return 0


def _verify(console: Console, caches: Caches, *, dry_run: bool) -> int:
    from graft.workflows.cache import verify

    verified = verify(caches, time.time(), dry_run=dry_run)
    if console.json:
        console.document(
            {"dryRun": dry_run, "entries": verified.entries, "removed": list(verified.removed)}
        )
        return 0
    verb = "would be removed" if dry_run else "removed"
    looked = count(verified.entries, "entry", "entries")
    console.status(f"{looked} read, {len(verified.removed)} {verb}")
    return 0


def _entry(each: Held) -> dict[str, Any]:
    return {"kind": each.kind, "path": each.path, "entries": each.entries, "bytes": each.bytes}
