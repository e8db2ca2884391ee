"""``graft run``, and the scripts that are commands: ``test``, ``start``, ``stop``, ``restart``."""

from __future__ import annotations

import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.tail import carry_out, place_of, split_tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_EXAMPLES = """\
  graft run                      which scripts there are
  graft run build                prebuild, build and postbuild
  graft run build --watch        what follows the name goes to the script
  graft run --if-present build   nothing, where there is no such script"""
_EXAMPLES_OF_NAMED = """\
  graft {name}                what package.json calls '{name}', with pre{name} and post{name}
  graft {name} -- --flag      what follows goes to the script"""
_IF_PRESENT = "--if-present"
_FLAGS = (_IF_PRESENT, "--ignore-scripts", "--json", "--silent", "-s", "--dir", "-C")
_HELP = ("--help", "-h")


def run(command: Command, arguments: list[str], console: Console) -> int:
    is_run = command.name == "run"
    own, tail = split_tail(arguments, known=None if is_run else (*_FLAGS, *_HELP))
    # What follows belongs to the script, --json too.
    console.json = "--json" in own
    if is_run and tail[1:2] == [_IF_PRESENT]:  # where npm's users write it
        own.append(tail.pop(1))
    if is_run and tail[1:2] == ["--"]:
        del tail[1]
    parser = Parser(
        command,
        examples=_EXAMPLES if is_run else _EXAMPLES_OF_NAMED.format(name=command.name),
        usage="[flags] [script] [argument]..." if is_run else "[flags] [--] [argument]...",
    )
    group = parser.add_argument_group("running")
    group.add_argument(
        _IF_PRESENT, action="store_true", help="do nothing where there is no such script"
    )
    group.add_argument(
        "--ignore-scripts", action="store_true", help="leave out pre and post scripts"
    )
    said = parser.parse(own)
    console.quiet = said.silent
    place = place_of(said)
    if is_run and not tail:
        from graft.scripts.package import read_package

        return _list(console, read_package(place.folder).scripts)
    from graft.workflows.run import script_jobs

    name, *rest = tail if is_run else (command.name, *tail)
    jobs = script_jobs(
        place,
        name,
        rest,
        command=command.name,
        has_hooks=not said.ignore_scripts,
        if_present=said.if_present,
    )
    return carry_out(console, jobs)


def _list(console: Console, scripts: Mapping[str, str]) -> int:
    if console.json:
        console.document({"scripts": dict(scripts)})
        return 0
    for name, text in scripts.items():
        console.data(console.style("bold", name, sys.stdout))
        for line in text.strip().splitlines():
            console.data(f"  {line}")
    if not scripts:
        console.status("package.json has no scripts")
    return 0
