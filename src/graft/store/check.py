"""Whether what lies in the store is still what was put there: bytes against digests, and what is
wrong with each file, link and folder that is not."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from graft.base.files import read_file
from graft.base.inventories import INVENTORY
from graft.base.records import Record
from graft.model.integrity import Integrity
from graft.store.objects import FOLDER_MODE, ObjectFile, StoredObject, object_inventory
from graft.store.paths import Store
from graft.store.slots import Slot, object_of, slot_inputs, slot_inventory, slot_links

MISSING, CHANGED, MODE, EXTRA, LINK = "missing", "changed", "mode", "extra", "link"
_SHOWN = {
    MISSING: "is missing",
    CHANGED: "is not what was stored",
    MODE: "has the wrong mode",
    EXTRA: "does not belong there",
    LINK: "leads elsewhere",
}

Inode = tuple[int, int]
_NONE: frozenset[Inode] = frozenset()


class Fault(Record):
    """``path`` is relative to the folder that was looked at. What should be there: a ``file``, the
    ``data`` of one that graft writes itself, or a link to ``target``."""

    path: str
    kind: str
    file: ObjectFile | None = None
    data: bytes | None = None
    target: str = ""

    def __str__(self) -> str:
        return f"{self.path} {_SHOWN[self.kind]}"


class Tree(Record):
    """What a folder must hold, by relative path; ``data`` are files that graft writes itself."""

    files: Mapping[str, ObjectFile]
    links: Mapping[str, str] = {}
    data: Mapping[str, bytes] = {}


def object_tree(store: Store, integrity: Integrity, stored: StoredObject) -> Tree:
    """Of the folder ``objects/<integrity>``. An inventory is wanted only where there is one: older
    objects have none."""
    below = f"node_modules/{stored.package}"
    listed = object_inventory(stored.package, stored.files)
    has_one = os.path.lexists(f"{store.objects}/{integrity.file_name}/{INVENTORY}")
    return Tree(
        files={f"{below}/{file.path}": file for file in stored.files},
        data={INVENTORY: listed} if has_one else {},
    )


def slot_tree(store: Store, slot: Slot, stored: StoredObject) -> Tree | None:
    """Of the slot's folder; None where a private slot's record says nothing of its files."""
    links = slot_links(store, slot, stored)
    if slot.salt:
        from graft.store.private import private_inputs, private_inventory, read_private_slot

        finished = read_private_slot(store, slot)
        if finished is None:
            return None
        record = _compact(private_inputs(slot, finished))
        listed = private_inventory(slot, links, finished, record)
        own = {f"{slot.package}/{path}": target for path, target in finished.links.items()}
        links = {**links, **own, **finished.beside_links}
        files = {f"{slot.package}/{file.path}": file for file in finished.files}
        files |= {file.path: file for file in finished.beside}
    else:
        shared = () if slot.package in links else stored.files
        record = _compact(slot_inputs(slot))
        listed = slot_inventory(slot, links, shared, record, () if shared else (object_of(stored),))
        files = {f"{slot.package}/{file.path}": file for file in shared}
    return Tree(
        files={f"node_modules/{path}": file for path, file in files.items()},
        links={f"node_modules/{path}": target for path, target in links.items()},
        data={"slot.json": record, INVENTORY: listed},
    )


def _compact(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


def object_is_intact(stored: StoredObject) -> bool:
    """Its own files, and nothing else among them."""
    files = {file.path: file for file in stored.files}
    return not any(faults(stored.folder, Tree(files=files)))


def slot_is_intact(store: Store, slot: Slot, stored: StoredObject) -> bool:
    """Its files are those of its object, itself intact; its links are in place; nothing else is
    there; and it says of itself what it would if it were made now."""
    tree = slot_tree(store, slot, stored)
    sound = inodes_of(stored.folder, stored.files)
    return tree is not None and not any(faults(store.slot(slot.name), tree, sound))


def inodes_of(folder: str, files: Iterable[ObjectFile]) -> frozenset[Inode]:
    """Of those that are there."""
    found = set()
    for file in files:
        try:
            seen = os.lstat(f"{folder}/{file.path}")
        except OSError:
            continue
        found.add((seen.st_dev, seen.st_ino))
    return frozenset(found)


def faults(folder: str, tree: Tree, sound: Collection[Inode] = _NONE) -> Iterator[Fault]:
    """What is wrong with a folder. Files that are ``sound``, as hard links to ones that were looked
    at, are not read again."""
    for path, file in tree.files.items():
        kind = file_fault(f"{folder}/{path}", file, sound)
        if kind:
            yield Fault(path=path, kind=kind, file=file)
    for path, target in tree.links.items():
        kind = _link_fault(f"{folder}/{path}", target)
        if kind:
            yield Fault(path=path, kind=kind, target=target)
    for path, data in tree.data.items():
        kind = _data_fault(f"{folder}/{path}", data)
        if kind:
            yield Fault(path=path, kind=kind, data=data)
    wanted = {*tree.files, *tree.links, *tree.data}
    for place, folders, names in os.walk(folder):
        below = "" if place == folder else f"{os.path.relpath(place, folder)}/"
        if os.lstat(place).st_mode & 0o777 != FOLDER_MODE:
            yield Fault(path=below.rstrip("/") or ".", kind=MODE)
        links = [name for name in folders if os.path.islink(f"{place}/{name}")]
        for name in (*names, *links):
            if below + name not in wanted:
                yield Fault(path=below + name, kind=EXTRA)
        # A folder where something else should be goes as a whole.
        folders[:] = [name for name in folders if below + name not in wanted]


def file_fault(path: str, file: ObjectFile, sound: Collection[Inode] = _NONE) -> str:
    """The kind of what is wrong with a file; empty if nothing is."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError:
        return CHANGED
    try:
        seen = os.fstat(opened)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size != file.size:
            return CHANGED
        if (seen.st_dev, seen.st_ino) not in sound:
            with open(opened, "rb", closefd=False) as reader:
                if hashlib.file_digest(reader, "sha256").hexdigest() != file.digest:
                    return CHANGED
    except OSError:
        return CHANGED
    finally:
        os.close(opened)
    return "" if stat.S_IMODE(seen.st_mode) == file.mode else MODE


def _link_fault(path: str, target: str) -> str:
    try:
        return "" if os.readlink(path) == target else LINK
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError:
        return CHANGED


def _data_fault(path: str, data: bytes) -> str:
    try:
        seen = os.lstat(path)
        if not stat.S_ISREG(seen.st_mode) or read_file(path) != data:
            return CHANGED
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError:
        return CHANGED
    return "" if stat.S_IMODE(seen.st_mode) == 0o444 else MODE
