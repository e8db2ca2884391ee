"""``graft store path``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft store path"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    said = parser.parse(arguments)
    from graft.store.paths import open_store

    with session(said, console) as context:
        root = open_store(context.settings.store_root).root
    if console.json:
        console.document({"path": root})
    else:
        console.data(root)
    return 0
