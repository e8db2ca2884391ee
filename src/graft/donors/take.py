"""What is taken of which parent, and how: decided for all packages of a graph together.

A package is linked to only where everything that it is connected with is on one shelf. Otherwise
code would meet two copies of what both a linked package and one of the project's own depend on, and
no slot of a store may lead into another workspace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set

from graft.base.records import Record, replace
from graft.donors.offer import GONE, Hit, Miss, offer
from graft.donors.parent import Parent, Shelf
from graft.donors.verify import Looks
from graft.model.graph import Graph, Importer, Node
from graft.model.provenance import BYTES, LINK, OWN_MODES, STORE, Provenance
from graft.resolve.prune import reachable
from graft.store.slots import Slot

# Beside ``link``: only where the files cannot be written, and else as a copy.
OPEN = "open"


class Source(Record, unshown=("looks",)):
    """A parent that is asked. ``mode`` gives how a package is to be taken, and where it is by bytes
    though nobody asked for those, why (``OPEN`` for a link that is a copy of what may be written);
    ``serves`` which are. ``carried`` are the links that the
    project has already: they keep what the lock says of them. ``checkout`` says that it is another
    checkout of the same repository, which nobody named."""

    parent: Parent
    looks: Looks
    level: str
    mode: Callable[[str], tuple[str, str]]
    serves: Callable[[str], bool] = lambda _: True
    trust: bool = False
    carried: bool = False
    checkout: bool = False


class Asked(Record):
    """``graph`` is what this machine installs and ``slots`` what it would have in the store at
    ``store``; ``has`` says of which nodes that has the files. ``fixed`` are nodes whose files have
    to be the project's own."""

    graph: Graph
    slots: Mapping[str, Slot]
    store: str
    has: Callable[[str], bool]
    fixed: Collection[str] = frozenset()


class Taking(Record):
    """By node id: the folders of parents that are linked to, and those that are copied from, past
    any store (``given``); the sources that may have the bytes of
    others, best first, with what the lock says then; and what it says of the rest. ``misses`` are
    the parents that gave nothing and why, as (path, reason). ``lost`` is what links of the project
    are for and is not right any more where they lead."""

    links: Mapping[str, str]
    bytes: Mapping[str, Sequence[tuple[Source, Provenance]]]
    provenance: Mapping[str, Provenance]
    misses: Mapping[str, Sequence[tuple[str, str]]]
    lost: Set[str] = frozenset()
    given: Mapping[str, str] = {}


def decide(asked: Asked, sources: Sequence[Source]) -> Taking:
    """The first source that has a package gives it."""
    hits: dict[str, list[tuple[Source, Hit]]] = {}
    misses: dict[str, list[tuple[str, str]]] = {}
    lost: set[str] = set()
    for id, slot in asked.slots.items():
        node = asked.graph.nodes[id]
        patch = asked.graph.patches.get(f"{node.manifest.name}@{node.manifest.version}", "")
        hits[id], misses[id] = [], []
        for source in sources:
            if not source.serves(node.manifest.name):
                found: Hit | Miss = Miss(reason="excluded")
            else:
                found = offer(source.parent, node, slot, patch, source.looks)
            if isinstance(found, Hit):
                hits[id].append((source, found))
            elif source.carried:
                lost |= {id} if found.reason in GONE else set()
            else:
                misses[id].append((source.parent.path, found.reason))
    links: dict[str, str] = {}
    provenance: dict[str, Provenance] = {}
    bytes: dict[str, list[tuple[Source, Provenance]]] = {}
    for component in _components(asked.graph, asked.slots):
        for id, (source, hit) in _linked(asked, component, hits).items():
            links[id] = os.path.realpath(hit.path)
            kept = asked.graph.nodes[id].provenance if source.carried else None
            provenance[id] = kept or _said(source, hit, LINK)
    for id, found_ones in hits.items():
        if id in links:
            continue
        for source, hit in found_ones:
            if source.carried:
                continue
            said = _not_linked(asked, id, source, hit)
            if asked.has(id):
                own = said.mode in OWN_MODES
                provenance[id] = said if own else replace(said, mode=STORE, because="")
                break
            bytes.setdefault(id, []).append((source, said))
    return Taking(links=links, bytes=bytes, provenance=provenance, misses=misses, lost=lost)


