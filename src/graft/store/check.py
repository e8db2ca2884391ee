"""Whether what lies in the store is still what was put there: bytes against digests."""

from __future__ import annotations

import hashlib
import os

from graft.store.objects import ObjectFile, StoredObject
from graft.store.paths import Store
from graft.store.slots import Slot, slot_links


def object_is_intact(stored: StoredObject) -> bool:
    """Every file is there with its bytes; rehashes all of them."""
    return all(_holds(os.path.join(stored.folder, file.path), file) for file in stored.files)


def slot_is_intact(store: Store, slot: Slot, stored: StoredObject) -> bool:
    """The slot's files are those of its object, itself intact, and its links are in place."""
    package = store.package(slot.name, slot.package)
    modules = os.path.join(store.slot(slot.name), "node_modules")
    return all(
        _same_file(os.path.join(package, file.path), os.path.join(stored.folder, file.path))
        or _holds(os.path.join(package, file.path), file)
        for file in stored.files
    ) and all(_leads(os.path.join(modules, path), to) for path, to in slot_links(slot).items())


def _holds(path: str, file: ObjectFile) -> bool:
    try:
        with open(path, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == file.digest
    except OSError:
        return False


def _same_file(first: str, second: str) -> bool:
    """Hard links to one file: then the object's check was this file's check."""
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False


def _leads(path: str, target: str) -> bool:
    try:
        return os.readlink(path) == target
    except OSError:
        return False
