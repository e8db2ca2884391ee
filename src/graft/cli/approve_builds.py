"""``graft approve-builds``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import install_document, show
from graft.cli.session import session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graft.workflows.approve import Candidate, Decision

_EXAMPLES = """\
  graft approve-builds                      look at what wants to run, and choose
  graft approve-builds esbuild              this one, in the version and with the scripts of now
  graft approve-builds --network puppeteer  and its scripts may use the network
  graft approve-builds --deny core-js       never, and no more notes about it
  graft approve-builds --remove esbuild     take back what was decided
  graft approve-builds --json               what there is to decide, as JSON"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    group = parser.add_argument_group("deciding")
    group.add_argument("--all", action="store_true", help="approve whatever is undecided")
    group.add_argument(
        "--network", action="store_true", help="what is approved may also use the network"
    )
    group.add_argument("--deny", action="store_true", help="deny instead, and say no more of it")
    group.add_argument("--remove", action="store_true", help="forget what was decided instead")
    install_flags(parser)
    parser.add_argument("packages", nargs="*", help="name or name@version")
    said = parser.parse(arguments)
    if said.deny + said.remove + (said.all or said.network) > 1:
        parser.error("--deny, --remove, and approving with --all or --network exclude each other")
    if (said.deny or said.remove) and not said.packages:
        parser.error("which packages?")
    if said.lockfile_only or said.ignore_scripts:
        parser.error("--lockfile-only and --ignore-scripts leave nothing to do here")
    from graft.workflows.approve import approve_builds

    asks = not (said.packages or said.all or console.json) and sys.stdin.isatty()

    def decide(candidates: Sequence[Candidate]) -> Decision:
        if asks and any(each.state == "undecided" for each in candidates):
            return _asked(console, candidates, network=said.network)
        return _decision(said, candidates)

    with session(said, console, flag_settings(said)) as context:
        done = approve_builds(context, decide, install_options(said))
    if console.json:
        report = done.report
        console.document(
            (install_document(command.name, report) if report else {"command": command.name})
            | {"packages": [each.as_json() for each in done.candidates]}
        )
        return 0
    if done.report is None:
        if not asks:
            _show(console, done.candidates)
        return 0
    return show(console, command.name, done.report)


def _decision(said: argparse.Namespace, candidates: Sequence[Candidate]) -> Decision:
    from graft.workflows.approve import Decision

    packages = tuple(said.packages)
    if said.deny:
        return Decision(deny=packages)
    if said.remove:
        return Decision(forget=packages)
    if said.all:
        packages += tuple(each.id for each in candidates if each.state == "undecided")
    return Decision(network=packages) if said.network else Decision(approve=packages)


def _asked(console: Console, candidates: Sequence[Candidate], *, network: bool) -> Decision:
    """On a terminal: one after the other, with what would run."""
    from graft.workflows.approve import Decision

    approve, deny = [], []
    undecided = [each for each in candidates if each.state == "undecided"]
    console.status("y: approve  d: deny for good  Enter: decide later")
    for each in undecided:
        for line in _lines(console, each):
            console.status(line)
        console.status(f"run {'with the network ' if network else ''}when installed? [y/d/N] ")
        answer = sys.stdin.readline().strip().lower()
        if answer in ("y", "yes"):
            approve.append(each.id)
        elif answer == "d":
            deny.append(each.id)
    if network:
        return Decision(network=approve, deny=deny)
    return Decision(approve=approve, deny=deny)


def _show(console: Console, candidates: Iterable[Candidate]) -> None:
    none = True
    for each in candidates:
        none = False
        for line in _lines(console, each):
            console.data(line)
    if none:
        console.status("no package here has scripts to run when it is installed")


def _lines(console: Console, each: Candidate) -> list[str]:
    state = f"{each.state}{', with the network' if each.network else ''}"
    lines = [f"{console.style('bold', each.id)} ({state})"]
    lines += [f"  {phase.event}: {_shown(phase.line)}" for phase in each.phases]
    if not each.declared:
        lines.append("  the registry does not say that it has scripts: its archive does")
    if each.hint:
        lines.append(f"  {each.hint}")
    return lines


def _shown(line: str) -> str:
    """Whatever it holds, it is one line and moves no cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
