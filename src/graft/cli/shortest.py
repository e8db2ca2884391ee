"""``graft install`` without flags, where all there is to do is to make links.

Imports nothing that takes time; what is unusual, errors among it, is left to the full command.
"""

from __future__ import annotations

import os
import sys
import time

from graft.cli.words import count, duration
from graft.project.defaults import only_defaults, store_home
from graft.store.paths import store_below
from graft.workflows.relink import relink, stamp_project


def run_shortest() -> bool:
    """Whether that was all."""
    start = time.perf_counter()
    environ, folder = os.environ, os.getcwd()
    home = os.path.expanduser("~")
    if not only_defaults(folder, environ, home):
        return False
    store = store_below(store_home(environ, home))
    try:
        record = relink(folder, store)
    except OSError:
        return False
    if record is None:
        return False
    stamp_project(folder, store, environ, home)
    milliseconds = round((time.perf_counter() - start) * 1000)
    changed = f"{count(record.packages, 'package')}, {count(len(record.links), 'link')} changed"
    print(f"{changed} ({duration(milliseconds)})", file=sys.stderr)
    return True
