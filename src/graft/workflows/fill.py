"""Objects and slots for a graph: what the store lacks is fetched and built, what it has is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from graft.base.clones import Cloner
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.store.admission import required_integrity
from graft.store.check import object_is_intact, slot_is_intact
from graft.store.objects import StoredObject, discard_object, find_object
from graft.store.paths import Store
from graft.store.slots import Slot, has_slot, populate
from graft.store.trash import discard
from graft.workflows.project import Work


def fill_store(
    work: Work, graph: Graph, slots: Mapping[str, Slot], *, distrust: bool = False
) -> int:
    """See to it that every slot is there; how many had to be made.

    ``distrust`` compares every byte with what the archives held, and rebuilds what differs.
    """
    store, progress = work.store, work.context.progress
    if distrust:
        _drop_damaged(store, graph, slots)
    lacking: dict[str, str] = {}
    for id, slot in slots.items():
        if not has_slot(store, slot):
            lacking.setdefault(slot.name, id)
    if not lacking:
        return 0
    stored = work.archives.finish(graph.nodes[id].manifest for id in lacking.values())
    progress.to_link += len(lacking)
    cloner = Cloner()

    def make(id: str) -> None:
        populate(store, slots[id], stored[graph.nodes[id].manifest.id], cloner)

    with ThreadPoolExecutor(max_workers=max(2, min(4, os.cpu_count() or 2))) as threads:
        # The network is done; what it said of packages can be written while links are made.
        threads.submit(work.source.flush)
        for _ in threads.map(make, lacking.values()):
            progress.linked += 1
            progress.changed()
    return len(lacking)


def _drop_damaged(store: Store, graph: Graph, slots: Mapping[str, Slot]) -> None:
    for id, slot in slots.items():
        stored = _intact_object(store, graph.nodes[id].manifest)
        if has_slot(store, slot) and (stored is None or not slot_is_intact(store, slot, stored)):
            discard(store, store.slot(slot.name))


def _intact_object(store: Store, manifest: Manifest) -> StoredObject | None:
    integrity = required_integrity(manifest)
    stored = find_object(store, integrity)
    if stored is not None and object_is_intact(stored):
        return stored
    discard_object(store, integrity)
    return None
