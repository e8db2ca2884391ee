"""Objects: what an archive held, stored once per integrity, read-only.

An object is complete when its manifest, ``<object>.json``, exists. The manifest is published after
the folder, so a crash at any instant leaves nothing that reads as complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graft.base.files import (
    read_file,
    remove_file,
)
from graft.model.integrity import Integrity
from graft.store.paths import Store
from graft.store.trash import discard

MANIFEST_VERSION = 1

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


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A complete object: its folder and its files, sorted by path."""

    folder: str
    files: tuple[ObjectFile, ...]


def find_object(store: Store, integrity: Integrity) -> StoredObject | None:
    """The object if it is complete; an unreadable manifest counts as absent and is made again."""
    folder = os.path.join(store.objects, integrity.file_name)
    data = read_file(f"{folder}.json")
    if data is None:
        return None
    try:
        said = json.loads(data)
        files = tuple([ObjectFile(*entry) for entry in said["files"]])
    except (ValueError, KeyError, TypeError):
        return None
    if said.get("manifest") != MANIFEST_VERSION or not os.path.isdir(folder):
        return None
    return StoredObject(folder, files)


def has_object(store: Store, integrity: Integrity) -> bool:
    return os.path.exists(os.path.join(store.objects, f"{integrity.file_name}.json"))


def discard_object(store: Store, integrity: Integrity) -> None:
    """Remove an object; its manifest first, so that it is never complete without its files."""
    folder = os.path.join(store.objects, integrity.file_name)
    remove_file(f"{folder}.json")
    if os.path.isdir(folder):
        discard(store, folder)


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
