"""``graft index pin``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session

_EXAMPLES = """\
  graft index pin acme             write the commit that the lock pins into graft.toml
  graft index pin acme 1f2e3d4c    that commit, by all of its name or how it begins
  graft index pin acme --dry-run   say which it would be"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <namespace> [rev]")
    parser.add_argument("namespace", help="whose index")
    parser.add_argument("rev", nargs="?", default="", help="a commit; default: the lock's")
    parser.add_argument_group("editing").add_argument(
        "--dry-run", action="store_true", help="say what would be written"
    )
    said = parser.parse(arguments)
    from graft.model.indices import shown_ref
    from graft.workflows.index_pin import pin_index

    with session(said, console) as context:
        done = pin_index(context, said.namespace, said.rev.lower(), dry_run=said.dry_run)
    if console.json:
        console.document(
            {
                "dryRun": said.dry_run,
                "namespace": said.namespace,
                "rev": done.commit,
                "before": done.before,
                "changed": done.is_changed,
                "locked": done.is_locked,
            }
        )
        return 0
    if not done.is_changed:
        console.status(f"{said.namespace} is pinned to {done.commit} already")
        return 0
    verb = "would pin" if said.dry_run else "pinned"
    instead = f", in place of {shown_ref(done.before)}" if done.before else ""
    console.status(f"{verb} {said.namespace} to {done.commit} in graft.toml{instead}")
    if not done.is_locked:
        console.status("the lock has another: 'graft install' brings it there")
    return 0
