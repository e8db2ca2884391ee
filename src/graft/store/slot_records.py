"""What slots say of themselves, read back: the inputs of their keys, and with these the slots as
whoever made them had them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.files import read_file
from graft.base.records import Record
from graft.model.graph import Graph, Node
from graft.model.integrity import Integrity, parse_integrity
from graft.model.manifest import Manifest
from graft.store.keys import components, graph_keys
from graft.store.paths import Store
from graft.store.slots import SLOT_VERSION, Slot, manifest_of, named_slots, slot_name

OLDER, UNREADABLE = "older", "unreadable"
_LINK = "link"


class SlotRecord(Record):
    """``identity`` is what the package is by itself; by local name, ``edges`` has the slots and
    ``folders`` the folders of a project, by their own identities, that it depends on."""

    identity: tuple[str, ...]
    edges: Mapping[str, str]
    folders: Mapping[str, tuple[str, ...]]
    manifest: Manifest
    salt: str

    @property
    def integrity(self) -> Integrity:
        return parse_integrity(self.manifest.integrity)

    @property
    def object_name(self) -> str:
        return self.integrity.file_name


def read_slot_record(store: Store, name: str) -> SlotRecord | str:
    """What ``slot.json`` says; ``OLDER`` if graft wrote it when it said less, and ``UNREADABLE`` if
    it is not there or makes no sense."""
    try:
        said = json.loads(read_file(os.path.join(store.slot(name), "slot.json")) or b"")
        version = said["slot"]
        if version != SLOT_VERSION:
            return OLDER if version in range(SLOT_VERSION) else UNREADABLE
        return _checked(said)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError):
        return UNREADABLE


def _checked(said: Mapping[str, Any]) -> SlotRecord:
    """Raises ValueError, KeyError or TypeError where a part is not what it should be."""
    identity = _texts(said["identity"])
    edges = dict(zip(said["dependencies"], _texts(said["dependencies"].values()), strict=True))
    folders = {local: _texts(folder) for local, folder in said["folders"].items()}
    manifest, salt = manifest_of(identity)
    if manifest.is_link or not all(manifest_of(folder)[0].is_link for folder in folders.values()):
        raise ValueError("a slot holds a package, and a folder none")
    parse_integrity(manifest.integrity)
    if any("/" in child or child in ("", ".", "..") for child in edges.values()):
        raise ValueError("an edge leaves the slots")
    return SlotRecord(identity=identity, edges=edges, folders=folders, manifest=manifest, salt=salt)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    texts = tuple(values)
    if isinstance(values, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts are needed")
    return texts


def misnamed(records: Mapping[str, SlotRecord]) -> set[str]:
    """The slots whose inputs do not give their names. What others are is taken from their names:
    so one that is wrong says nothing of those above it. But of slots that lead to each other none
    can be told from the others, and all of them count."""
    found = set()
    edges = {name: record.edges for name, record in records.items()}
    for members in components(edges):
        known: dict[str, str] = {}
        below: dict[str, dict[str, str]] = {}
        for name in members:
            record = records[name]
            known |= {child: _key(child) for child in record.edges.values()}
            folders = {local: _folder_id(folder) for local, folder in record.folders.items()}
            known |= {_folder_id(f): _folder_key(f) for f in record.folders.values()}
            below[name] = {**record.edges, **folders}
        for name in members:
            known.pop(name, None)
        keys = graph_keys({name: records[name].identity for name in members}, below, known)
        for name in members:
            manifest = records[name].manifest
            if slot_name(manifest.name, manifest.version, keys[name]) != name:
                found.add(name)
    return found


def slots_from(records: Mapping[str, SlotRecord]) -> dict[str, Slot]:
    """The slots by name, but for those that depend on one of which nothing is known."""
    whole = {name for name, record in records.items() if records.keys() >= {*record.edges.values()}}
    nodes: dict[str, Node] = {}
    identities: dict[str, tuple[str, ...]] = {}
    for name, record in records.items():
        edges = {**record.edges, **{to: _folder_id(its) for to, its in record.folders.items()}}
        for folder in record.folders.values():
            id = _folder_id(folder)
            nodes[id] = Node(id=id, manifest=manifest_of(folder)[0], edges={})
            identities[id] = folder
        nodes[name] = Node(id=name, manifest=record.manifest, edges=edges if name in whole else {})
        identities[name] = record.identity
    salts = {name: record.salt for name, record in records.items()}
    graph = Graph(importers={}, nodes=nodes)
    named = named_slots(graph, {id: id for id in nodes}, identities, salts)
    return {name: named[name] for name in whole}


def _key(name: str) -> str:
    return name.rpartition("-")[2]


def _folder_id(identity: tuple[str, ...]) -> str:
    """No slot is called like this."""
    return "/".join((_LINK, *identity))


def _folder_key(identity: tuple[str, ...]) -> str:
    return graph_keys({"": identity}, {"": {}})[""]
