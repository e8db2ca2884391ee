"""Slots: a package's files beside links to its dependencies, stored once per graph key.

A slot is published whole by one rename, with ``slot.json`` in it, so it is complete or absent.
Links lead from slot to slot by relative paths: the store may move as a whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from graft.base.clones import Cloner
from graft.base.faults import point
from graft.base.files import remove_tree, temporary_sibling, write_file
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.model.names import file_name
from graft.store.keys import graph_keys
from graft.store.objects import FOLDER_MODE, StoredObject, make_folders
from graft.store.paths import Store, has_slot
from graft.store.trash import publish

_READABLE_LENGTH = 120
_SLOT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a slot must hold. ``dependencies`` maps local names to (slot name, package name);
    ``bins`` maps commands to paths relative to the slot's ``node_modules``."""

    name: str
    package: str
    version: str
    integrity: str
    dependencies: Mapping[str, tuple[str, str]]
    bins: Mapping[str, str]


def slots_of(graph: Graph) -> dict[str, Slot]:
    """The slot of each node, by node id. The graph must hold just what this machine installs."""
    fields = {
        node.id: (
            node.manifest.name,
            node.manifest.version,
            node.manifest.origin,
            node.manifest.integrity,
            *(part for bin_ in node.manifest.bins for part in bin_),
        )
        for node in graph.nodes.values()
    }
    keys = graph_keys(fields, {node.id: node.edges for node in graph.nodes.values()})
    names = {
        node.id: slot_name(node.manifest.name, node.manifest.version, keys[node.id])
        for node in graph.nodes.values()
    }
    slots = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        # A package that depends on its own name finds itself there; its folder is already in place.
        edges = {local: child for local, child in node.edges.items() if local != manifest.name}
        slots[node.id] = Slot(
            name=names[node.id],
            package=manifest.name,
            version=manifest.version,
            integrity=manifest.integrity,
            dependencies={
                local: (names[child], graph.nodes[child].manifest.name)
                for local, child in sorted(edges.items())
            },
            bins={
                command: f"{local}/{path}"
                for command, (local, path) in chosen_bins(graph, edges).items()
            },
        )
    return slots


def slot_name(package: str, version: str, key: str) -> str:
    """``@babel+core@7.26.0-<key>``: readable first, unique last, short enough for a file name."""
    readable = f"{file_name(package)}@{version.replace('/', '+')}"
    return f"{readable[:_READABLE_LENGTH]}-{key}"


def populate(store: Store, slot: Slot, stored: StoredObject, cloner: Cloner) -> bool:
    """Make the slot unless it is there; False if another process was first, which is as good."""
    final = store.slot(slot.name)
    staged = temporary_sibling(final)
    try:
        modules = os.path.join(staged, "node_modules")
        _clone_package(stored, os.path.join(modules, slot.package), cloner)
        _make_links(modules, slot)
        write_file(os.path.join(staged, "slot.json"), _inputs(slot), mode=0o444)
        os.chmod(modules, FOLDER_MODE)
        os.chmod(staged, FOLDER_MODE)
        point("slot-staged")
        made = publish(store, staged, final, lambda: has_slot(store, slot.name))
        point("slot-published")
        return made
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)


def _clone_package(stored: StoredObject, target: str, cloner: Cloner) -> None:
    os.makedirs(target)
    folders = {"": target}
    for file in stored.files:
        make_folders(target, file.path.rpartition("/")[0], folders)
        cloner.clone(f"{stored.folder}/{file.path}", f"{target}/{file.path}", file.mode)
    for folder in folders.values():
        os.chmod(folder, FOLDER_MODE)


def slot_links(slot: Slot) -> dict[str, str]:
    """The links in the slot's ``node_modules``: path -> target."""
    links = {}
    for local, (child, package) in slot.dependencies.items():
        up = "../../.." if "/" in local else "../.."
        links[local] = f"{up}/{child}/node_modules/{package}"
    for command, path in slot.bins.items():
        links[f".bin/{command}"] = f"../{path}"
    return links


def _make_links(modules: str, slot: Slot) -> None:
    own_scope = slot.package.rpartition("/")[0]
    folders = {own_scope} if own_scope else set()
    for path, target in slot_links(slot).items():
        folder = path.rpartition("/")[0]
        if folder and folder not in folders:
            os.mkdir(f"{modules}/{folder}")
            folders.add(folder)
        os.symlink(target, f"{modules}/{path}")
    for folder in folders:
        os.chmod(f"{modules}/{folder}", FOLDER_MODE)


def _inputs(slot: Slot) -> bytes:
    said = {
        "slot": _SLOT_VERSION,
        "name": slot.package,
        "version": slot.version,
        "integrity": slot.integrity,
        "dependencies": {local: child for local, (child, _) in slot.dependencies.items()},
    }
    return json.dumps(said, separators=(",", ":")).encode()
