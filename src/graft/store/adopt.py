"""Objects and private slots of another store, made this one's own.

An archive's integrity cannot be computed from its files, so what counts is what the other store
took down when it unpacked the archive: every byte is compared with that. Files are reflinks or
copies: no file is the same in two stores, as whoever owns the other one could write to it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import read_file, remove_tree, temporary_sibling, write_atomic, write_file
from graft.base.inventories import INVENTORY
from graft.model.integrity import Integrity
from graft.store.admission import object_text
from graft.store.complete import lacking_slots
from graft.store.objects import (
    FOLDER_MODE,
    ObjectFile,
    StoredObject,
    find_object,
    has_inventory,
    holds,
    holds_just,
    object_folder,
    object_inventory,
    object_record,
)
from graft.store.paths import Store
from graft.store.private import read_private_slot
from graft.store.slots import Slot, slot_links
from graft.store.trash import publish

# How much is held in memory before it is written.
_BATCH_BYTES = 32 * 1024**2


def adopt_object(store: Store, other: Store, integrity: Integrity) -> bool:
    """Whether the object is here now; False if the other store's is not what it should be, and then
    nothing of it is left."""
    theirs = find_object(other, integrity)
    if theirs is None:
        return False
    final = os.path.join(store.objects, integrity.file_name)
    staged = temporary_sibling(final)
    below = f"node_modules/{theirs.package}"
    folder = object_folder(store, integrity, theirs.package)
    stored = StoredObject(package=theirs.package, folder=folder, files=theirs.files)
    folders = trees.Folders()
    folders.add_parents(f"{below}/package.json")
    for file in theirs.files:
        folders.add_parents(f"{below}/{file.path}")
    try:
        os.mkdir(staged)
        listed = object_inventory(theirs.package, theirs.files)
        trees.build(staged, folders.paths, [(INVENTORY, 0o444, listed)], [])
        if not _bring(theirs.folder, staged, below, theirs.files):
            return False
        trees.set_modes(staged, [*folders.paths, "."], FOLDER_MODE)
        publish(
            store,
            staged,
            final,
            lambda: has_inventory(store, integrity, stored) and holds_just(folder, stored.files),
        )
        write_atomic(object_record(store, integrity), object_text(stored, integrity))
    except (FileNotFoundError, PermissionError):
        return False
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)
    return True


def _bring(source: str, staged: str, below: str, files: Sequence[ObjectFile]) -> bool:
    """Whether ``staged/below``, where the folders are, holds now what ``source`` should: each file
    is compared with what was taken down of it. What cannot be a reflink is read once, and what was
    compared is what is written."""
    target = f"{staged}/{below}"
    cloned = Cloner(shared=False).reflink(source, target, files)
    if not all(holds(f"{target}/{file.path}", file) for file in files[:cloned]):
        return False
    batch: list[tuple[str, int, bytes]] = []
    size = 0
    for file in files[cloned:]:
        data = read_file(f"{source}/{file.path}")
        if data is None or hashlib.sha256(data).hexdigest() != file.digest:
            return False
        batch.append((f"{below}/{file.path}", file.mode, data))
        size += len(data)
        if size > _BATCH_BYTES:
            trees.build(staged, [], batch, [])
            batch, size = [], 0
    trees.build(staged, [], batch, [])
    return True


def adopt_private_slot(store: Store, other: Store, slot: Slot) -> bool:
    """The same for a slot of patched or built files, whose object is here. Its name says all that
    it was made from, and what lies below it."""
    finished = read_private_slot(other, slot)
    record = read_file(os.path.join(other.slot(slot.name), "slot.json"))
    listed = read_file(os.path.join(other.slot(slot.name), INVENTORY))
    if finished is None or record is None or listed is None or finished.beside:
        return False
    if json.loads(record).get("salt") != slot.salt:
        return False
    stored = StoredObject(package=slot.package, folder=finished.folder, files=finished.files)
    links = slot_links(store, slot, stored)
    links |= {f"{slot.package}/{path}": target for path, target in finished.links.items()}
    staged = temporary_sibling(store.slot(slot.name))
    below = f"node_modules/{slot.package}"
    folders = trees.Folders()
    for path in links:
        folders.add_parents(f"node_modules/{path}")
    folders.add_parents(f"{below}/package.json")
    for file in finished.files:
        folders.add_parents(f"{below}/{file.path}")
    try:
        os.mkdir(staged)
        made = [(f"node_modules/{path}", target) for path, target in links.items()]
        trees.build(staged, folders.paths, [], made)
        if not _bring(finished.folder, staged, below, finished.files):
            return False
        write_file(f"{staged}/slot.json", record, mode=0o444)
        write_file(f"{staged}/{INVENTORY}", listed, mode=0o444)
        trees.set_modes(staged, [*folders.paths, "."], FOLDER_MODE)
        publish(
            store,
            staged,
            store.slot(slot.name),
            lambda: not lacking_slots(store, [slot.name]),
        )
    except (FileNotFoundError, PermissionError):
        return False
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)
    return True
