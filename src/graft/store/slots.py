"""Slots: a package's files beside links to its dependencies, stored once per graph key.

A package that has no dependencies needs no neighbours, and most have none: its slot holds a link to
its object, where the same files would be.

A slot is published whole by one rename, with ``slot.json`` in it, so it is complete or absent. That
says what the slot's key was made of (store/slot_records.py reads it back), and the inventory beside
it which files and links the slot has, for the cheap check (store/complete.py).
Links lead from slot to slot by relative paths: the store may move as a whole.

What must differ from the archive, because a script built it or a patch changed it, has a salt in
its key and a slot of its own: store/private.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import remove_tree, temporary_sibling
from graft.base.inventories import INVENTORY, inventory
from graft.base.records import Record, replace
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import file_name
from graft.model.origins import LINK
from graft.store.complete import lacking_slots
from graft.store.keys import graph_keys
from graft.store.objects import FOLDER_MODE, ObjectFile, StoredObject, sized
from graft.store.paths import Store
from graft.store.trash import publish

_READABLE_LENGTH = 120
SLOT_VERSION = 2
_SALT = ":salt"  # no command has a colon in it
_NO_SALTS: Mapping[str, str] = {}


class Slot(Record):
    """What a slot must hold. ``dependencies`` maps local names to (slot name, package name), or for
    a folder of a project, to nothing and that folder's absolute path; ``bins`` maps commands to
    paths relative to the slot's ``node_modules``. ``salt`` says what the files are beside what the
    archive held; empty for what is shared as it is.

    ``identity``, ``edges`` and ``folders`` are what the key is made of: what the package is by
    itself, and by local name the slots and the folders of a project that it finds, these as
    identities of their own."""

    name: str
    package: str
    version: str
    integrity: str
    dependencies: Mapping[str, tuple[str, str]]
    bins: Mapping[str, str]
    salt: str
    identity: tuple[str, ...]
    edges: Mapping[str, str]
    folders: Mapping[str, tuple[str, ...]]


def slots_of(
    graph: Graph, salts: Mapping[str, str] = _NO_SALTS, *, root: str = ""
) -> dict[str, Slot]:
    """The slot of each node, by node id. The graph must hold just what this machine installs.

    Folders of the project, whose ``root`` is absolute, need none. But they count by where they are,
    so what has one below it is in a slot that no other project shares. ``salts`` has a text for
    each node that gets a private slot: one text for each content that its files may come to have.
    """
    identities = {
        node.id: identity_of(node.manifest, root, salts.get(node.id, ""))
        for node in graph.nodes.values()
    }
    keys = graph_keys(identities, {node.id: node.edges for node in graph.nodes.values()})
    names = {
        node.id: slot_name(node.manifest.name, node.manifest.version, keys[node.id])
        for node in graph.nodes.values()
    }
    return named_slots(graph, names, identities, salts, root=root)


def named_slots(
    graph: Graph,
    names: Mapping[str, str],
    identities: Mapping[str, tuple[str, ...]],
    salts: Mapping[str, str],
    *,
    root: str = "",
) -> dict[str, Slot]:
    """The same where the name of each slot is known, by node id."""

    def lead(child: str) -> tuple[str, str]:
        manifest = graph.nodes[child].manifest
        if manifest.is_link:
            return "", os.path.normpath(os.path.join(root, manifest.folder))
        return names[child], manifest.name

    slots = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        if manifest.is_link:
            continue
        # A package that depends on its own name finds itself there; its folder is already in place.
        edges = {local: child for local, child in node.edges.items() if local != manifest.name}
        salt = salts.get(node.id, "")
        # Scripts of a package find its own commands as well.
        beside = {manifest.name: node.id, **edges} if salt else edges
        is_folder = {local: graph.nodes[id].manifest.is_link for local, id in node.edges.items()}
        slots[node.id] = Slot(
            name=names[node.id],
            package=manifest.name,
            version=manifest.version,
            integrity=manifest.integrity,
            dependencies={local: lead(child) for local, child in sorted(edges.items())},
            bins={
                command: f"{local}/{path}"
                for command, (local, path) in chosen_bins(graph, beside).items()
            },
            salt=salt,
            identity=identities[node.id],
            edges={
                local: names[child]
                for local, child in sorted(node.edges.items())
                if not is_folder[local]
            },
            folders={
                local: identities[child]
                for local, child in sorted(node.edges.items())
                if is_folder[local]
            },
        )
    return slots


def identity_of(manifest: Manifest, root: str, salt: str) -> tuple[str, ...]:
    """What a package is by itself, for its key. ``manifest_of`` goes back."""
    commands = (part for bin_ in manifest.bins for part in bin_)
    if manifest.is_link:
        return ("link", os.path.join(root, manifest.folder), *commands)
    said = (manifest.name, manifest.version, manifest.origin, manifest.integrity, *commands)
    return (*said, _SALT, salt) if salt else said


def manifest_of(identity: Sequence[str]) -> tuple[Manifest, str]:
    """The manifest that ``identity_of`` tells of, as far as it does, and the salt. A folder's path
    is absolute. Raises ValueError where this is none."""
    salt = ""
    if identity[0] == "link":
        folder, *commands = identity[1:]
        manifest = Manifest(name="", version="", origin=LINK + folder)
    else:
        name, version, origin, integrity, *commands = identity
        if commands[-2:-1] == [_SALT]:
            *commands, _, salt = commands
        manifest = Manifest(name=name, version=version, origin=origin, integrity=integrity)
    bins = tuple(zip(commands[::2], commands[1::2], strict=True))
    return replace(manifest, bins=bins), salt


def slot_name(package: str, version: str, key: str) -> str:
    """``@babel+core@7.26.0-<key>``: readable first, unique last, short enough for a file name."""
    readable = f"{file_name(package)}@{version.replace('/', '+')}"
    return f"{readable[:_READABLE_LENGTH]}-{key}"


def populate(
    store: Store, slot: Slot, stored: StoredObject, cloner: Cloner, *, anew: bool = False
) -> bool:
    """Make a slot without salt unless it is there, and whole; False if another process was first,
    which is as good. With ``anew`` it takes the place of one that is there in any case."""
    final = store.slot(slot.name)
    staged = temporary_sibling(final)
    package = f"node_modules/{slot.package}"
    links = slot_links(store, slot, stored)
    files = () if slot.package in links else stored.files
    record = json.dumps(slot_inputs(slot), separators=(",", ":")).encode()
    listed = slot_inventory(slot, links, files, record, () if files else (object_of(stored),))
    folders = trees.Folders()
    for path in links:
        folders.add_parents(f"node_modules/{path}")
    for file in files:
        folders.add_parents(f"{package}/{file.path}")
    try:
        os.mkdir(staged)
        trees.build(
            staged,
            folders.paths,
            [("slot.json", 0o444, record), (INVENTORY, 0o444, listed)],
            [(f"node_modules/{path}", target) for path, target in links.items()],
        )
        cloner.clone(stored.folder, f"{staged}/{package}", files)
        trees.set_modes(staged, [*folders.paths, "."], FOLDER_MODE)
        return publish(
            store, staged, final, lambda: not (anew or lacking_slots(store, [slot.name]))
        )
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)


def object_of(stored: StoredObject) -> str:
    """The object's folder, from a slot."""
    return f"../../objects/{os.path.basename(stored.folder.rpartition('/node_modules/')[0])}"


