"""Locks between processes. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What file systems say that have no locks to give.
_LOCKLESS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
# A holder's name is the first line, so that a shorter one need not wipe a longer one out.
_NAME_BYTES = 500


class FileLock:
    """An advisory lock on a file, which is created if missing. A context manager.

    An exclusive holder leaves its name, one line, in the file; ``waiting`` is told that name, once,
    if the lock is not free at first. With ``wait=False`` nobody waits: ``held`` says whether it was
    free. With ``inherited``, a program that is run in this one's place goes on holding it.

    Whoever holds the lock alone may remove its file: who has waited for it meanwhile finds that the
    path leads elsewhere, and takes the lock that is there now. A ``lasting`` file is never removed,
    which saves looking. Raises ``OSError``; where the file system has no locks, with the path of
    the file and a number of ``is_lockless``.
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
        lasting: bool = False,
    ) -> None:
        self.held = False
        self._wait = wait
        self._path = path
        self._inherited = inherited
        self._lasting = lasting
        self._kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        self._holder = holder if exclusive else ""
        self._waiting = waiting
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        while not self._attempt():
            pass
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _attempt(self) -> bool:
        """False if the file was removed before it could be locked."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            if self._take() and not (self._lasting or self._is_there()):
                os.close(self._descriptor)
                return False
            if self.held and self._holder:
                os.pwrite(self._descriptor, f"{self._holder}\n".encode(), 0)
            if self._inherited:
                os.set_inheritable(self._descriptor, True)
        except BaseException:
            os.close(self._descriptor)
            raise
        return True

    def _take(self) -> bool:
        try:
            fcntl.flock(self._descriptor, self._kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not self._wait:
                return False
            if self._waiting:
                self._waiting(_first_line(os.pread(self._descriptor, _NAME_BYTES, 0)))
                self._waiting = None
            fcntl.flock(self._descriptor, self._kind)
        except OSError as error:
            error.filename = self._path
            raise
        self.held = True
        return True

    def _is_there(self) -> bool:
        """Whether the path still leads to the file that is locked."""
        mine = os.fstat(self._descriptor)
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def holder_of(path: str) -> str | None:
    """Who holds a lock alone, as it calls itself; None if nobody does. Looking takes the lock for
    a moment, so it is for those who wait anyway."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _first_line(os.pread(descriptor, _NAME_BYTES, 0))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def is_lockless(error: OSError) -> bool:
    """Whether a file system refused a lock because it has none."""
    return error.errno in _LOCKLESS


def _first_line(data: bytes) -> str:
    return data.partition(b"\n")[0].decode(errors="replace").strip()
