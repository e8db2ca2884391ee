"""Whether what a parent's lock names is there, to the level that is asked for.

``lock`` believes the lock, and sees that there is a folder; ``shape`` (the default) sees that every
file and link is there in its size; ``content`` compares every byte with the digests that were taken
when the package was unpacked, and remembers how files looked that were found right.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from graft.base.files import read_file, write_atomic
from graft.donors.parent import Parent, Shelf, store_at
from graft.model.integrity import parse_integrity
from graft.model.provenance import CONTENT, LOCK
from graft.store.check import slot_is_intact
from graft.store.complete import lacking_slots
from graft.store.objects import ObjectFile, StoredObject, find_object, holds_just
from graft.store.paths import Store, path_digest
from graft.store.private import read_private_slot
from graft.store.slots import Slot


class Looks:
    """What was seen of one parent. ``slots`` are all that may be asked about: those of a store are
    looked at in one go."""

    def __init__(
        self, parent: Parent, slots: Iterable[Slot], level: str, cache_root: str = ""
    ) -> None:
        self._parent = parent
        self._names = sorted({slot.name for slot in slots})
        self._level = level
        self._seen: dict[tuple[str, str], str] = {}
        self._lacking: dict[str, set[str]] = {}
        self._cache = f"{cache_root}/donors/{path_digest(parent.path)}.json" if cache_root else ""
        self._known = _read_known(self._cache) if level == CONTENT else {}
        self._fresh: dict[str, str] = {}

    def __call__(self, shelf: Shelf, slot: Slot) -> str:
        """Empty, or why the slot is not taken from there."""
        key = shelf.root, slot.name
        if key not in self._seen:
            self._seen[key] = self._look(shelf, slot)
        return self._seen[key]

    def object_of(self, slot: Slot) -> tuple[Store, StoredObject] | None:
        """The package's own object in one of the parent's stores."""
        for root in self._parent.stores:
            store = store_at(root)
            stored = find_object(store, parse_integrity(slot.integrity))
            if stored is not None:
                return store, stored
        return None

    def remember(self) -> None:
        """Keep how what was found right by its bytes looked."""
        if self._cache and self._fresh:
            with suppress(OSError):  # it only saves time
                os.makedirs(os.path.dirname(self._cache), exist_ok=True)
                write_atomic(self._cache, json.dumps({**self._known, **self._fresh}).encode())

    def _look(self, shelf: Shelf, slot: Slot) -> str:
        folder = shelf.package(slot.name, slot.package)
        if not os.path.lexists(f"{shelf.root}/{slot.name}"):
            return "missing"
        if not os.path.isdir(folder):
            return "dangling"
        if self._level == LOCK:
            return ""
        return self._of_store(shelf, slot) if shelf.store else self._of_project(folder, slot)

    def _of_store(self, shelf: Shelf, slot: Slot) -> str:
        store = store_at(shelf.store)
        if shelf.store not in self._lacking:
            there = [name for name in self._names if os.path.isdir(store.slot(name))]
            self._lacking[shelf.store] = lacking_slots(store, there)
        if slot.name in self._lacking[shelf.store]:
            return "incomplete"
        if self._level != CONTENT:
            return ""
        stored = find_object(store, parse_integrity(slot.integrity))
        if stored is None:
            return "unverifiable"
        folder = os.path.realpath(shelf.package(slot.name, slot.package))
        look = _look_of(folder)
        if self._known.get(folder) == look:
            return ""
        if not slot_is_intact(store, slot, stored):
            return "dirty"
        self._fresh[folder] = look
        return ""

    def _of_project(self, folder: str, slot: Slot) -> str:
        """A folder of files in a project has no inventory: the store that it was made from has."""
        files = self._files(slot)
        if files is None:
            return "unverifiable"
        if not all(_has_size(f"{folder}/{file.path}", file.size) for file in files):
            return "incomplete"
        if self._level != CONTENT:
            return ""
        look = _look_of(folder)
        if self._known.get(folder) == look:
            return ""
        if not holds_just(folder, files):
            return "dirty"
        self._fresh[folder] = look
        return ""

    def _files(self, slot: Slot) -> tuple[ObjectFile, ...] | None:
        if not slot.salt:
            found = self.object_of(slot)
            return found[1].files if found else None
        for root in self._parent.stores:
            finished = read_private_slot(store_at(root), slot)
            if finished is not None:
                return finished.files
        return None


def _has_size(path: str, size: int) -> bool:
    try:
        return os.lstat(path).st_size == size
    except OSError:
        return False


def _look_of(folder: str) -> str:
    """One text for how all that lies in a folder looks: it changes whenever a file does."""
    digest = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted((*folders, *names)):
            seen = os.lstat(f"{place}/{name}")
            line = f"{place}/{name} {seen.st_mode} {seen.st_size} {seen.st_ino} {seen.st_mtime_ns}"
            digest.update(f"{line} {seen.st_ctime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read_known(path: str) -> Mapping[str, str]:
    try:
        said = json.loads((read_file(path) if path else b"") or b"{}")
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
