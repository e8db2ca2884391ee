"""A folder's files in two places: reflinks where the file system has them, else hard links, else
copies."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Sequence
from typing import Protocol

from graft.base import trees

_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_NOT_HERE = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)


class File(Protocol):
    """``path`` is relative to the folder; a copy gets ``mode``."""

    @property
    def path(self) -> str: ...

    @property
    def mode(self) -> int: ...


class Cloner:
    """Remembers what the file system refused, so that each way is tried in vain only once.

    With ``shared`` false no file is the same as its source: there are no hard links.
    """

    def __init__(self, *, shared: bool = True) -> None:
        self._reflinks = hasattr(os, "O_TMPFILE")  # Linux: the ioctl below is its own
        self._hard_links = shared
        self.apart = False
        """Whether files were copied that would have been hard links on one file system."""

    @property
    def way(self) -> str:
        """How the last file came to be where it is, as far as is known."""
        if self._reflinks:
            return "reflinks"
        return "hard links" if self._hard_links else "copies"

    def clone(self, source: str, target: str, files: Sequence[File]) -> None:
        """Make ``target``, where the folders are and the files are not, hold what the files of
        ``source`` hold."""
        left = list(files[self.reflink(source, target, files) :])
        while left and self._hard_links:
            linked, refused = trees.link_files(source, target, [file.path for file in left])
            del left[:linked]
            if refused in _NOT_HERE:
                self._hard_links = False
                self.apart = refused == errno.EXDEV
            elif refused == errno.EMLINK:  # this one file has all the links it can have
                _copy(source, target, left.pop(0))
            elif refused:
                raise OSError(refused, os.strerror(refused), f"{target}/{left[0].path}")
        for file in left:
            _copy(source, target, file)

    def reflink(self, source: str, target: str, files: Sequence[File]) -> int:
        """The same with reflinks alone: how many files came about before the first that was
        refused."""
        done = 0
        while done < len(files) and self._reflinks and self._reflink(source, target, files[done]):
            done += 1
        return done

    def _reflink(self, source: str, target: str, file: File) -> bool:
        path = f"{target}/{file.path}"
        with open(f"{source}/{file.path}", "rb") as origin:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
            try:
                fcntl.ioctl(made, _FICLONE, origin.fileno())
                return True
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    error.filename = path
                    raise
                self._reflinks = False
            finally:
                os.close(made)
        os.unlink(path)
        return False


def can_reflink(source: str, folder: str) -> bool:
    """Whether a file in ``folder`` can share its blocks with the file ``source``."""
    import tempfile

    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        with open(source, "rb") as origin, tempfile.TemporaryFile(dir=folder) as made:
            fcntl.ioctl(made.fileno(), _FICLONE, origin.fileno())
            return True
    except OSError:
        return False


def _copy(source: str, target: str, file: File) -> None:
    import shutil  # costs more to load than most installs take

    path = f"{target}/{file.path}"
    shutil.copyfile(f"{source}/{file.path}", path)
    os.chmod(path, file.mode)
