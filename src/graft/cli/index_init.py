"""``graft index init``."""

from __future__ import annotations

import os

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft index init --namespace acme              an index of the namespace acme, here
  graft index init --namespace acme ../index     in another folder
  graft index init --namespace acme --dry-run    say what would be written"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="--namespace NS [flags] [folder]")
    parser.add_argument("folder", nargs="?", default=".", help="where it will be")
    group = parser.add_argument_group("beginning an index")
    group.add_argument(
        "--namespace",
        metavar="NS",
        action="append",
        help="what it serves, with all below; 'default' is what has no namespace; can be repeated",
    )
    group.add_argument("--dry-run", action="store_true", help="write nothing")
    said = parser.parse(arguments)
    console.quiet = said.silent
    if not said.namespace:
        parser.error("say which namespace it serves, with --namespace NS")
    from graft.workflows.index_begin import begin_index

    folder = os.path.normpath(os.path.join(os.path.abspath(said.dir), said.folder))
    begun = begin_index(folder, said.namespace, os.environ, dry_run=said.dry_run)
    if console.json:
        console.document(
            {
                "dryRun": said.dry_run,
                "folder": begun.folder,
                "namespaces": said.namespace,
                "files": list(begun.files),
                "repository": begun.repository,
            }
        )
        return 0
    verb = "would write" if said.dry_run else "wrote"
    for name in begun.files:
        console.status(f"{verb} {os.path.join(begun.folder, name)}")
    if begun.repository:
        console.status("would make a git repository" if said.dry_run else "made a git repository")
    return 0
