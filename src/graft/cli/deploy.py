"""``graft deploy``."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import GraftError
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.members import chosen_of, member_flags
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.words import count, duration
from graft.project.defaults import home_folder

if TYPE_CHECKING:
    from graft.workflows.deploy import Deployed

_EXAMPLES = """\
  graft deploy ../out                      this project, or this member, without devDependencies
  graft deploy --filter web /srv/web       the member 'web' of the workspace
  graft deploy --layout hoisted ../out     with node_modules in npm's shape"""
_LAYOUTS = ("isolated", "hoisted")


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <folder>")
    group = parser.add_argument_group("deploying")
    group.add_argument(
        "--layout",
        choices=_LAYOUTS,
        default=_LAYOUTS[0],
        help="how its node_modules is made (default: isolated)",
    )
    group.add_argument("--dev", "-D", action="store_true", help="with devDependencies")
    group.add_argument("--no-optional", action="store_true", help="without optional packages")
    group.add_argument("--dry-run", action="store_true", help="say what would be written")
    source_flags(group)
    member_flags(parser)
    parser.add_argument("folder", help="where to write: not there yet, or empty")
    said = parser.parse(arguments)
    if said.recursive:
        parser.error("one member is deployed at a time: name it with --filter")
    target = os.path.abspath(os.path.join(said.dir, said.folder))
    if said.filter:
        said.dir = _member(said, console)
    from graft.workflows.deploy import deploy

    settings = source_settings(said)
    if said.no_optional:
        settings["omit"] = "optional"
    with session(said, console, settings) as context:
        done = deploy(context, target, layout=said.layout, with_dev=said.dev, dry_run=said.dry_run)
    if console.json:
        console.document(_document(done, dry_run=said.dry_run))
        return 0
    for note in done.notes:
        console.note(note)
    verb = "would write" if said.dry_run else "wrote"
    within = f", with {', '.join(done.members)} of the workspace" if done.members else ""
    packages = count(done.packages, "package")
    own = count(done.files, "file")
    took = duration(done.milliseconds.get("total", 0))
    name = done.name or "the project"
    console.status(f"{verb} {name}: {own} of its own, {packages}{within} ({took})")
    console.data(done.folder)
    return 0


def _member(said: argparse.Namespace, console: Console) -> str:
    """The folder of the one member that is selected."""
    from graft.workflows.jobs import Place

    home = home_folder()
    here = os.path.abspath(said.dir)
    place = Place(folder=here, called_in=os.getcwd(), environ=os.environ, home=home)
    said.fail_if_no_match = True
    chosen = chosen_of(console, said, place)
    if len(chosen.paths) > 1:
        raise GraftError(
            "usage",
            f"--filter selects {len(chosen.paths)} members, and one is deployed at a time",
            where="--filter",
            why=[f"it selects {', '.join(chosen.paths)}"],
            fix="name one",
        )
    return os.path.normpath(os.path.join(chosen.folder, chosen.paths[0]))


def _document(done: Deployed, *, dry_run: bool) -> dict[str, Any]:
    return {
        "command": "deploy",
        "folder": done.folder,
        "name": done.name,
        "files": done.files,
        "packages": done.packages,
        "members": list(done.members),
        "dryRun": dry_run,
        "notes": [note.as_json() for note in done.notes],
        "milliseconds": dict(done.milliseconds),
    }
