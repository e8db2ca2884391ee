"""``graft install`` and ``graft ci``."""

from __future__ import annotations

from graft.cli import add
from graft.cli.commands import Command, find
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES = """\
  graft install                     what package.json and the lock ask for
  graft install --frozen-lockfile   refuse to change the lock (the default of 'graft ci')
  graft install --offline           use no network
  graft install express@^4          the same as 'graft add express@^4'"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    install_flags(parser)
    if command.name == "install":
        add.save_flags(parser)
        parser.add_argument("packages", nargs="*", help="packages to add, as for 'graft add'")
    parser.add_argument(
        "--frozen-lockfile",
        action="store_true",
        help="fail where the lock does not answer package.json",
    )
    parser.add_argument(
        "--force",
        "-f",
        action="store_true",
        help="compare everything in the store with what the archives held, and "
        "make the project's links anew",
    )
    said = parser.parse(arguments)
    if command.name == "install" and said.packages:
        adding = find("add")
        assert adding is not None
        return add.run(adding, arguments, console)
    if command.name == "install" and (said.kind or said.save_exact):
        parser.error("there is no package to save")
    from graft.project.manifest import read_manifest
    from graft.workflows.install import install
    from graft.workflows.project import at_work
    from graft.workflows.report import InstallOptions

    frozen = said.frozen_lockfile or command.name == "ci"
    options = InstallOptions(
        frozen=frozen, lock_only=said.lockfile_only, force=said.force, dry_run=said.dry_run
    )
    with session(said, console, flag_settings(said)) as context, at_work(context) as work:
        manifest = read_manifest(context.folder)
        report = install(work, manifest, options, manifest_before=manifest.raw)
    return show(console, command.name, report)
