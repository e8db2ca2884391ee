"""Slots: a package's files beside links to its dependencies, stored once per graph key.

A package that has no dependencies needs no neighbours, and most have none: its slot holds a link to
its object, where the same files would be.

A slot is published whole by one rename, with ``slot.json`` in it, so it is complete or absent.
Links lead from slot to slot by relative paths: the store may move as a whole.

What must differ from the archive, because a script built it or a patch changed it, has a salt in
its key and a slot of its own: store/private.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.faults import point
from graft.base.files import remove_tree, temporary_sibling
from graft.base.records import Record
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import file_name
from graft.store.keys import graph_keys
from graft.store.objects import FOLDER_MODE, StoredObject
from graft.store.paths import Store, has_slot
from graft.store.trash import publish

_READABLE_LENGTH = 120
_SLOT_VERSION = 1
_NO_SALTS: Mapping[str, str] = {}


class Slot(Record):
    """What a slot must hold. ``dependencies`` maps local names to (slot name, package name), or for
    a folder of a project, to nothing and that folder's absolute path; ``bins`` maps commands to
    paths relative to the slot's ``node_modules``. ``salt`` says what the files are beside what the
    archive held; empty for what is shared as it is."""

    name: str
    package: str
    version: str
    integrity: str
    dependencies: Mapping[str, tuple[str, str]]
    bins: Mapping[str, str]
    salt: str = ""


def slots_of(
    graph: Graph, salts: Mapping[str, str] = _NO_SALTS, *, root: str = ""
) -> dict[str, Slot]:
    """The slot of each node, by node id. The graph must hold just what this machine installs.

    Folders of the project, whose ``root`` is absolute, need none. But they count by where they are,
    so what has one below it is in a slot that no other project shares. ``salts`` has a text for
    each node that gets a private slot: one text for each content that its files may come to have.
    """
    fields = {
        node.id: _fields(node.manifest, root, salts.get(node.id, ""))
        for node in graph.nodes.values()
    }
    keys = graph_keys(fields, {node.id: node.edges for node in graph.nodes.values()})
    names = {
        node.id: slot_name(node.manifest.name, node.manifest.version, keys[node.id])
        for node in graph.nodes.values()
    }

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
        )
    return slots


def _fields(manifest: Manifest, root: str, salt: str) -> tuple[str, ...]:
    commands = (part for bin_ in manifest.bins for part in bin_)
    if manifest.is_link:
        return ("link", os.path.join(root, manifest.folder), *commands)
    said = (manifest.name, manifest.version, manifest.origin, manifest.integrity, *commands)
    return (*said, ":salt", salt) if salt else said  # no command has a colon in it


def slot_name(package: str, version: str, key: str) -> str:
    """``@babel+core@7.26.0-<key>``: readable first, unique last, short enough for a file name."""
    readable = f"{file_name(package)}@{version.replace('/', '+')}"
    return f"{readable[:_READABLE_LENGTH]}-{key}"


def populate(store: Store, slot: Slot, stored: StoredObject, cloner: Cloner) -> bool:
    """Make a slot without salt unless it is there; False if another process was first, which is as
    good."""
    final = store.slot(slot.name)
    staged = temporary_sibling(final)
    package = f"node_modules/{slot.package}"
    links = slot_links(store, slot, stored)
    files = () if slot.package in links else stored.files
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
            [("slot.json", 0o444, json.dumps(slot_inputs(slot), separators=(",", ":")).encode())],
            [(f"node_modules/{path}", target) for path, target in links.items()],
        )
        cloner.clone(stored.folder, f"{staged}/{package}", files)
        trees.set_modes(staged, [*folders.paths, "."], FOLDER_MODE)
        point("slot-staged")
        made = publish(store, staged, final, lambda: has_slot(store, slot.name))
        point("slot-published")
        return made
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)


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
    """What ``slot.json`` says of every slot."""
    return {
        "slot": _SLOT_VERSION,
        "name": slot.package,
        "version": slot.version,
        "integrity": slot.integrity,
        "dependencies": {
            local: child or folder for local, (child, folder) in slot.dependencies.items()
        },
    }
