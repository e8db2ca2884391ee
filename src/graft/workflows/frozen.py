"""A frozen store has all that a project needs, or nothing is begun: nothing can be added to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.link.layouts import VIRTUAL
from graft.model.graph import Graph
from graft.store.admission import required_integrity
from graft.store.complete import lacking_objects, lacking_slots
from graft.store.objects import has_object
from graft.store.paths import Store, has_slot
from graft.store.slots import Slot

NOT_THERE = "is not there"
_NOT_MADE = "is there, but not as its patch or its approved scripts make it"
_NOT_LINKED = "is there, but not beside what it depends on"
DAMAGED = "is there in part"


def lacking(store: Store, graph: Graph, slots: Mapping[str, Slot], layout: str) -> dict[str, str]:
    """What the store lacks for these to be linked or copied in this layout: for each package, by
    id, what is the matter. Compares no bytes."""
    integrities = {id: required_integrity(graph.nodes[id].manifest) for id in slots}
    as_slots = {id for id, slot in slots.items() if layout == VIRTUAL or slot.salt}
    bad_slots = lacking_slots(store, {slots[id].name for id in as_slots})
    bad_objects = lacking_objects(store, {integrities[id] for id in slots.keys() - as_slots})
    found = {}
    for id, slot in slots.items():
        is_stored = has_object(store, integrities[id])
        if id not in as_slots:
            there = DAMAGED if integrities[id] in bad_objects else ""
            reason = there if is_stored else NOT_THERE
        elif has_slot(store, slot.name):
            is_whole = slot.name not in bad_slots
            is_whole = is_whole and os.path.isdir(store.package(slot.name, slot.package))
            reason = "" if is_whole else DAMAGED
        elif is_stored:
            reason = _NOT_MADE if slot.salt else _NOT_LINKED
        else:
            reason = NOT_THERE
        if reason:
            found[graph.nodes[id].manifest.id] = reason
    return found


def refuse_lacking(store: Store, graph: Graph, slots: Mapping[str, Slot], layout: str) -> None:
    """Raises ``store-lacks``."""
    found = lacking(store, graph, slots, layout)
    if found:
        raise store_lacks(store, found)


def damaged(store: Store, ids: Iterable[str]) -> GraftError:
    return store_lacks(store, dict.fromkeys(ids, DAMAGED))


def store_lacks(store: Store, found: Mapping[str, str]) -> GraftError:
    """``found`` is as ``lacking`` gives it."""
    if _NOT_MADE in found.values():
        command = "graft install"
    else:
        command = "graft fetch --force" if DAMAGED in found.values() else "graft fetch"
    count = "a package" if len(found) == 1 else f"{len(found)} packages"
    return GraftError(
        "store-lacks",
        f"the store lacks {count}, and nothing is written into it (frozen-store)",
        where=store.root,
        why=[f"{id} {reason}" for id, reason in sorted(found.items())],
        fix=f"run '{command}' where the store may be written, with the flags of this install",
    )


def refuse_changes(command: str) -> GraftError:
    """For what would make again what the store has."""
    return GraftError(
        "usage",
        f"{command} makes again what lies in the store, and nothing is written into it "
        "(frozen-store)",
        fix="run it without frozen-store, where the store may be written",
    )
