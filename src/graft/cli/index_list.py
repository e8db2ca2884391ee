"""``graft index list``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft index list          the namespaces that come from an index, and from which
  graft index list --json   for a program"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    said = Parser(command, examples=_EXAMPLES, usage="[flags]").parse(arguments)
    from graft.model.indices import short, shown_ref
    from graft.workflows.indices import chosen, declared, locked_pins

    with session(said, console) as context:
        sources = chosen(declared(context), ())
        pins = locked_pins(context)
    if console.json:
        found = [
            {
                "namespace": source.namespace,
                **({"url": source.url, "ref": source.ref} if source.url else {}),
                **({} if source.url else {"path": source.folder}),
                "commit": pins[source.namespace].commit if source.namespace in pins else "",
                "declared": source.where,
            }
            for source in sources
        ]
        console.document({"indices": found})
        return 0
    if not sources:
        console.status("no index is declared: see [indices] in graft.toml")
        return 0
    from graft.cli.table import show_table

    rows = []
    for source in sources:
        pin = pins.get(source.namespace)
        locked = short(pin.commit) if pin and pin.commit else "-"
        asked = shown_ref(source.ref) or ("-" if source.url else "a folder")
        rows.append((source.namespace, source.place, asked, locked, source.where))
    show_table(console, ("namespace", "index", "asked", "locked", "declared in"), rows)
    return 0
