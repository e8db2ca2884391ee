"""Garbage is collected behind the back of an install: at most once a day, and in no one's way.

The same on every machine. A store that is new has nothing to collect for a week, so where each job
of a CI begins with an empty one, nothing is ever started.
"""

from __future__ import annotations

import os
import sys
import time

from graft.base.background import leave_running
from graft.base.files import is_for_group, write_file
from graft.project.settings import Settings
from graft.store.paths import Store

_DAY_SECONDS = 24 * 60 * 60


def collect_in_background(settings: Settings, store: Store) -> None:
    """After an install has changed something, and without its locks. Says nothing, whatever comes
    of it."""
    if not settings.garbage.auto or store.frozen:
        return
    try:
        if 0 <= time.time() - os.stat(store.collected).st_mtime < _DAY_SECONDS:
            return
        os.utime(store.collected)  # who comes next need not do the same
        command = [sys.executable, "-I", "-m", "graft", "store", "gc", "--auto"]
        leave_running(command, cwd=store.root, environ=os.environ)
    except FileNotFoundError:
        _begin_waiting(store)
    except OSError:
        return


def _begin_waiting(store: Store) -> None:
    try:
        write_file(store.collected, b"")
        if is_for_group(store.root):
            os.chmod(store.collected, 0o660)  # its time is for all of them to set
    except OSError:
        return
