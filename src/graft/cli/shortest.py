"""``graft install`` without flags, where all there is to do is to make links.

Imports nothing that takes time; what is unusual, errors among it, is left to the full command.
"""

from __future__ import annotations

import os
import sys
import time

from graft.cli.words import summary
from graft.project.defaults import (
    DONORS,
    cache_below,
    glance,
    home_folder,
    only_defaults,
    own_home,
    settings_digest,
    store_home,
    user_config,
)
from graft.store.paths import store_below
from graft.workflows.relink import relink, stamp_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from graft.sources.resolutions import Resolution


def run_shortest(command: str) -> bool:
    """Whether that was all. ``ci`` installs nothing without a lock."""
    start, began = time.perf_counter(), time.time_ns()
    environ, folder = os.environ, os.getcwd()
    home = home_folder()
    own = store_home(environ, home)
    store = store_below(own)

    def recall(manifest: bytes) -> Resolution | None:
        settings = "" if command == "ci" else settings_digest(folder, environ, home)
        if not settings:
            return None
        from graft.sources.resolutions import read_resolution, resolution_inputs

        cache = cache_below(own_home(environ, home))
        return read_resolution(cache, resolution_inputs(settings, manifest), time.time())

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    try:
        if not os.path.isabs(own) or not only_defaults(folder, environ, home):
            return False
        if DONORS.encode() in glance(user_config(environ, home)):
            return False  # other workspaces are asked before the store is
        done = relink(folder, store, recall, command=f"graft {command}", say=say)
        if done is None:
            return False
        known = done.graph
        if done.may_stamp:
            stamp_project(folder, store, environ, home, began, known.manifests, [*known.scanned])
    except Exception:
        return False
    milliseconds = round((time.perf_counter() - start) * 1000)
    graph, resolution = done.graph, done.resolution
    if resolution is not None:
        from graft.cli.console import Console
        from graft.cli.report import show_changes

        console = Console(environ)
        for note in resolution.notes:
            console.note(note)
        show_changes(console, resolution.direct, first=True)
    if graph.ignored:
        _say_ignored(graph.ignored, folder, home)
    said = summary(
        packages=graph.packages,
        changes={"added": resolution.added if resolution else 0},
        links=sum(map(len, graph.trees.values())),
        milliseconds=milliseconds,
    )
    print(said, file=sys.stderr)
    return True


def _say_ignored(ignored: Sequence[str], folder: str, home: str) -> None:
    """As the full command does."""
    from graft.cli.console import Console
    from graft.project.script_settings import read_script_settings
    from graft.workflows.ignored import ignored_notes

    if read_script_settings(folder, os.environ, home).has_hooks:
        for note in ignored_notes(ignored):
            Console(os.environ).note(note)
