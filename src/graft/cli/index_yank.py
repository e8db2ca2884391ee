"""``graft index yank``."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.index_publish import index_flags, kept_document, show_kept
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft index yank acme:tool@1.2.0 --reason "it deletes files"    in the folder of the index
  graft index yank acme:tool@1.2.0 --reason "…" --commit          and commit it
  graft index yank acme:tool@1.2.0 --undo                         it may be chosen again"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>@<version>")
    parser.add_argument("package", help="what nobody should choose any more")
    group = parser.add_argument_group("yanking")
    group.add_argument("--reason", metavar="TEXT", default="", help="what who asks for it is told")
    group.add_argument("--undo", action="store_true", help="take it back")
    index_flags(group, "the checkout of the index (without it: the folder you are in)", default=".")
    said = parser.parse(arguments)
    console.quiet = said.silent
    if bool(said.reason.strip()) == said.undo:
        parser.error("say either --reason TEXT or --undo")
    from graft.workflows.index_yank import yank

    index = os.path.normpath(os.path.join(os.path.abspath(said.dir), said.index))
    kept = yank(
        index,
        said.package,
        said.reason.strip(),
        os.environ,
        dry_run=said.dry_run,
        commit=said.commit,
    )
    if console.json:
        console.document({"dryRun": said.dry_run, "index": index, **kept_document(kept)})
    else:
        show_kept(console, index, kept, dry_run=said.dry_run)
    return 0
