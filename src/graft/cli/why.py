"""``graft why``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft why semver          every version of it, and the shortest ways to each
  graft why semver@5.7.2    one version
  graft why semver --json   the same for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>")
    parser.add_argument("package", help="name, or name@version")
    said = parser.parse(arguments)
    from graft.workflows.why import reasons

    with session(said, console) as context:
        found = reasons(context, said.package)
    if console.json:
        console.document(
            [
                {
                    "id": reason.id,
                    "name": reason.name,
                    "version": reason.version,
                    "chains": [chain.as_json() for chain in reason.chains],
                }
                for reason in found
            ]
        )
        return 0
    for reason in found:
        console.data(reason.labels[reason.id])
        for chain in reason.chains:
            for level, line in enumerate(chain.lines(reason.labels), start=1):
                console.data(f"{'  ' * level}{line}")
    return 0
