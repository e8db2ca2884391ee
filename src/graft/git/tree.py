"""The files of a commit, as git's own database has them: no filter, hook or line ending of the
machine has a say in them."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from graft.model.files import PackedFile

if TYPE_CHECKING:
    from graft.git.mirror import Mirror

_FILES = {"100644": False, "100755": True, "100664": False}


class GitTree:
    """The files of a commit, as ``package_tree`` wants them; no links, no submodules. ``sizes`` are
    in bytes, by path, and ``size`` is their sum."""

    def __init__(self, mirror: Mirror, listed: bytes) -> None:
        self._mirror = mirror
        self.size = 0
        self.sizes: dict[str, int] = {}
        self._blobs: dict[str, str] = {}
        self._executable: set[str] = set()
        self._folders: dict[str, dict[str, bool]] = {"": {}}
        for entry in filter(None, listed.split(b"\0")):
            head, _, name = entry.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            path = name.decode(errors="surrogateescape")
            if mode in _FILES:
                self.size += int(size)
                self.sizes[path] = int(size)
                self._add(path, blob)
                if _FILES[mode]:
                    self._executable.add(path)

    @property
    def paths(self) -> Mapping[str, str]:
        """Of all files, and git's name for the contents of each."""
        return self._blobs

    def entries(self, folder: str) -> Mapping[str, bool]:
        return self._folders.get(folder, {})

    def text(self, path: str) -> str:
        (data,) = self._mirror.blobs([self._blobs[path]])
        return data.decode(errors="replace")

    def files(self, paths: Iterable[str]) -> Iterator[PackedFile]:
        wanted = list(paths)
        blobs = self._mirror.blobs([self._blobs[path] for path in wanted])
        for path, data in zip(wanted, blobs, strict=True):
            yield PackedFile(path, path in self._executable, data)

    def _add(self, path: str, blob: str) -> None:
        self._blobs[path] = blob
        is_folder = False
        while path:
            folder, _, name = path.rpartition("/")
            self._folders.setdefault(folder, {})[name] = is_folder
            path, is_folder = folder, True


def is_plain(path: str) -> bool:
    """A repository can be made to hold any name, such as one that leads out of it."""
    parts = path.split("/")
    return "\0" not in path and not any(p.lower() in ("", ".", "..", ".git") for p in parts)


def git_name(data: bytes) -> str:
    """What git calls these contents, in repositories with SHA-1."""
    return binascii.hexlify(hashlib.sha1(b"blob %d\0" % len(data) + data).digest()).decode()
