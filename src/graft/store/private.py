"""Private slots: own copies of a package's files, changed by scripts or patches, then read-only.

A slot with a salt is made in three steps: a draft, which is a temporary sibling that may be written
to; whatever changes it; and its publishing, which takes down what the files have become. A draft
has no ``slot.json``, so what is left of one that was interrupted is junk, never a slot.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import read_file, remove_tree, temporary_sibling, write_file
from graft.base.inventories import INVENTORY
from graft.base.records import Record
from graft.model.integrity import parse_integrity
from graft.store.complete import lacking_slots
from graft.store.objects import FOLDER_MODE, ObjectFile, StoredObject, find_object
from graft.store.paths import Store
from graft.store.slots import Slot, slot_inputs, slot_inventory, slot_links
from graft.store.trash import publish


class Finished(Record):
    """A package's files as code will find them: ``folder``, its files sorted by path, and symbolic
    links that a script made, as path -> target. ``beside`` and ``beside_links`` are what a script
    made beside the package, as generators do, by paths in the slot's ``node_modules``."""

    folder: str
    files: tuple[ObjectFile, ...]
    links: Mapping[str, str] = {}
    beside: tuple[ObjectFile, ...] = ()
    beside_links: Mapping[str, str] = {}


class Draft(Record):
    """A slot on its way. ``package`` is the folder that may be changed; ``modules`` holds it and
    the ``links`` to its dependencies; ``scratch`` is an empty folder that goes when the draft
    does."""

    root: str
    modules: str
    package: str
    scratch: str
    links: Mapping[str, str]


def finished_package(store: Store, slot: Slot) -> Finished | None:
    """Where the files of a package lie that is stored and, if it has a salt, built: what a layout
    copies. None if the store has it not."""
    if slot.salt:
        return read_private_slot(store, slot)
    stored = find_object(store, parse_integrity(slot.integrity))
    return Finished(folder=stored.folder, files=stored.files) if stored else None


def read_private_slot(store: Store, slot: Slot) -> Finished | None:
    """What was taken down of a private slot when it was published."""
    return read_private_package(store, slot.name, slot.package)


def read_private_package(store: Store, slot: str, package: str) -> Finished | None:
    """The same, where of the slot no more is known than its name and its package's."""
    data = read_file(os.path.join(store.slot(slot), "slot.json"))
    try:
        said = json.loads(data or b"")
        files = tuple([ObjectFile(*entry) for entry in said["files"]])
        links = dict(said["links"])
        beside = tuple([ObjectFile(*entry) for entry in said.get("beside", ())])
        beside_links = dict(said.get("besideLinks", {}))
    except (ValueError, KeyError, TypeError):
        return None
    return Finished(
        folder=store.package(slot, package),
        files=files,
        links=links,
        beside=beside,
        beside_links=beside_links,
    )


def private_inputs(slot: Slot, finished: Finished) -> dict[str, Any]:
    """What ``slot.json`` says of a private slot."""
    said = slot_inputs(slot) | {
        "salt": slot.salt,
        "files": finished.files,
        "links": finished.links,
    }
    if finished.beside or finished.beside_links:
        said |= {"beside": finished.beside, "besideLinks": finished.beside_links}
    return said


def private_inventory(
    slot: Slot, links: Mapping[str, str], finished: Finished, record: bytes
) -> bytes:
    """``links`` are those of the slot itself, and ``record`` is what is in ``slot.json``."""
    own = {f"{slot.package}/{path}": target for path, target in finished.links.items()}
    every = {**links, **own, **finished.beside_links}
    beside = [file._replace(path=f"../{file.path}") for file in finished.beside]
    if "/" in slot.package:
        beside = [file._replace(path=f"../{file.path}") for file in beside]
    return slot_inventory(slot, every, (*finished.files, *beside), record)


