"""``graft fleet run``."""

from __future__ import annotations

import os
import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_policy import POLICY_WITH_VALUE, policy_changes, policy_flags, root_of
from graft.cli.parser import Parser
from graft.cli.tail import split_tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.base.processes import Group
    from graft.fleet.run.run import Ran, Wanted

_EXAMPLES = """\
  graft fleet run reports -- node script.mjs      with the packages that 'reports' has here now
  graft fleet run reports --timeout 10 -- node script.mjs
  graft fleet run reports --env API_KEY --network -- node script.mjs
  graft fleet run reports --expect desired -- node script.mjs
                                                  only on what the server last asked for
  graft fleet run reports --json -- node -p 'require("lodash").VERSION'"""
_WITH_VALUE = (*POLICY_WITH_VALUE, "--env", "--expect", "--root")


def run(command: Command, arguments: list[str], console: Console) -> int:
    own, tail = split_tail(arguments, with_value=_WITH_VALUE)
    more, words = split_tail(tail[1:], with_value=_WITH_VALUE)
    own = [*own, *tail[:1], *more]
    # What follows belongs to the script, --json too.
    console.json = "--json" in own
    parser = Parser(command, examples=_EXAMPLES, usage="SET [flags] [--] <command> [argument]...")
    parser.add_argument("set", metavar="SET", help="the package set that it may import from")
    group = parser.add_argument_group("running")
    group.add_argument(
        "--root", metavar="DIR", default="", help="the host's root, as its agent was given it"
    )
    group.add_argument(
        "--env",
        metavar="NAME",
        action="append",
        default=[],
        help="hand this variable on; can be repeated",
    )
    group.add_argument(
        "--expect",
        metavar="HASH",
        default="",
        help="run on this release alone, or on the one that is 'desired'",
    )
    group.add_argument("-v", "--verbose", action="store_true", help="say what was enforced")
    policy_flags(parser)
    said = parser.parse(own)
    console.quiet = said.silent
    if not words:
        parser.error("which command?")
    from graft.fleet.run.policy import changed, read_policy
    from graft.fleet.run.run import Wanted

    root = root_of(said)
    wanted = Wanted(
        command=tuple(words),
        policy=changed(read_policy(root), policy_changes(said, parser)),
        environ=os.environ,
        asked=tuple(said.env),
        folder=os.path.abspath(said.dir),
        expect=said.expect,
        capture=console.json,
        input=sys.stdin.fileno(),
    )
    ran = _attend(root, said.set, wanted)
    if said.verbose and not console.json:
        console.status(f"release {ran.release}: {ran.enforcement}")
    return _end(console, ran)


def _attend(root: str, set: str, wanted: Wanted) -> Ran:
    """Signals are passed on: the script has a session of its own, also for the terminal's."""
    import signal

    from graft.fleet.run.run import run_script

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def started(group: Group) -> None:
        def tell(number: int, _: object) -> None:
            group.tell(number)

        for number in numbers:
            signal.signal(number, tell)

    try:
        return run_script(root, set, wanted, started=started)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(console: Console, ran: Ran) -> int:
    from graft.base.diagnostics import GraftError

    try:
        ran.check()
    except GraftError as error:
        if not console.json:
            raise
        console.document({"error": error.diagnostic.as_json(), **ran.as_json()})
        return error.diagnostic.exit_code
    if console.json:
        console.document(ran.as_json())
    return ran.exit_code
