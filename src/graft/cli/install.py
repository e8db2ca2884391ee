"""``graft install`` and ``graft ci``."""

from __future__ import annotations

import argparse
import os
import sys

from graft.base.records import replace
from graft.cli import add
from graft.cli.commands import Command, find
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options
from graft.cli.report import show
from graft.cli.session import session

_EXAMPLES_OF_CI = """\
  graft ci              in CI: nothing is resolved, and a stale lock is an error
  graft ci --prod       without devDependencies
  graft ci --offline    from the store alone
  graft ci --frozen-store   the same, and the store may be read-only"""
_EXAMPLES = """\
  graft install                     what package.json and the lock ask for
  graft install --frozen-lockfile   refuse to change the lock (the default of 'graft ci')
  graft install --offline           use no network
  graft install --frozen-store      use a store that is read-only
  graft install express@^4          the same as 'graft add express@^4'"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    is_ci = command.name == "ci"
    parser = Parser(
        command,
        examples=_EXAMPLES_OF_CI if is_ci else _EXAMPLES,
        usage="[flags]" if is_ci else "[flags] [package]...",
    )
    install_flags(parser)
    if not is_ci:
        add.save_flags(parser)
        parser.add_argument("packages", nargs="*", help="packages to add, as for 'graft add'")
    parser.add_argument(
        "--frozen-lockfile",
        action="store_true",
        help=argparse.SUPPRESS if is_ci else "fail where the lock does not answer package.json",
    )
    parser.add_argument(
        "--frozen-store",
        action="store_true",
        help="write nothing into the store; fail at once where it lacks something",
    )
    parser.add_argument(
        "--force",
        "-f",
        action="store_true",
        help="compare every byte that the project uses with what the archives held, and "
        "fetch and build again what differs",
    )
    said = parser.parse(arguments)
    if not is_ci and said.packages:
        if said.frozen_lockfile or said.frozen_store or said.force:
            parser.error("--frozen-lockfile, --frozen-store and --force go with no package")
        adding, _ = find(["add"])
        assert adding is not None
        return add.run(adding, arguments, console)
    if not is_ci and (said.kind or said.save_exact or said.editable):
        parser.error("there is no package to save")
    from graft.workflows.install import install
    from graft.workflows.project import at_work
    from graft.workflows.relink import may_run_scripts

    options = replace(install_options(said), frozen=said.frozen_lockfile or is_ci, force=said.force)
    flags = flag_settings(said) | ({"frozen-store": "true"} if said.frozen_store else {})
    with session(said, console, flags) as context, at_work(context) as work:
        checkout = context.checkout()
        report = install(work, checkout, options)
    code = show(console, command.name, report)
    if options.lock_only or options.dry_run or options.ignore_scripts:
        return code
    if context.settings.builds.ignored or not may_run_scripts(checkout.root.raw):
        return code
    return _run_own_scripts(console, context.folder, command.name)


def _run_own_scripts(console: Console, folder: str, command: str) -> int:
    from graft.cli.tail import carry_out, place_in
    from graft.workflows.own_scripts import own_jobs

    if console.json:  # stdout holds one document already
        sys.stdout.flush()
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    place = place_in(folder)
    return carry_out(console, place, own_jobs(place, command))
