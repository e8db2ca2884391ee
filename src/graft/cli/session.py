"""What every command needs before it can call its workflow."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from graft.base.progress import Progress
from graft.base.records import replace
from graft.cli.console import Console
from graft.link.importers import ROOT
from graft.project.defaults import home_folder, npmrc_files, only_defaults, settings_digest
from graft.project.roots import find_root
from graft.project.settings import read_settings
from graft.workflows.project import Context


@contextmanager
def session(
    said: argparse.Namespace, console: Console, flags: Mapping[str, str] | None = None
) -> Iterator[Context]:
    """The context of a command, with progress shown while it lasts."""
    began = time.time_ns()
    console.quiet = said.silent
    folder, importer = find_root(os.path.abspath(said.dir))
    home = home_folder()
    is_plain = not flags and only_defaults(folder, os.environ, home)
    # Before they are read: what changes meanwhile makes this the name of nothing that is there.
    digest = settings_digest(folder, os.environ, home) if is_plain else ""
    global_file = npmrc_files(folder, os.environ, home)[0]
    settings = read_settings(
        folder,
        os.environ,
        home,
        flags or {},
        global_files=(global_file,) if global_file else (),
    )
    progress: Progress = console.progress()
    try:
        yield Context(
            folder=folder,
            settings=settings,
            progress=progress,
            command=said.command,
            importer=importer,
            is_plain=is_plain,
            settings_digest=digest,
            began=began,
        )
    finally:
        progress.stop()


def edited_importer(said: argparse.Namespace, context: Context) -> Context:
    """The context of a command that edits a manifest: with ``--workspace-root``, the root's."""
    return replace(context, importer=ROOT) if said.workspace_root else context
