"""Two folders change places in one step, where the system can do that."""

from __future__ import annotations

import errno
import os
import sys

_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100  # fcntl.h
# The last: a folder of a lower layer, in a container.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EXDEV})


def exchange(first: str, second: str) -> bool:
    """Swap two existing paths on one file system. False if that cannot be done in one step here."""
    from graft.base.native import native  # a first install has nothing to exchange

    number = native.exchange(first, second) if native is not None else _exchange(first, second)
    if number in _UNSUPPORTED:
        return False
    if number:
        raise OSError(number, os.strerror(number), first, None, second)
    return True


def _exchange(first: str, second: str) -> int:
    """The error number; 0 if the two have changed places."""
    if sys.platform != "linux":
        return errno.ENOSYS
    import ctypes  # takes 10 ms to load

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return errno.ENOSYS
    paths = os.fsencode(first), os.fsencode(second)
    done = rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE)
    return 0 if done == 0 else ctypes.get_errno()
