"""What a release's tree needs of the host's store: objects, and for links into it slots."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from graft.base.clones import Cloner
from graft.base.machine import workers
from graft.base.pool import Outcome, Pool
from graft.fleet.host.tree_plan import Archive, TreePlan
from graft.link.layouts import VIRTUAL
from graft.model.integrity import Integrity, parse_integrity
from graft.store.check import object_is_intact, slot_is_intact
from graft.store.complete import lacking_objects, lacking_slots
from graft.store.objects import distrust_object, find_object, has_object
from graft.store.paths import Store
from graft.store.slots import Slot, populate

Fetch = Callable[[list[Archive]], None]
"""Brings these archives into the store as objects, or raises."""


def fill_host_store(store: Store, plan: TreePlan, fetch: Fetch, *, full: bool) -> int:
    """See to it that all that the tree needs is there; how many slots and objects were not. With
    ``full`` every byte is compared with what was published, and what differs is made anew.

    Raises what ``fetch`` raises. Call it with the store held.
    """
    slots = {slot.name: slot for slot in plan.slots.values()} if plan.layout == VIRTUAL else {}
    lacking = lacking_slots(store, slots)
    damaged = _damaged(store, plan, slots) if full else frozenset()
    missing = _missing(store, plan.archives)
    if missing:
        fetch([plan.archives[integrity] for integrity in missing])
    wanted = lacking | damaged
    unreadable = _make(store, [slots[name] for name in wanted], damaged)
    if unreadable:
        fetch([plan.archives[integrity] for integrity in unreadable])
        if _make(store, [slots[name] for name in wanted], damaged):
            raise AssertionError("an object that was just admitted lacks files")
    return len(wanted) + len(missing)


def _missing(store: Store, archives: Iterable[Integrity]) -> list[Integrity]:
    """In the order of the release; of those that have lost a part the record goes."""
    wanted = list(archives)
    broken = lacking_objects(store, wanted)
    for integrity in broken:
        distrust_object(store, integrity)
    return [integrity for integrity in wanted if not has_object(store, integrity)]


def _damaged(store: Store, plan: TreePlan, slots: dict[str, Slot]) -> frozenset[str]:
    """The slots that are not what they should be. Damaged objects will be fetched anew."""
    objects = {}
    for integrity in plan.archives:
        stored = find_object(store, integrity)
        if stored is not None and object_is_intact(stored):
            objects[integrity] = stored
        else:
            distrust_object(store, integrity)
    found = set()
    for name, slot in slots.items():
        stored = objects.get(parse_integrity(slot.integrity))
        if stored is None or not slot_is_intact(store, slot, stored):
            found.add(name)
    return frozenset(found)


def _make(store: Store, slots: Iterable[Slot], damaged: Collection[str]) -> list[Integrity]:
    """Make slots; the objects that turned out to be damaged, which are no longer trusted."""
    cloner = Cloner()
    pool = Pool(workers())
    left: list[Integrity] = []

    def make(slot: Slot) -> bool:
        stored = find_object(store, parse_integrity(slot.integrity))
        if stored is None:
            return False
        try:
            populate(store, slot, stored, cloner, anew=slot.name in damaged)
        except FileNotFoundError:
            if object_is_intact(stored):
                raise
            return False
        return True

    def made(slot: Slot, outcome: Outcome[bool]) -> None:
        if not outcome.get():
            left.append(parse_integrity(slot.integrity))

    try:
        for slot in slots:
            pool.submit(partial(make, slot), partial(made, slot))
        while pool.pending:
            pool.settle(wait=True)
    finally:
        pool.close()
    for integrity in left:
        distrust_object(store, integrity)
    return sorted(set(left), key=str)
