"""Locks between processes. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def file_lock(
    path: str, *, exclusive: bool, holder: str = "", waiting: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold an advisory lock on ``path`` (created if missing; never removed, so it cannot race).

    An exclusive holder leaves its name in the file; ``waiting`` is told that name, once, if the
    lock is not free at first.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        wanted = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(descriptor, wanted | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting(os.pread(descriptor, 500, 0).decode(errors="replace").strip())
            fcntl.flock(descriptor, wanted)
        if exclusive and holder:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
        yield
    finally:
        os.close(descriptor)
