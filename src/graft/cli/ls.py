"""``graft ls``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from graft.cli import members
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.tail import place_of
from graft.link.importers import folder_of

if TYPE_CHECKING:
    from graft.workflows.look import Listed

_EXAMPLES = """\
  graft ls                 direct dependencies
  graft ls --depth 2       and two levels below them
  graft ls --paths react   where it lies
  graft ls -r              direct dependencies of all members of the workspace
  graft ls --all --json    everything, for a program"""
_BOTTOMLESS = sys.maxsize


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    parser.add_argument("packages", nargs="*", help="only these direct dependencies")
    parser.add_argument("--depth", type=int, default=0, metavar="N", help="levels to show")
    parser.add_argument("--all", "-a", action="store_true", help="all levels")
    parser.add_argument("--paths", action="store_true", help="show the folder of each package")
    members.member_flags(parser)
    said = parser.parse(arguments)
    if said.depth < 0:
        parser.error("--depth is a number of levels, from 0")
    from graft.workflows.look import listing, with_folders

    with session(said, console) as context:
        depth = _BOTTOMLESS if said.all else said.depth
        importers: tuple[str, ...] = ()
        if members.choice_of(said):
            importers = members.chosen_of(console, said, place_of(said), with_root=True).paths
            if not importers:
                return 0
        found = listing(context, depth=depth, names=tuple(said.packages), importers=importers)
        if said.paths:
            found = {
                path: with_folders(folder_of(context.folder, path), listed)
                for path, listed in found.items()
            }
    if console.json:
        trees = {
            path: {entry.local: _entry(entry) for entry in listed} for path, listed in found.items()
        }
        if importers:
            console.document(
                {"importers": {path: {"dependencies": t} for path, t in trees.items()}}
            )
        else:
            (tree,) = trees.values()
            console.document({"dependencies": tree})
        return 0
    for path, listed in found.items():
        if importers:
            console.data(console.style("bold", path, sys.stdout))
        for entry in listed:
            _print(console, entry, 1 if importers else 0)
    return 0


def _print(console: Console, entry: Listed, level: int) -> None:
    alias = "" if entry.label.startswith(f"{entry.local}@") else f"{entry.local} -> "
    kind = "" if entry.kind == "prod" else console.style("dim", f" ({entry.kind})", sys.stdout)
    again = console.style("dim", " (shown above)", sys.stdout) if entry.repeated else ""
    path = console.style("dim", f"  {entry.folder}", sys.stdout) if entry.folder else ""
    console.data(f"{'  ' * level}{alias}{entry.label}{kind}{again}{path}")
    for below in entry.below:
        _print(console, below, level + 1)


def _entry(entry: Listed) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": entry.id, "kind": entry.kind}
    if entry.folder:
        shown["path"] = entry.folder
    if entry.origin:
        shown["origin"] = entry.origin
    if entry.repeated:
        shown["repeated"] = True
    if entry.below:
        shown["dependencies"] = {below.local: _entry(below) for below in entry.below}
    return shown