def own_part(graph: Graph, elsewhere: Collection[str]) -> Graph:
    """What of the graph has to be in this project's own store: what is not found ``elsewhere``."""
    if not elsewhere:
        return graph

    def edges(holder: Node | Importer) -> dict[str, str]:
        return {local: id for local, id in holder.edges.items() if id not in elsewhere}

    importers = {path: replace(each, edges=edges(each)) for path, each in graph.importers.items()}
    nodes = {
        id: replace(node, edges=edges(node))
        for id, node in graph.nodes.items()
        if id not in elsewhere
    }
    return reachable(replace(graph, importers=importers, nodes=nodes))


def seen_part(graph: Graph, own: Graph, elsewhere: Collection[str]) -> Graph:
    """What of the graph code meets here: without what only packages from ``elsewhere`` need, which
    find it there."""
    if not elsewhere:
        return graph
    nodes = {
        id: replace(node, edges={k: to for k, to in node.edges.items() if to in seen})
        for seen in [own.nodes.keys() | elsewhere]
        for id, node in graph.nodes.items()
        if id in seen
    }
    return replace(graph, nodes=nodes)


def _not_linked(asked: Asked, id: str, source: Source, hit: Hit) -> Provenance:
    """What is said of a package that a parent has and that is not linked to."""
    mode, because = source.mode(asked.slots[id].package)
    if mode != LINK:
        return replace(_said(source, hit, mode), because=because)
    if hit.shelf is None:
        because = "folders" if source.parent.layout == "hoisted" else "closure"
    else:
        because = "tool" if id in asked.fixed else "connected"
    return replace(_said(source, hit, BYTES), because=because)


def _linked(
    asked: Asked, component: Collection[str], hits: Mapping[str, Sequence[tuple[Source, Hit]]]
) -> dict[str, tuple[Source, Hit]]:
    """Each of the component with where it lies, if all of it lies on one shelf of one parent that
    may be linked to."""
    if any(id in asked.fixed for id in component):
        return {}
    first = next(iter(component))
    for source, hit in hits[first]:
        if hit.shelf is None or hit.shelf.store == asked.store:
            continue
        found = {id: _on(hits[id], source, hit.shelf) for id in component}
        if any(source.mode(asked.slots[id].package)[0] != LINK for id in component):
            continue
        every = {id: (source, its) for id, its in found.items() if its is not None}
        if len(every) == len(component):
            return every
    return {}


def _on(hits: Iterable[tuple[Source, Hit]], source: Source, shelf: Shelf) -> Hit | None:
    return next((hit for its, hit in hits if its is source and hit.shelf == shelf), None)


def _components(graph: Graph, slots: Mapping[str, Slot]) -> list[list[str]]:
    """Packages that are connected by dependencies, in whatever direction."""
    beside: dict[str, list[str]] = {id: [] for id in slots}
    for id in slots:
        for child in graph.nodes[id].edges.values():
            if child in beside:
                beside[id].append(child)
                beside[child].append(id)
    found = []
    left = dict.fromkeys(slots)
    while left:
        queue = [next(iter(left))]
        del left[queue[0]]
        for id in queue:
            for other in beside[id]:
                if other in left:
                    del left[other]
                    queue.append(other)
        found.append(queue)
    return found


def said_of(source: Source, path: str, matched: str, mode: str) -> Provenance:
    """What is said of a package that lies at ``path``."""
    return _said(source, Hit(path=path, matched=matched), mode)


def _said(source: Source, hit: Hit, mode: str) -> Provenance:
    return Provenance(
        path=source.parent.path,
        mode=mode,
        matched=hit.matched,
        level=source.level,
        chain=hit.chain,
        unsaid=source.checkout,
    )
