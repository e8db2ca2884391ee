"""Locks between processes. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os

from graft.base.files import is_for_group, temporary_sibling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What file systems say that have no locks to give.
_LOCKLESS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
# A holder's name is the first line, so that a shorter one need not wipe a longer one out.
_NAME_BYTES = 500
_for_group: dict[str, bool] = {}


class FileLock:
    """An advisory lock on a file, which is created if missing. A context manager.

    An exclusive holder leaves its name, one line, in the file; ``waiting`` is told that name, once,
    if the lock is not free at first. With ``wait=False`` nobody waits: ``held`` says whether it was
    free. With ``inherited``, a program that is run in this one's place goes on holding it.

    Whoever holds the lock alone may remove its file: who has waited for it meanwhile finds that the
    path leads elsewhere, and takes the lock that is there now. A ``lasting`` file is never removed,
    which saves looking. Raises ``OSError``; where the file system has no locks, with the path of
    the file and a number of ``is_lockless``.

    With ``create=False`` nothing is written: what is there is locked, a folder too, and where that
    is not possible nobody waits, as for those who may only read.
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
        create: bool = True,
    ) -> None:
        self.held = False
        self._wait = wait
        self._path = path
        self._inherited = inherited
        self._lasting = lasting
        self._kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        self._create = create
        self._holder = holder if exclusive and create else ""
        self._waiting = waiting
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        while not self._attempt():
            pass
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _attempt(self) -> bool:
        """False if the file was removed before it could be locked."""
        try:
            self._descriptor = open_lock(self._path, create=self._create)
            if self._take() and not (self._lasting or self._is_there()):
                self.__exit__()
                return False
            if self.held and self._holder:
                os.pwrite(self._descriptor, f"{self._holder}\n".encode(), 0)
            if self._inherited:
                os.set_inheritable(self._descriptor, True)
        except BaseException as error:
            self.__exit__()
            if self._create or not isinstance(error, OSError):
                raise
        return True

    def _take(self) -> bool:
        try:
            fcntl.flock(self._descriptor, self._kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not self._wait:
                return False
            if self._waiting:
                self._waiting(_named(self._descriptor))
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


def open_lock(path: str, *, create: bool = True) -> int:
    """A descriptor of the file of a lock, which is created if missing, or only read. In a folder
    that is made for a group, all of the group can lock it from the moment that it is there."""
    if not create:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if not locks_for_group(os.path.dirname(path)):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    while True:
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            _create_for_group(path)


def locks_for_group(folder: str) -> bool:
    """Whether the locks in a folder are for a group. It is looked at once: a folder of locks does
    not change hands while one is held."""
    known = _for_group.get(folder)
    if known is None:
        known = _for_group[folder] = is_for_group(folder)
    return known


def _create_for_group(path: str) -> None:
    staged = temporary_sibling(path)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.fchmod(descriptor, 0o664)
        os.link(staged, path)
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
        os.unlink(staged)


def holder_of(path: str) -> str | None:
    """Who holds a lock alone, as it calls itself; None if nobody does. Looking takes the lock for
    a moment, so it is for those who wait anyway."""
    try:
        return _in_the_way(path, fcntl.LOCK_SH)
    except OSError:
        return None


def is_held(path: str) -> bool:
    """Whether anybody holds a lock that is there. Looking takes it for a moment."""
    try:
        return _in_the_way(path, fcntl.LOCK_EX) is not None
    except FileNotFoundError:
        return False


def _in_the_way(path: str, kind: int) -> str | None:
    """Who keeps a lock of that kind from being taken, as it calls itself; None if nobody does."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(descriptor)
    finally:
        os.close(descriptor)
    return None


def is_lockless(error: OSError) -> bool:
    """Whether a file system refused a lock because it has none."""
    return error.errno in _LOCKLESS


def _named(descriptor: int) -> str:
    """What the holder calls itself; empty for a folder, in which nobody can leave a name."""
    try:
        line = os.pread(descriptor, _NAME_BYTES, 0).partition(b"\n")[0]
    except IsADirectoryError:
        return ""
    return line.decode(errors="replace").strip()
