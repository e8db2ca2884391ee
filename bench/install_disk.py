"""The file system that installs are timed on: new for each round, where that is possible.

Deleting many files makes later installs slow on an ext4 without a journal, for minutes, and others
at work on the same file system change what is measured there. So, in a mount namespace of our own
(install_names), an image is formatted and mounted on the run's folder. Elsewhere the folder is a
plain one, in which trees are renamed away, and deleted only when they take too much space.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from install_names import pinned
from install_place import delete

_FORMAT = ("mkfs.ext4", "-q", "-F", "-i", "8192", "-m", "0", "-E", "lazy_itable_init=0,nodiscard")
_ONE_RUN = 0.25  # the part of the space that one tool takes in one scenario, at most
_REST = {True: 5.0, False: 120.0}  # seconds after deleting, with a file system of our own or not


class Disk:
    """``folder`` is where to work, and ``space`` how much of the disk that may take, in bytes."""

    def __init__(self, folder: Path, *, space: int, say: Callable[[str], None]) -> None:
        self.folder = folder
        self._image = folder.with_suffix(".ext4")
        self._space = space
        self._say = say
        self._own = False
        self._free = 0

    @property
    def words(self) -> str:
        return "new for each round" if self._own else "shared with others"

    def fresh(self) -> None:
        """An empty folder to work in, on a file system as new as can be had."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._own:
            self._unmount()
        self._own = pinned() and self._mount()
        if not self._own:
            self.relieve()
        if not self._free:
            self._free = shutil.disk_usage(self.folder).free

    def relieve(self) -> None:
        """Delete what was renamed away, if what comes next might else not fit."""
        used = self._free - shutil.disk_usage(self.folder).free
        if used < self._space * (1 - _ONE_RUN):
            return
        self._say(f"{used / 1e9:.0f} GB in use: deleting what was renamed away, and resting")
        delete(self.trash)
        os.sync()
        time.sleep(_REST[self._own])

    @property
    def trash(self) -> Path:
        return self.folder / "trash"

    def close(self) -> None:
        """Leave nothing behind."""
        if self._own:
            self._unmount()
        delete(self.folder)

    def _mount(self) -> bool:
        try:
            with self._image.open("wb") as image:
                image.truncate(self._space)  # sparse: it takes what is written to it
            self._call([*_FORMAT, str(self._image)])
            self._call(["mount", "-o", "loop", str(self._image), str(self.folder)])
        except (OSError, subprocess.CalledProcessError):
            self._image.unlink(missing_ok=True)
            return False
        return True

    def _unmount(self) -> None:
        self._call(["umount", str(self.folder)])
        self._image.unlink()

    @staticmethod
    def _call(command: Sequence[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
