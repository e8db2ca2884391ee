"""``graft why``."""

from __future__ import annotations

from graft.base.http import without_user
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft why semver          every version of it, and the shortest ways to each
  graft why semver@5.7.2    one version"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>")
    parser.add_argument("package", help="name, or name@version")
    said = parser.parse(arguments)
    from graft.workflows.look import reasons

    with session(said, console) as context:
        found = reasons(context, said.package)
    if console.json:
        console.document(
            [
                {"id": reason.id, "chains": [chain.as_json() for chain in reason.chains]}
                for reason in found
            ]
        )
        return 0
    for reason in found:
        console.data(reason.labels[reason.id])
        for chain in reason.chains:
            asker = chain.asker
            for level, (local, specifier, id) in enumerate(chain.steps):
                asked, got = f"{local}@{without_user(specifier)}", reason.labels[id]
                console.data(f"{'  ' * (level + 1)}{asker} asks for {asked}: {got}")
                asker = got
    return 0
