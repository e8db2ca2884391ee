"""What lies in a store, and a look at each object and slot by itself: these may run in threads."""

from __future__ import annotations

import os
from collections.abc import Collection

from graft.base.records import Record
from graft.model.integrity import Integrity, integrity_of_file
from graft.store.check import Fault, Inode, faults, inodes_of, object_tree, slot_tree
from graft.store.objects import find_object
from graft.store.paths import Store
from graft.store.slot_records import SlotRecord
from graft.store.slots import Slot
from graft.store.sweep import leftovers

_JUNK = ".tmp-"
_RECORD = ".json"


class Contents(Record):
    """``objects`` are those with a record, by name; ``incomplete`` folders of objects without one:
    nobody uses these. ``junk`` counts what commands left that died."""

    objects: dict[str, Integrity]
    incomplete: tuple[str, ...]
    slots: tuple[str, ...]
    junk: int


class Looked(Record):
    """``said`` has a line for each fault, and may say more than ``faults``, which are those that
    have a place. ``sound`` are the files that hold what they should; ``size`` is the bytes of
    all."""

    faults: tuple[Fault, ...]
    said: tuple[str, ...]
    sound: frozenset[Inode] = frozenset()
    size: int = 0


def store_contents(store: Store) -> Contents:
    stored, names = os.listdir(store.objects), sorted(os.listdir(store.slots))
    objects: dict[str, Integrity] = {}
    for name in sorted(stored):
        integrity = integrity_of_file(name.removesuffix(_RECORD))
        if name.endswith(_RECORD) and integrity is not None:
            objects[name.removesuffix(_RECORD)] = integrity
    incomplete = [n for n in stored if integrity_of_file(n) is not None and n not in objects]
    return Contents(
        objects=objects,
        incomplete=tuple(sorted(incomplete)),
        slots=tuple(name for name in names if not name.startswith(_JUNK)),
        junk=len(leftovers(store)),
    )


def look_at_object(store: Store, integrity: Integrity) -> Looked | None:
    """None if it has gone meanwhile."""
    folder = f"{store.objects}/{integrity.file_name}"
    stored = find_object(store, integrity)
    if stored is None:
        if not os.path.lexists(folder + _RECORD):
            return None
        return _unreadable(f"{integrity.file_name}{_RECORD}", "does not say what the object holds")
    found = tuple(faults(folder, object_tree(store, integrity, stored)))
    wrong = {fault.path for fault in found}
    good = [f for f in stored.files if f"node_modules/{stored.package}/{f.path}" not in wrong]
    return Looked(
        faults=found,
        said=tuple(map(str, found)),
        sound=inodes_of(stored.folder, good),
        size=sum(file.size for file in stored.files),
    )


def look_at_slot(
    store: Store,
    name: str,
    record: SlotRecord | None,
    slot: Slot | None,
    *,
    is_misnamed: bool,
    sound: Collection[Inode],
) -> Looked | None:
    """None if it has gone meanwhile. ``record`` and ``slot`` are what is known of it."""
    if not os.path.isdir(store.slot(name)):
        return None
    if record is None:
        return _unreadable("slot.json", "does not say what the slot was made from")
    if is_misnamed:
        return _unreadable("slot.json", "does not give the slot's name")
    if slot is None:
        lost = sorted({to for to in record.edges.values() if not os.path.isdir(store.slot(to))})
        if not lost:
            return None  # what it depends on is not to be read, which is said there
        return _unreadable("", *(f"leads to {to}, which is not there" for to in lost))
    stored = find_object(store, record.integrity)
    if stored is None:
        return _unreadable("", f"its object {record.object_name} is not there")
    tree = slot_tree(store, slot, stored)
    if tree is None:
        return _unreadable("slot.json", "does not say what was built")
    found = tuple(faults(store.slot(name), tree, sound))
    return Looked(
        faults=found,
        said=tuple(map(str, found)),
        size=sum(file.size for file in tree.files.values()) if slot.salt else 0,
    )


def _unreadable(path: str, *said: str) -> Looked:
    text = tuple(f"{path} {each}".strip() for each in said)
    return Looked(faults=(Fault(path=path, kind="record"),), said=text)