def slot_inventory(
    slot: Slot,
    links: Mapping[str, str],
    files: Iterable[ObjectFile],
    record: bytes,
    folders: Iterable[str] = (),
) -> bytes:
    """``links`` are those in ``node_modules``, ``files`` those of the package, and ``record`` is
    what is in ``slot.json``."""
    front, behind = sized(f"node_modules/{slot.package}", files)
    return inventory(
        [("slot.json", len(record)), *front],
        {f"node_modules/{path}": target for path, target in links.items()},
        folders,
        behind,
    )


def slot_links(store: Store, slot: Slot, stored: StoredObject) -> dict[str, str]:
    """The links in the slot's ``node_modules``: path -> target. The package is one of them, or
    lies there as files."""
    links = {}
    # An archive may be published under another name than its own.
    if not (slot.dependencies or slot.salt) and stored.package == slot.package:
        up = "../../../.." if "/" in slot.package else "../../.."
        links[slot.package] = f"{up}/{stored.folder.removeprefix(f'{store.root}/')}"
    for local, (child, package) in slot.dependencies.items():
        up = "../../.." if "/" in local else "../.."
        links[local] = f"{up}/{child}/node_modules/{package}" if child else package
    for command, path in slot.bins.items():
        links[f".bin/{command}"] = f"../{path}"
    return links


def slot_inputs(slot: Slot) -> dict[str, Any]:
    """What ``slot.json`` says of every slot: the inputs of its key."""
    return {
        "slot": SLOT_VERSION,
        "name": slot.package,
        "version": slot.version,
        "integrity": slot.integrity,
        "identity": slot.identity,
        "dependencies": slot.edges,
        "folders": slot.folders,
    }
