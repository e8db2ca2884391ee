"""``graft index update``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count

if TYPE_CHECKING:
    from graft.workflows.index_update import Step

_EXAMPLES = """\
  graft index update              pin what all indices are now, in the lock
  graft index update acme         of one namespace
  graft index update --dry-run    what would be pinned
  graft index update acme --accept-rewrite
                                  although a tag has moved, or something published was changed"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [namespace]...")
    parser.add_argument("namespaces", nargs="*", metavar="namespace", help="default: all")
    flags = parser.add_argument_group("updating")
    flags.add_argument("--dry-run", action="store_true", help="say what would be pinned")
    flags.add_argument(
        "--accept-rewrite",
        action="store_true",
        help="take moved tags, rewritten history and changed versions as well",
    )
    said = parser.parse(arguments)
    from graft.workflows.index_update import update_indices

    with session(said, console) as context:
        steps = update_indices(
            context, said.namespaces, accept=said.accept_rewrite, dry_run=said.dry_run
        )
    if console.json:
        found = list(map(_entry, steps))
        console.document({"dryRun": said.dry_run, "indices": found})
        return 0
    for step in steps:
        _show(console, step, dry_run=said.dry_run)
    if not steps:
        console.status("no index is declared: see [indices] in graft.toml")
    elif any(step.old != step.new for step in steps) and not said.dry_run:
        console.status("packages stay as they are locked: 'graft update' takes newer versions")
    return 0


def _show(console: Console, step: Step, *, dry_run: bool) -> None:
    from graft.workflows.index_update import MOVED, SKIPPED, shown_step

    name = step.source.namespace
    for line in step.rewritten:
        console.status(f"accepted for {name}: {line}")
    for line in step.yanked:
        console.status(f"locked, and yanked now: {line}")
    if step.state == SKIPPED:
        console.status(f"{name} skipped: {step.why}")
    elif step.state == MOVED:
        new = f" ({count(step.commits, 'commit')})" if step.commits else ""
        verb = "would pin" if dry_run else "pinned"
        console.status(f"{verb} {name}: {shown_step(step)}{new}")
    else:
        console.status(f"{name} is at the newest commit, {shown_step(step)}")


def _entry(step: Step) -> dict[str, Any]:
    return {
        "namespace": step.source.namespace,
        "index": step.source.place,
        "ref": step.source.ref,
        "state": step.state,
        "from": step.old.commit if step.old else "",
        "to": step.new.commit,
        "commits": step.commits,
        "rewritten": list(step.rewritten),
        "yanked": list(step.yanked),
        "why": step.why,
    }
