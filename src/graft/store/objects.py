"""Objects: what an archive held, stored once per integrity, read-only.

The files lie in ``<object>/node_modules/<package>``, so that a package without dependencies can be
used where it lies (store/slots.py). An object is complete when its manifest, ``<object>.json``,
exists. The manifest is published after the folder, so a crash at any instant leaves nothing that
reads as complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_file
from graft.base.inventories import INVENTORY, inventory
from graft.base.records import Record
from graft.model.integrity import Integrity
from graft.model.names import check_name
from graft.store.paths import Store

MANIFEST_VERSION = 2

# Nothing may be added to an object or a slot once it is there, by a generator or by hand.
FOLDER_MODE = 0o555


class ObjectFile(NamedTuple):
    """``path`` is relative and ``/``-separated; ``digest`` is the sha256 of the bytes, in hex."""

    path: str
    executable: bool
    size: int
    digest: str

    @property
    def mode(self) -> int:
        """The mode on disk. The package's own modes are 0755 and 0644; nothing in a store has
        write bits."""
        return 0o555 if self.executable else 0o444


class StoredObject(Record):
    """A complete object: the package that it calls itself, the folder of its files, and those,
    sorted by path."""

    package: str
    folder: str
    files: tuple[ObjectFile, ...]


def find_object(store: Store, integrity: Integrity) -> StoredObject | None:
    """The object if it is complete; an unreadable manifest counts as absent and is made again."""
    data = read_file(object_record(store, integrity))
    if data is None:
        return None
    try:
        said = json.loads(data)
        files = tuple([ObjectFile(*entry) for entry in said["files"]])
        package = said["package"]
        check_name(package)
    except (ValueError, KeyError, TypeError, GraftError):
        return None
    folder = object_folder(store, integrity, package)
    if said.get("manifest") != MANIFEST_VERSION or not os.path.isdir(folder):
        return None
    return StoredObject(package=package, folder=folder, files=files)


def has_object(store: Store, integrity: Integrity) -> bool:
    return os.path.exists(object_record(store, integrity))


def object_record(store: Store, integrity: Integrity) -> str:
    return f"{store.objects}/{integrity.file_name}.json"


def object_folder(store: Store, integrity: Integrity, package: str) -> str:
    return f"{store.objects}/{integrity.file_name}/node_modules/{package}"


def object_inventory(package: str, files: Iterable[ObjectFile]) -> bytes:
    """For the cheap check (store/complete.py)."""
    front, behind = sized(f"node_modules/{package}", files)
    return inventory(front, behind=behind)


def sized(
    folder: str, files: Iterable[ObjectFile]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """A package's files as inventories have them, below ``folder``: those that lie in no folder of
    the package, and the others."""
    found: tuple[list[tuple[str, int]], list[tuple[str, int]]] = [], []
    for file in files:
        found["/" in file.path].append((f"{folder}/{file.path}", file.size))
    return found


def distrust_object(store: Store, integrity: Integrity) -> None:
    """Have an object fetched anew. Its files stay until then: there may be projects that run with
    them, and what is left is better than nothing."""
    remove_file(object_record(store, integrity))


def has_inventory(store: Store, integrity: Integrity, stored: StoredObject) -> bool:
    path = f"{store.objects}/{integrity.file_name}/{INVENTORY}"
    return read_file(path) == object_inventory(stored.package, stored.files)


def holds_just(folder: str, files: Iterable[ObjectFile]) -> bool:
    """Every file is there with its bytes, and nothing else is; rehashes all of them."""
    return all(holds(os.path.join(folder, file.path), file) for file in files) and (
        set(entries(folder)) == {file.path for file in files}
    )


def holds(path: str, file: ObjectFile) -> bool:
    """``path`` is that file: its bytes, and whether it may be run."""
    try:
        with open(path, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            same = hashlib.file_digest(opened, "sha256").hexdigest() == file.digest
    except OSError:
        return False
    return same and stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR) == file.executable


def entries(folder: str) -> Iterator[str]:
    """Everything below a folder that is not a folder itself, by relative path."""
    for place, folders, files in os.walk(folder):
        below = os.path.relpath(place, folder)
        for name in (*files, *(f for f in folders if os.path.islink(os.path.join(place, f)))):
            yield name if below == "." else f"{below}/{name}"
