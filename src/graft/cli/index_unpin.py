"""``graft index unpin``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft index unpin acme             take the rev out of graft.toml; the lock keeps its commit
  graft index unpin acme --dry-run   say what would be taken out"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <namespace>")
    parser.add_argument("namespace", help="whose index")
    parser.add_argument_group("editing").add_argument(
        "--dry-run", action="store_true", help="say what would be taken out"
    )
    said = parser.parse(arguments)
    from graft.model.indices import shown_ref
    from graft.workflows.index_pin import unpin_index

    with session(said, console) as context:
        done = unpin_index(context, said.namespace, dry_run=said.dry_run)
    if console.json:
        console.document(
            {
                "dryRun": said.dry_run,
                "namespace": said.namespace,
                "before": done.before,
                "changed": done.is_changed,
            }
        )
    elif done.is_changed:
        verb = "would take" if said.dry_run else "took"
        console.status(f"{verb} {shown_ref(done.before)} out of graft.toml")
        console.status("the lock keeps its commit until 'graft index update'")
    else:
        asked = f"asked for {done.before}" if done.before else "not pinned"
        console.status(f"{said.namespace} has no rev in graft.toml: it is {asked}")
    return 0
