"""Whether what lies in the store is still what was put there: bytes against digests."""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft.store.objects import StoredObject, entries, holds, holds_just
from graft.store.paths import Store
from graft.store.slots import Slot, slot_links


def object_is_intact(stored: StoredObject) -> bool:
    return holds_just(stored.folder, stored.files)


def slot_is_intact(store: Store, slot: Slot, stored: StoredObject) -> bool:
    """The slot's files are those of its object, itself intact; its links are in place; and nothing
    else is there."""
    modules = os.path.join(store.slot(slot.name), "node_modules")
    links = slot_links(store, slot, stored)
    if slot.salt:
        return _private_slot_is_intact(store, slot, modules, links)
    own = () if slot.package in links else stored.files
    files = {f"{slot.package}/{file.path}": file for file in own}
    return (
        set(entries(modules)) == links.keys() | files.keys()
        and all(_leads(os.path.join(modules, path), to) for path, to in links.items())
        and all(
            _same_file(os.path.join(modules, path), os.path.join(stored.folder, file.path))
            or holds(os.path.join(modules, path), file)
            for path, file in files.items()
        )
    )


def _private_slot_is_intact(
    store: Store, slot: Slot, modules: str, links: Mapping[str, str]
) -> bool:
    """Against what was there when the slot was published."""
    from graft.store.private import read_private_slot  # most projects build nothing

    finished = read_private_slot(store, slot)
    if finished is None:
        return False
    own = {f"{slot.package}/{path}": target for path, target in finished.links.items()}
    files = {f"{slot.package}/{file.path}": file for file in finished.files}
    return (
        set(entries(modules)) == links.keys() | own.keys() | files.keys()
        and all(_leads(os.path.join(modules, path), to) for path, to in {**links, **own}.items())
        and all(holds(os.path.join(modules, path), file) for path, file in files.items())
    )


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
