"""Named places where a crash would hurt most.

Production code calls ``point`` where something becomes visible to others. It does nothing unless a
test has armed it in the same process; there is no switch in the environment.
"""

from __future__ import annotations

import os

_armed: dict[str, int] = {}


def arm(name: str, occurrence: int) -> None:
    """End this process, as a power cut would, when ``name`` is reached that many times."""
    _armed[name] = occurrence


def point(name: str) -> None:
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
