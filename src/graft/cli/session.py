"""What every command needs before it can call its workflow."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from graft.base.progress import Progress
from graft.cli.console import Console
from graft.project.settings import read_settings
from graft.workflows.project import Context


@contextmanager
def session(
    said: argparse.Namespace, console: Console, flags: Mapping[str, str] | None = None
) -> Iterator[Context]:
    """The context of a command, with progress shown while it lasts."""
    console.quiet = said.silent
    folder = os.path.abspath(said.dir)
    settings = read_settings(
        folder,
        os.environ,
        os.path.expanduser("~"),
        flags or {},
        global_files=_global_npmrc(os.environ),
    )
    progress: Progress = console.progress()
    try:
        yield Context(folder=folder, settings=settings, progress=progress)
    finally:
        progress.stop()


def _global_npmrc(environ: Mapping[str, str]) -> tuple[str, ...]:
    """npm's global file: below ``$PREFIX``, which by default is where node is installed."""
    prefix = environ.get("PREFIX", "")
    if not prefix:
        folders = environ.get("PATH", "").split(os.pathsep)
        node = next((n for f in folders if os.path.isfile(n := os.path.join(f, "node"))), "")
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(node))) if node else ""
    return (os.path.join(prefix, "etc", "npmrc"),) if prefix else ()
