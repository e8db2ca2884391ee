"""What is said of packages that a project has from others, as these are now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack

from graft.base.records import Record
from graft.donors.hold import hold_parent
from graft.donors.lent import Entries, foreign_shelves
from graft.donors.offer import REASONS, Miss, same_package
from graft.donors.parent import Parent, Shelf, read_parent, stores_of
from graft.donors.trust import observed
from graft.donors.verify import Looks
from graft.model.graph import Graph, Node
from graft.model.provenance import LINK, NAME, Provenance
from graft.store.slots import Slot

OK, DIVERGED, STALE, DANGLING = "ok", "diverged", "stale", "dangling"
_PATIENCE_SECONDS = 1.0
_GONE = ("missing", "dangling")
_CHANGED = ("incomplete", "dirty")


class Mirror(Record):
    """A package by its id, with what the lock says of where it came from. ``state``: it is there no
    more (``dangling``), is not what was taken (``diverged``), or its workspace has another one now
    (``stale``); ``said`` is why."""

    id: str
    provenance: Provenance
    state: str = OK
    said: str = ""


def mirrors_of(
    graph: Graph,
    slots: Mapping[str, Slot],
    entries: Entries,
    where: Mapping[str, str],
    store: str,
    cache_root: str,
) -> list[Mirror]:
    """All that a graph has from others; ``store`` is the root of the project's own, and ``where``
    the folders in which code finds packages. What was copied is the project's own, and ``ok``."""
    found = []
    shelves = foreign_shelves(entries, store)
    by_parent: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        if node.provenance is not None and node.provenance.mode == LINK:
            by_parent.setdefault(node.provenance.path, []).append(node)
        elif node.provenance is not None:
            found.append(Mirror(id=node.manifest.id, provenance=node.provenance))
    for path, nodes in by_parent.items():
        with ExitStack() as holds:
            held = hold_parent(path, stores_of(path), _PATIENCE_SECONDS, _nothing)
            parent = None
            if held is not None:
                holds.push(held)
                parent = read_parent(path)
            found += _of_parent(path, parent, nodes, graph, slots, where, shelves, cache_root)
    return sorted(found, key=lambda mirror: mirror.id)


def _nothing(_: str) -> None:
    return None


def _of_parent(
    path: str,
    parent: Parent | None,
    nodes: Iterable[Node],
    graph: Graph,
    slots: Mapping[str, Slot],
    found: Mapping[str, str],
    shelves: Collection[Shelf],
    cache_root: str,
) -> Iterable[Mirror]:
    whose = parent or Parent(path=path, graph=None)
    looks: dict[str, Looks] = {}
    for node in nodes:
        said = node.provenance
        assert said is not None
        if said.level not in looks:
            its = [slots[each.id] for each in nodes if each.id in slots]
            looks[said.level] = Looks(whose, its, said.level, cache_root)
        if said.matched == NAME:
            state, why = _of_trusted(found.get(node.id, ""), said)
        else:
            state, why = _of_linked(slots.get(node.id), shelves, looks[said.level])
        if state == OK and parent is None:
            why = REASONS["busy"]
        elif state == OK and said.matched != NAME and not said.unsaid:
            state, why = _of_lock(whose, node, graph)
        yield Mirror(id=node.manifest.id, provenance=said, state=state, said=why)
    for look in looks.values():
        look.remember()


def _of_trusted(target: str, said: Provenance) -> tuple[str, str]:
    """By no more than what it calls itself: that is all that was taken down of it."""
    if not os.path.isdir(target):
        return DANGLING, REASONS["dangling"]
    now = observed(target)
    return (OK, "") if now == said.observed else (DIVERGED, f"it was {said.observed}, and is {now}")


def _of_linked(slot: Slot | None, shelves: Iterable[Shelf], look: Looks) -> tuple[str, str]:
    if slot is None:
        return OK, "it is not for this machine"
    seen = [look(shelf, slot) for shelf in shelves]
    if "" in seen:
        return OK, ""
    changed = next((reason for reason in seen if reason in _CHANGED), "")
    if changed:
        return DIVERGED, REASONS[changed]
    if all(reason in _GONE for reason in seen):
        return DANGLING, REASONS["dangling"]
    return OK, REASONS["unverifiable"]


def _of_lock(parent: Parent, node: Node, graph: Graph) -> tuple[str, str]:
    manifest = node.manifest
    patch = graph.patches.get(f"{manifest.name}@{manifest.version}", "")
    found = same_package(parent, manifest, patch)
    return (STALE, REASONS[found.reason]) if isinstance(found, Miss) else (OK, "")
