"""``graft run``, and the scripts that are commands: ``test``, ``start``, ``stop``, ``restart``."""

from __future__ import annotations

import sys

from graft.base.diagnostics import GraftError
from graft.cli import members
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.tail import carry_out, place_of, split_tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from graft.workflows.jobs import Jobs, Place

_EXAMPLES = """\
  graft run                      which scripts there are
  graft run build                prebuild, build and postbuild
  graft run build --watch        what follows the name goes to the script
  graft run --if-present build   nothing, where there is no such script
  graft run -r build             in all members of the workspace, what others need first
  graft run --filter web... build   in 'web' and what it needs"""
_EXAMPLES_OF_NAMED = """\
  graft {name}                what package.json calls '{name}', with pre{name} and post{name}
  graft {name} -- --flag      what follows goes to the script"""
_IF_PRESENT = "--if-present"
_FLAGS = (
    *(_IF_PRESENT, "--ignore-scripts", "--json", "--silent", "-s", "--dir", "-C"),
    *members.ALONE,
    *members.WITH_VALUE,
)
_HELP = ("--help", "-h")


def run(command: Command, arguments: list[str], console: Console) -> int:
    is_run = command.name == "run"
    known = None if is_run else (*_FLAGS, *_HELP)
    own, tail = split_tail(arguments, with_value=members.WITH_VALUE, known=known)
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
    members.running_flags(parser)
    said = parser.parse(own)
    console.quiet = said.silent
    place = place_of(said)
    in_members = members.choice_of(said) is not None
    if is_run and not tail and in_members:
        parser.error("which script?")
    if is_run and not tail:
        from graft.scripts.package import read_package

        return _list(console, read_package(place.folder).scripts)
    from graft.workflows.run import script_jobs

    name, *rest = tail if is_run else (command.name, *tail)

    def jobs_in(place: Place, *, if_present: bool) -> Jobs:
        return script_jobs(
            place,
            name,
            rest,
            command=command.name,
            has_hooks=not said.ignore_scripts,
            if_present=if_present,
        )

    if not in_members:
        return carry_out(console, place, jobs_in(place, if_present=said.if_present))

    def jobs_of(place: Place) -> Jobs | None:
        jobs = jobs_in(place, if_present=True)
        return jobs if jobs.jobs else None

    def nothing() -> GraftError | None:
        return None if said.if_present else _nobody_has(name)

    return members.run_in_members(console, said, place, jobs_of, nothing)


def _nobody_has(name: str) -> GraftError:
    return GraftError(
        "script-missing",
        f"no selected member has a script '{name}'",
        fix="select others, or say --if-present where that is no failure",
    )


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
