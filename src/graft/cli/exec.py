"""``graft exec``."""

from __future__ import annotations

from graft.cli import members
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.tail import carry_out, place_of, split_tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.jobs import Jobs, Place

_EXAMPLES = """\
  graft exec tsc --noEmit        a command of a package that is installed here
  graft exec -- tsc --noEmit     the same
  graft exec -c 'tsc && vite'    a line for the shell
  graft exec -r -- tsc --noEmit  in all members of the workspace"""
_CALL = ("-c", "--call")


def run(command: Command, arguments: list[str], console: Console) -> int:
    own, words = split_tail(arguments, with_value=(*_CALL, *members.WITH_VALUE))
    console.json = "--json" in own
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [--] <command> [argument]...")
    parser.add_argument_group("running").add_argument(
        *_CALL, metavar="LINE", help="run a line of shell in place of a command"
    )
    members.running_flags(parser)
    said = parser.parse(own)
    if said.call and words:
        parser.error(f"'{words[0]}' goes with no --call")
    if not (said.call or words):
        parser.error("which command?")
    from graft.workflows.execute import line_jobs, tool_jobs

    console.quiet = said.silent
    place = place_of(said)

    def jobs_of(place: Place) -> Jobs:
        return line_jobs(place, said.call) if said.call else tool_jobs(place, words)

    if members.choice_of(said):
        return members.run_in_members(console, said, place, jobs_of, lambda: None)
    return carry_out(console, place, jobs_of(place))
