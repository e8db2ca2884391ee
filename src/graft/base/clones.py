"""One file's bytes in two places: a reflink where the file system has them, else a hard link,
else a copy."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil

_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_NOT_HERE = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)


class Cloner:
    """Remembers what the file system refused, so that each way is tried in vain only once."""

    def __init__(self) -> None:
        self._reflinks = hasattr(os, "O_TMPFILE")  # Linux: the ioctl below is its own
        self._hard_links = True

    def clone(self, source: str, target: str, mode: int) -> None:
        """Make ``target``, which must not exist, hold the bytes of ``source``."""
        if self._reflinks and self._reflink(source, target, mode):
            return
        if self._hard_links:
            try:
                os.link(source, target)
                return
            except OSError as error:
                if error.errno == errno.EMLINK:
                    pass  # this one file has all the links it can have
                elif error.errno in _NOT_HERE:
                    self._hard_links = False
                else:
                    raise
        shutil.copyfile(source, target)
        os.chmod(target, mode)

    def _reflink(self, source: str, target: str, mode: int) -> bool:
        with open(source, "rb") as origin:
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            try:
                fcntl.ioctl(made, _FICLONE, origin.fileno())
                return True
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                self._reflinks = False
            finally:
                os.close(made)
        os.unlink(target)
        return False
