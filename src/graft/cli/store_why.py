"""``graft store why``."""

from __future__ import annotations

import time

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import day

_EXAMPLES = """\
  graft store why react               every version and every slot of it
  graft store why react@18.3.1        of one version
  graft store why b5fe4cce2e61        the slot whose key begins so
  graft store why sha512-z4PhNX7v     the object of that integrity, or whose file begins so"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <key>")
    parser.add_argument("key", help="a package, a slot or an object")
    said = parser.parse(arguments)
    from graft.store.paths import open_store
    from graft.workflows.store_why import why

    with session(said, console) as context:
        settings = context.settings
        store = open_store(settings.store_root, frozen=settings.frozen_store)
        found = why(store, said.key, settings.garbage.grace, int(time.time()))
    if console.json:
        console.document(
            [
                {
                    "path": answer.path,
                    "needs": [
                        {
                            "lease" if need.is_lease else "project": need.user,
                            "state": need.state,
                            "chain": list(need.chain),
                        }
                        for need in answer.needs
                    ],
                    "since": answer.since,
                    "goes": answer.goes,
                }
                for answer in found
            ]
        )
        return 0
    for answer in found:
        console.data(answer.path)
        for need in answer.needs:
            who = f"what runs with graph {need.user}" if need.is_lease else need.user
            state = "" if need.state == "here" else f" ({need.state})"
            console.data(f"  {who}{state} needs it: {' > '.join(map(short, need.chain))}")
        if answer.since is not None:
            until = f"; it goes after {day(answer.goes)}" if answer.goes is not None else ""
            console.data(f"  nobody has needed it since {day(answer.since)}{until}")
    return 0


def short(path: str) -> str:
    """A slot without its key, as people know it; else the kind, and enough of the rest."""
    kind, _, name = path.partition("/")
    if kind == "slots":
        return name.rpartition("-")[0]
    return f"{kind.removesuffix('s')} {name[:20]}…"
