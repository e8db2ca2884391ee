"""Objects and private slots of another store, made this one's own.

An archive's integrity cannot be computed from its files, so what counts is what the other store
took down when it unpacked the archive: every byte is compared with that. Files are reflinks or
copies: no file is the same in two stores, as whoever owns the other one could write to it.
"""

from __future__ import annotations

import json
import os

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import read_file, remove_tree, temporary_sibling, write_atomic, write_file
from graft.base.inventories import INVENTORY
from graft.model.integrity import Integrity
from graft.store.admission import object_text
from graft.store.complete import lacking_slots
from graft.store.objects import (
    FOLDER_MODE,
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


def adopt_object(store: Store, other: Store, integrity: Integrity) -> bool:
    """Whether the object is here now; False if the other store's is not what it should be, and then
    nothing of it is left."""
    theirs = find_object(other, integrity)
    if theirs is None:
        return False
    final = os.path.join(store.objects, integrity.file_name)
    staged = temporary_sibling(final)
    below = f"node_modules/{theirs.package}"
    package = f"{staged}/{below}"
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
        Cloner(shared=False).clone(theirs.folder, package, theirs.files)
        if not holds_just(package, theirs.files):
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
        Cloner(shared=False).clone(finished.folder, f"{staged}/{below}", finished.files)
        if not all(holds(f"{staged}/{below}/{f.path}", f) for f in finished.files):
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
