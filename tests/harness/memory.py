"""A folder in memory, for files that tests make: nothing waits for a disk there."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path("/dev/shm")
# Containers often have just a little.
_ENOUGH = 2 << 30


def memory() -> Path | None:
    """Where there is such a folder, with room enough, and programs in it may run."""
    try:
        found = os.statvfs(_FOLDER)
    except OSError:
        return None
    if found.f_flag & os.ST_NOEXEC or found.f_bavail * found.f_frsize < _ENOUGH:
        return None
    return _FOLDER if os.access(_FOLDER, os.W_OK | os.X_OK) else None
