"""An archive's files in a folder: read-only, digested, with the modes that they will keep."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import nullcontext
from threading import Lock
from typing import Any

from graft.base import trees
from graft.base.diagnostics import GraftError
from graft.base.inventories import INVENTORY
from graft.model.names import check_name
from graft.store.archive import ArchiveFile, read_archive
from graft.store.archive_names import ArchiveRefused, shown
from graft.store.objects import FOLDER_MODE, ObjectFile, object_inventory

# What waits to be written in one go. Nearly every archive is smaller; of a larger one this is all
# that is in memory at once.
_MAX_WAITING_BYTES = 32 * 1024**2
_MAX_WAITING_FILES = 2048

# Archives from this size on are unpacked one at a time: each may take several times its size.
_LARGE = 8 * 1024**2
_one_large_archive = Lock()

_NAMELESS = "package"


def unpack(
    data: bytes, root: str, *, subject: str, bare: bool = False
) -> tuple[str, tuple[ObjectFile, ...]]:
    """Make the folder ``root``, and in ``root/node_modules/<package>`` the archive's files.

    Returns the package and the files, sorted by path. The package is what the archive calls itself:
    one archive makes one tree, whoever asks for it. ``subject`` is who does, for messages. ``bare``
    archives need no package.json. Raises ``ArchiveRefused``, with part of it written.
    """
    os.mkdir(root)
    unpacking = _Unpacking(root)
    with _one_large_archive if len(data) > _LARGE else nullcontext():
        for file in read_archive(data):
            unpacking.add(file)
        return unpacking.finish(subject, bare)


class _Unpacking:
    """Files wait until enough of them can be written in one call. They lie in ``files`` until it
    is known what the package is called."""

    def __init__(self, root: str) -> None:
        self._root = root
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
        self._folders.add_parents(f"files/{path}")
        if path == "package.json":
            self._package_json = bytes(data)
        self._waiting.append((path, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _MAX_WAITING_BYTES or len(self._waiting) > _MAX_WAITING_FILES:
            self._write()

    def finish(self, subject: str, bare: bool) -> tuple[str, tuple[ObjectFile, ...]]:
        if self._package_json is None and not (bare and self._files):
            lacks = "no file in a folder" if bare else "no package.json"
            raise ArchiveRefused(f"it holds {lacks}, so it is not {subject}")
        said = _manifest(self._package_json or b"")
        waiting = {path for path, _ in self._waiting}
        # Many packages are published without the bit on what their own manifest calls a command;
        # npm sets it when it links, which a read-only store cannot.
        for path in bin_targets(said) & self._files.keys():
            entry = self._files[path] = self._files[path]._replace(executable=True)
            if path not in waiting:
                os.chmod(f"{self._root}/files/{path}", entry.mode)
        self._write()
        package = _name(said)
        files = tuple(sorted(self._files.values()))
        self._put_in_place(package, object_inventory(package, files))
        return package, files

    def _write(self) -> None:
        files = [(f"files/{path}", self._files[path].mode, data) for path, data in self._waiting]
        trees.build(self._root, self._folders.paths[self._written_folders :], files, ())
        self._written_folders = len(self._folders.paths)
        self._waiting.clear()
        self._waiting_bytes = 0

    def _put_in_place(self, package: str, listed: bytes) -> None:
        above = trees.Folders()
        above.add_parents(f"node_modules/{package}")
        trees.build(self._root, above.paths, [(INVENTORY, 0o444, listed)], ())
        # The folder that moves last: moving it needs permission to write in it.
        _, *within = self._folders.paths
        trees.set_modes(self._root, within, FOLDER_MODE)
        os.rename(f"{self._root}/files", f"{self._root}/node_modules/{package}")
        trees.set_modes(self._root, [f"node_modules/{package}", *above.paths, "."], FOLDER_MODE)


def _manifest(package_json: bytes) -> dict[str, Any]:
    """Empty where it is no JSON object: then the registry's word about the package has to do."""
    try:
        said = json.loads(package_json.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _name(said: dict[str, Any]) -> str:
    name = said.get("name")
    try:
        return check_name(name) if isinstance(name, str) else _NAMELESS
    except GraftError:
        return _NAMELESS


def bin_targets(said: dict[str, Any]) -> frozenset[str]:
    """The paths of files that a package.json calls commands."""
    bins = said.get("bin")
    targets = bins.values() if isinstance(bins, dict) else [bins]
    return frozenset(os.path.normpath(path) for path in targets if isinstance(path, str) and path)
