"""Objects and slots for a graph: what the store lacks is fetched and built, what it has is used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from graft.base.clones import Cloner
from graft.base.machine import workers
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.store.admission import required_integrity
from graft.store.check import object_is_intact, slot_is_intact
from graft.store.objects import StoredObject, discard_object, find_object
from graft.store.paths import Store, has_slot
from graft.store.slots import Slot, populate
from graft.store.trash import discard
from graft.workflows.project import Work


def fill_store(
    work: Work, graph: Graph, slots: Mapping[str, Slot], *, distrust: bool = False
) -> int:
    """See to it that every slot is there; how many had to be made.

    ``distrust`` compares every byte with what the archives held, and rebuilds what differs.
    """
    store, progress = work.store, work.context.progress
    damaged = _damaged(store, graph, slots) if distrust else frozenset()
    lacking: dict[str, str] = {}
    for id, slot in slots.items():
        if slot.name in damaged or not has_slot(store, slot.name):
            lacking.setdefault(slot.name, id)
    if not lacking:
        return 0
    progress.to_link += len(lacking)
    left = _make(work, graph, slots, lacking.values(), damaged)
    for id in left:
        discard_object(store, required_integrity(graph.nodes[id].manifest))
    if left and _make(work, graph, slots, left, damaged):
        raise AssertionError("an object that was just admitted lacks files")
    return len(lacking)


def _make(
    work: Work,
    graph: Graph,
    slots: Mapping[str, Slot],
    ids: Collection[str],
    damaged: Collection[str],
) -> list[str]:
    """Fetch what these slots need and build them; those whose objects turn out to lack files."""
    store, progress = work.store, work.context.progress
    stored = _objects(work, [graph.nodes[id].manifest for id in ids])
    cloner = Cloner()

    def make(id: str) -> bool:
        if slots[id].name in damaged:
            # Not before its successor can be made: other projects run with what there is.
            discard(store, store.slot(slots[id].name))
        try:
            populate(store, slots[id], stored[graph.nodes[id].manifest.id], cloner)
        except FileNotFoundError:
            if object_is_intact(stored[graph.nodes[id].manifest.id]):
                raise
            return False
        return True

    left = []
    with ThreadPoolExecutor(max_workers=workers()) as threads:
        # The network is done; what it said of packages can be written while links are made.
        threads.submit(work.flush)
        for id, made in zip(ids, threads.map(make, ids), strict=True):
            if made:
                progress.linked += 1
                progress.changed()
            else:
                left.append(id)
    return left


def _objects(work: Work, manifests: Sequence[Manifest]) -> dict[str, StoredObject]:
    """The objects of packages, by id; what the store lacks is fetched."""
    found = {}
    absent = []
    for manifest in manifests:
        stored = find_object(work.store, required_integrity(manifest))
        if stored is None:
            absent.append(manifest)
        else:
            found[manifest.id] = stored
    return found | work.archives.finish(absent) if absent else found


def _damaged(store: Store, graph: Graph, slots: Mapping[str, Slot]) -> frozenset[str]:
    """The slots that are not what they should be. Damaged objects are dropped at once: nobody runs
    with them, and they are fetched anew."""
    objects: dict[str, StoredObject | None] = {}
    found = set()
    for id, slot in slots.items():
        manifest = graph.nodes[id].manifest
        if manifest.integrity not in objects:
            objects[manifest.integrity] = _intact_object(store, manifest)
        stored = objects[manifest.integrity]
        if stored is None or not slot_is_intact(store, slot, stored):
            found.add(slot.name)
    return frozenset(found)


def _intact_object(store: Store, manifest: Manifest) -> StoredObject | None:
    integrity = required_integrity(manifest)
    stored = find_object(store, integrity)
    if stored is not None and object_is_intact(stored):
        return stored
    discard_object(store, integrity)
    return None
