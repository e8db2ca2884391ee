"""An archive's files in a folder: read-only, digested, with the modes that they will keep."""

from __future__ import annotations

import hashlib
import json
import os

from graft.base import trees
from graft.store.archive import ArchiveFile, ArchiveRefused, read_archive, shown
from graft.store.objects import FOLDER_MODE, ObjectFile

# Bytes that wait to be written in one go. Nearly every archive is smaller; of a larger one this is
# all that is in memory at once.
_MAX_WAITING = 32 * 1024**2


def unpack(data: bytes, folder: str, *, subject: str) -> tuple[ObjectFile, ...]:
    """Make ``folder`` hold the archive's files; they are returned sorted by path.

    ``subject`` is the package, for messages. Raises ``ArchiveRefused`` with part of it written.
    """
    os.mkdir(folder)
    unpacking = _Unpacking(folder)
    for file in read_archive(data):
        unpacking.add(file)
    return unpacking.finish(subject)


class _Unpacking:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[str, ObjectFile] = {}
        self._folders = trees.Folders()
        self._written_folders = 0
        self._waiting: list[tuple[str, bytes | memoryview]] = []
        self._waiting_bytes = 0
        self._package_json: bytes | None = None

    def add(self, file: ArchiveFile) -> None:
        path, data = file.path, file.data
        entry = ObjectFile(path, file.executable, len(data), hashlib.sha256(data).hexdigest())
        known = self._files.setdefault(path, entry)
        if known is not entry:
            if known != entry:
                raise ArchiveRefused(f"'{shown(path)}' is there twice, with different contents")
            return
        self._folders.add_parents(path)
        if path == "package.json":
            self._package_json = bytes(data)
        self._waiting.append((path, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _MAX_WAITING:
            self._write()

    def finish(self, subject: str) -> tuple[ObjectFile, ...]:
        if self._package_json is None:
            raise ArchiveRefused(f"it holds no package.json, so it is not {subject}")
        waiting = {path for path, _ in self._waiting}
        # Many packages are published without the bit on what their own manifest calls a command;
        # npm sets it when it links, which a read-only store cannot.
        for path in _bin_targets(self._package_json) & self._files.keys():
            entry = self._files[path] = self._files[path]._replace(executable=True)
            if path not in waiting:
                os.chmod(f"{self._folder}/{path}", entry.mode)
        self._write()
        trees.set_modes(self._folder, [*self._folders.paths, "."], FOLDER_MODE)
        return tuple(sorted(self._files.values()))

    def _write(self) -> None:
        files = [(path, self._files[path].mode, data) for path, data in self._waiting]
        trees.build(self._folder, self._folders.paths[self._written_folders :], files, ())
        self._written_folders = len(self._folders.paths)
        self._waiting.clear()
        self._waiting_bytes = 0


def _bin_targets(package_json: bytes) -> frozenset[str]:
    try:
        said = json.loads(package_json.removeprefix(b"\xef\xbb\xbf"))
        bins = said.get("bin")
    except (ValueError, AttributeError, RecursionError):
        return frozenset()
    targets = bins.values() if isinstance(bins, dict) else [bins]
    return frozenset(os.path.normpath(path) for path in targets if isinstance(path, str) and path)
