"""Objects and slots for a graph: what the store lacks is fetched and built, what it has is used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from graft.base.clones import Cloner
from graft.base.pool import Outcome
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.store.admission import required_integrity
from graft.store.check import object_is_intact, slot_is_intact
from graft.store.complete import lacking_objects, lacking_slots
from graft.store.objects import StoredObject, distrust_object, find_object, has_object
from graft.store.paths import Store
from graft.store.slots import Slot, populate
from graft.store.trash import discard
from graft.workflows.project import Work


def begin_fetching(work: Work, graph: Graph) -> None:
    """Ask for what the store lacks; ``fill_store`` waits for it."""
    manifests = [node.manifest for node in graph.nodes.values() if not node.manifest.is_link]
    lacking = [each for each in manifests if not has_object(work.store, required_integrity(each))]
    for manifest in lacking:
        work.begin_download(manifest)
    for manifest in lacking:
        work.archives.want(manifest)


def fill_objects(work: Work, graph: Graph, *, distrust: bool = False) -> None:
    """See to it that every object is there, for layouts that need no slots of the store's.

    ``distrust`` compares every byte with what the archives held, and fetches what differs.
    """
    fetched = {n.manifest.id: n.manifest for n in graph.nodes.values() if not n.manifest.is_link}
    _distrust_lacking(work, fetched.values())
    lacking = {}
    for id, manifest in fetched.items():
        there = has_object(work.store, required_integrity(manifest))
        if not there or (distrust and _intact_object(work.store, manifest) is None):
            lacking[id] = manifest
    if not lacking:
        return
    _refuse_frozen(work.store, lacking)
    for manifest in lacking.values():
        work.archives.need(manifest, lambda _: None)
    work.forget_packuments()
    work.pool.submit(work.flush, Outcome.get)
    work.finish()


def fill_store(
    work: Work, graph: Graph, slots: Mapping[str, Slot], *, distrust: bool = False
) -> int:
    """See to it that every slot is there, and of those with a salt at least the object; how many
    were lacking.

    ``distrust`` compares every byte with what the archives held, and rebuilds what differs.
    """
    store, progress = work.store, work.context.progress
    damaged = _damaged(store, graph, slots) if distrust else frozenset()
    absent = lacking_slots(store, {slot.name for slot in slots.values()})
    lacking: dict[str, str] = {}
    for id, slot in slots.items():
        if slot.name in damaged or slot.name in absent:
            lacking.setdefault(slot.name, id)
    if not lacking:
        return 0
    _refuse_frozen(store, {graph.nodes[id].manifest.id for id in lacking.values()})
    progress.to_link += len(lacking)
    _distrust_lacking(work, (graph.nodes[id].manifest for id in lacking.values()))
    left = _make(work, graph, slots, lacking.values(), damaged)
    for id in left:
        distrust_object(store, required_integrity(graph.nodes[id].manifest))
    if left and _make(work, graph, slots, left, damaged):
        raise AssertionError("an object that was just admitted lacks files")
    return len(lacking)


def _refuse_frozen(store: Store, ids: Iterable[str]) -> None:
    if store.frozen:
        from graft.workflows.frozen import damaged

        raise damaged(store, ids)


def _make(
    work: Work,
    graph: Graph,
    slots: Mapping[str, Slot],
    ids: Iterable[str],
    damaged: Collection[str],
) -> list[str]:
    """Fetch what these slots need and build each as soon as its object is there; the ids of those
    whose objects turn out to be unreadable or to lack files. ``damaged`` ones are replaced even if
    they seem to be whole."""
    store, progress, pool = work.store, work.context.progress, work.pool
    cloner = Cloner()
    left = []

    def make(id: str, stored: StoredObject | None) -> bool:
        """Runs in a thread of the pool."""
        stored = stored or find_object(store, required_integrity(graph.nodes[id].manifest))
        if stored is None:
            return False
        if slots[id].salt:
            if slots[id].name in damaged:
                # Not before its successor can be made: other projects run with what there is.
                discard(store, store.slot(slots[id].name))
            return True
        try:
            populate(store, slots[id], stored, cloner, anew=slots[id].name in damaged)
        except FileNotFoundError:
            if object_is_intact(stored):
                raise
            return False
        return True

    def made(id: str, outcome: Outcome[bool]) -> None:
        if outcome.get():
            progress.linked += 1
            progress.changed()
        else:
            left.append(id)

    def submit(ids: Iterable[str], stored: StoredObject | None = None) -> None:
        for id in ids:
            pool.submit(partial(make, id, stored), partial(made, id))

    by_package: dict[str, list[str]] = {}
    for id in ids:
        by_package.setdefault(graph.nodes[id].manifest.id, []).append(id)
    for its_slots in by_package.values():
        manifest = graph.nodes[its_slots[0]].manifest
        if not work.fetches(manifest) and has_object(store, required_integrity(manifest)):
            submit(its_slots)
        else:
            work.archives.need(manifest, partial(submit, its_slots))
    # All is resolved. What packuments said can be written while archives come.
    work.forget_packuments()
    pool.submit(work.flush, Outcome.get)
    work.finish()
    return left


def _distrust_lacking(work: Work, manifests: Iterable[Manifest]) -> None:
    """Have the objects fetched anew that lack files, or have them in other sizes."""
    known = {required_integrity(manifest) for manifest in manifests if not work.fetches(manifest)}
    for integrity in lacking_objects(work.store, known):
        distrust_object(work.store, integrity)


def _damaged(store: Store, graph: Graph, slots: Mapping[str, Slot]) -> frozenset[str]:
    """The slots that are not what they should be. Damaged objects will be fetched anew."""
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
    distrust_object(store, integrity)
    return None