@contextmanager
def draft_of(store: Store, slot: Slot, stored: StoredObject) -> Iterator[Draft]:
    """A draft with the archive's files, writable, none of them linked to the object. It is removed
    in the end unless it was published."""
    root = temporary_sibling(store.slot(slot.name))
    links = slot_links(store, slot, stored)
    draft = Draft(
        root=root,
        modules=f"{root}/node_modules",
        package=f"{root}/node_modules/{slot.package}",
        scratch=f"{root}/scratch",
        links=links,
    )
    folders = trees.Folders()
    for path in links:
        folders.add_parents(f"node_modules/{path}")
    folders.add_parents(f"node_modules/{slot.package}/package.json")
    try:
        os.mkdir(root)
        os.mkdir(draft.scratch, 0o700)
        made = [(f"node_modules/{path}", target) for path, target in links.items()]
        trees.build(root, folders.paths, (), made)
        copy_package(stored, draft.package)
        yield draft
    finally:
        if os.path.lexists(root):
            remove_tree(root)


def copy_package(stored: StoredObject, folder: str) -> None:
    """Put a package's files into an empty folder, to be changed: none is linked to the object."""
    folders = trees.Folders()
    for file in stored.files:
        folders.add_parents(file.path)
    trees.build(folder, folders.paths, (), ())
    Cloner(shared=False).clone(stored.folder, folder, stored.files)
    make_writable(folder, stored.files)


def make_writable(folder: str, files: Iterable[ObjectFile]) -> None:
    """Give files that are nobody else's the modes that the package gives them."""
    files = list(files)
    for executable, mode in ((True, 0o755), (False, 0o644)):
        paths = [file.path for file in files if file.executable is executable]
        trees.set_modes(folder, paths, mode)


def publish_draft(store: Store, slot: Slot, draft: Draft, *, replace: bool = False) -> bool:
    """Take down what the files have become, make them read-only, and put the slot in place. With
    ``replace`` it takes the place of one that is there; else that one stays, and this is False."""
    remove_tree(draft.scratch)
    files, links, folders = _sealed(draft.package)
    beside, beside_links, others = _sealed(draft.modules, {slot.package, *draft.links})
    finished = Finished(
        folder=draft.package,
        files=tuple(files),
        links=links,
        beside=tuple(beside),
        beside_links=beside_links,
    )
    record = json.dumps(private_inputs(slot, finished), separators=(",", ":")).encode()
    listed = private_inventory(slot, draft.links, finished, record)
    write_file(f"{draft.root}/slot.json", record, mode=0o444)
    write_file(f"{draft.root}/{INVENTORY}", listed, mode=0o444)
    trees.set_modes(draft.package, folders, FOLDER_MODE)
    trees.set_modes(draft.modules, others, FOLDER_MODE)
    trees.set_modes(draft.root, ["."], FOLDER_MODE)
    return publish(
        store,
        draft.root,
        store.slot(slot.name),
        lambda: not (replace or lacking_slots(store, [slot.name])),
    )


def _sealed(
    root: str, skipped: Collection[str] = ()
) -> tuple[list[ObjectFile], dict[str, str], list[str]]:
    """Files, now read-only, with their digests; symbolic links; and folders, ``root`` among them as
    ``.``. What is none of these, such as a socket, is removed; ``skipped`` paths are left alone."""
    files: list[ObjectFile] = []
    links: dict[str, str] = {}
    folders: list[str] = []
    for place, within, names in os.walk(root):
        below = os.path.relpath(place, root)
        folders.append(below)
        prefix = "" if below == "." else f"{below}/"
        within[:] = [name for name in within if prefix + name not in skipped]
        for name in (*names, *within):
            full = f"{place}/{name}"
            path = prefix + name
            if path in skipped:
                continue
            mode = os.lstat(full).st_mode
            if stat.S_ISLNK(mode):
                links[path] = os.readlink(full)
            elif stat.S_ISREG(mode):
                files.append(_sealed_file(full, path, mode))
            elif stat.S_ISDIR(mode):
                os.chmod(full, 0o700)  # a script may have closed it, and the walk goes there next
            else:
                os.unlink(full)
    return sorted(files), dict(sorted(links.items())), folders


def _sealed_file(full: str, path: str, mode: int) -> ObjectFile:
    os.chmod(full, mode | stat.S_IRUSR)  # a script may have taken even that away
    with open(full, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        size = os.fstat(opened.fileno()).st_size
    file = ObjectFile(path, bool(mode & stat.S_IXUSR), size, digest)
    os.chmod(full, file.mode)
    return file
