"""``graft index gc``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, size

_EXAMPLES = """\
  graft index gc             remove what no project's lock names of any index
  graft index gc --dry-run   what would go, and how much it is"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    parser.add_argument_group("collecting").add_argument(
        "--dry-run", action="store_true", help="say what would go"
    )
    said = parser.parse(arguments)
    from graft.workflows.index_gc import reclaim

    with session(said, console) as context:
        done = reclaim(context, dry_run=said.dry_run)
    total = sum(each.bytes for each in done.gone)
    if console.json:
        gone = [
            {"path": each.path, "url": each.url, "commit": each.commit, "bytes": each.bytes}
            for each in done.gone
        ]
        console.document(
            {
                "dryRun": said.dry_run,
                "removed": gone,
                "bytes": total,
                "kept": done.kept,
                "keeps": list(done.keeps),
            }
        )
        return 0
    if said.dry_run:
        for each in done.gone:
            what = each.commit or "all that is kept of it"
            console.data(f"{size(each.bytes):>10}  {each.url}  {what}")
    for reason in done.keeps:
        console.status(f"everything is kept: {reason}")
    verb = "would remove" if said.dry_run else "removed"
    if done.gone:
        console.status(f"{verb} {count(len(done.gone), 'entry', 'entries')}, {size(total)}")
    elif not done.keeps:
        console.status("nothing to remove")
    return 0
