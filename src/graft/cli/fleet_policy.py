"""``graft fleet policy``, and the flags that say what scripts may do."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

_EXAMPLES = """\
  graft fleet policy                            what scripts may do on this host
  graft fleet policy --memory 512MB             change that, and nothing else of it
  graft fleet policy --root DIR --timeout 10    of another root
  graft fleet policy --network --dry-run        say what would hold"""
# Flag -> what it is called in a policy, and what it means.
_NUMBERS = {
    "--timeout": ("seconds", "S", "seconds that a run may take, 0 for as long as it likes"),
    "--cpu-time": ("cpu_seconds", "S", "seconds that each of its processes may compute"),
    "--processes": ("processes", "N", "how many processes and threads"),
    "--open-files": ("open_files", "N", "how many open files each of its processes"),
}
_SIZES = {
    "--memory": ("memory", "SIZE", "memory of each of its processes, as '512MB'"),
    "--file-size": ("file_size", "SIZE", "the largest file that it may write"),
}
POLICY_WITH_VALUE = ("--sandbox", *_NUMBERS, *_SIZES)


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    group = parser.add_argument_group("a host's policy")
    group.add_argument(
        "--root", metavar="DIR", default="", help="the host's root, as its agent was given it"
    )
    group.add_argument("--dry-run", action="store_true", help="write nothing")
    policy_flags(parser)
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.fleet.run.policy import changed, read_policy, write_policy

    root = root_of(said)
    changes = policy_changes(said, parser)
    if changes and not said.dry_run:
        policy = write_policy(root, changes)
    else:
        policy = changed(read_policy(root), changes)
    if console.json:
        console.document({"root": root, "dryRun": said.dry_run, "policy": policy.as_json()})
        return 0
    for name, value in policy.as_json().items():
        shown = str(value).lower() if isinstance(value, bool) else value
        console.data(f"{name.replace('_', '-')} {shown}")
    return 0


def policy_flags(parser: argparse.ArgumentParser) -> None:
    from graft.fleet.run.policy import SANDBOXES

    group = parser.add_argument_group("what scripts may do")
    group.add_argument(
        "--sandbox",
        choices=SANDBOXES,
        help="'off' runs without protection; 'required' is the default",
    )
    group.add_argument("--network", action="store_true", default=None, help="use the network")
    group.add_argument("--no-network", dest="network", action="store_false", help="be without it")
    for flag, (name, metavar, help) in (_NUMBERS | _SIZES).items():
        group.add_argument(flag, dest=name, metavar=metavar, help=help)


def policy_changes(said: argparse.Namespace, parser: Parser) -> dict[str, Any]:
    """What the flags change, by the names of a policy."""
    from graft.base.amounts import bytes_of

    changes: dict[str, Any] = {
        name: getattr(said, name)
        for name in ("sandbox", "network")
        if getattr(said, name) is not None
    }
    for flag, (name, _, _) in (_NUMBERS | _SIZES).items():
        text = getattr(said, name)
        if text is None:
            continue
        try:
            changes[name] = bytes_of(text) if flag in _SIZES else int(text)
        except ValueError:
            parser.error(f"{flag}: '{text}' is no {'size' if flag in _SIZES else 'number'}")
    return changes


def root_of(said: argparse.Namespace) -> str:
    """The root that ``--root`` names, else the user's."""
    from graft.fleet.host.root import default_root
    from graft.project.defaults import home_folder

    if said.root:
        return os.path.normpath(os.path.join(os.path.abspath(said.dir), str(said.root)))
    return default_root(os.environ, home_folder())
