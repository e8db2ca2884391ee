"""Locks between processes. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class FileLock:
    """An advisory lock on a file, which is created if missing and never removed, so that locking
    cannot race with removal. A context manager.

    An exclusive holder leaves its name in the file; ``waiting`` is told that name, once, if the
    lock is not free at first. With ``wait=False`` nobody waits: ``held`` says whether it was free.
    With ``inherited``, a program that is run in this one's place goes on holding it.
    """

    def __init__(
        self,
        path: str,
        *,
        exclusive: bool,
        holder: str = "",
        waiting: Callable[[str], None] | None = None,
        wait: bool = True,
        inherited: bool = False,
    ) -> None:
        self.held = False
        self._wait = wait
        self._path = path
        self._inherited = inherited
        self._kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        self._holder = holder if exclusive else ""
        self._waiting = waiting
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.set_inheritable(self._descriptor, self._inherited)
        try:
            self._take()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _take(self) -> None:
        try:
            fcntl.flock(self._descriptor, self._kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not self._wait:
                return
            if self._waiting:
                named = os.pread(self._descriptor, 500, 0).decode(errors="replace").strip()
                self._waiting(named)
            fcntl.flock(self._descriptor, self._kind)
        self.held = True
        if self._holder:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, self._holder.encode(), 0)
