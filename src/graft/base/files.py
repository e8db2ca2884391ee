"""Files that appear whole or not at all, and trees that are removed without following links."""

from __future__ import annotations

import errno
import os
import stat

_FOR_GROUP = stat.S_ISGID | stat.S_IWGRP
# What the system says where there is no room: on the file system, for this user, in one file.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What it says to those who may not write.
NOT_PERMITTED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def temporary_sibling(path: str) -> str:
    """A fresh name in the same folder, recognisable as junk if its maker dies."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".tmp-{os.getpid()}-{os.urandom(4).hex()}-{name[:40]}")


def write_atomic(path: str, data: bytes, *, durable: bool = False, mode: int = 0o666) -> None:
    """Replace ``path`` by ``data`` in one rename, keeping the mode of a file that is there.

    ``mode`` is what a new file gets, less the umask. ``durable`` flushes to disk first: for
    files that nobody could make again.
    """
    staged = temporary_sibling(path)
    try:
        write_file(staged, data, mode=mode, durable=durable)
        copy_mode(path, staged)
        os.replace(staged, path)
    except BaseException:
        remove_file(staged)
        raise


def write_file(
    path: str, data: bytes | memoryview, *, mode: int = 0o666, durable: bool = False
) -> None:
    """Create a new file; an existing one is an error, so nothing is written through a link."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
    except OSError as error:
        error.filename = path  # calls that only know a number cannot say
        raise
    finally:
        os.close(descriptor)


def copy_mode(source: str, target: str) -> None:
    """Give ``target`` the mode of ``source`` if that is there: all of it, whatever the umask."""
    try:
        os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))
    except FileNotFoundError:
        pass


def is_for_group(folder: str) -> bool:
    """Whether a folder was made for a group to work in: setgid, and its group may write."""
    try:
        return os.stat(folder).st_mode & _FOR_GROUP == _FOR_GROUP
    except OSError:
        return False


def read_file(path: str) -> bytes | None:
    """The file's bytes, or None where there is no such file. Raises OSError for what is no file:
    a pipe would be waited for, and some devices never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        seen = os.fstat(descriptor)
        if stat.S_ISREG(seen.st_mode):
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()
        if os.path.samestat(seen, os.stat(os.devnull)):
            return b""  # how people say that there is none
        kind = errno.EISDIR if stat.S_ISDIR(seen.st_mode) else errno.EINVAL
        raise OSError(kind, "it is no regular file", path)
    finally:
        os.close(descriptor)


def remove_file(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def remove_tree(path: str) -> None:
    """Remove a folder, read-only parts included; a link at ``path`` is unlinked, not followed."""
    if os.path.islink(path) or not os.path.isdir(path):
        remove_file(path)
        return
    import shutil  # costs more to load than most commands take

    for folder, _, _ in os.walk(path):
        os.chmod(folder, 0o700)
    shutil.rmtree(path)
