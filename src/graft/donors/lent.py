"""What a project's links have from elsewhere, where its lock does not say so.

Another checkout of the same repository lends what it has without anybody asking, and a lock that is
committed should be the same in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graft.base.records import replace
from graft.donors.parent import Shelf, shelves_of, states_in
from graft.donors.worktrees import other_checkouts
from graft.link.importers import ROOT
from graft.model.graph import Graph
from graft.model.provenance import CLOSURE, LINK, SHAPE, Provenance
from graft.resolve.prune import below

Entries = Mapping[tuple[str, str], str]
"""The links of a project, by importer and name."""


def entries_in(folder: str) -> Entries:
    """Those of the project in ``folder``."""
    root, *others = states_in(folder)
    importers = zip((ROOT, *root.members), (root, *others), strict=True)
    return {
        (importer, name): target
        for importer, state in importers
        for name, target in state.entries.items()
    }


def foreign_shelves(entries: Entries, store: str) -> tuple[Shelf, ...]:
    """The folders of slots that links lead into, but for those of the project's own ``store``."""
    return tuple(shelf for shelf in shelves_of(entries.values()) if shelf.store != store)


def with_lent(graph: Graph, folder: str, entries: Entries, store: str) -> Graph:
    """The graph, and what the links of the project in ``folder`` say of where packages come from,
    for those of which the lock does not."""
    shelves = foreign_shelves(entries, store)
    owners = _owners(folder, shelves) if shelves else {}
    nodes = dict(graph.nodes)
    for path, importer in graph.importers.items():
        for local, id in importer.edges.items():
            target = entries.get((path, local), "")
            shelf = next((each for each in shelves if target.startswith(f"{each.root}/")), None)
            if shelf is not None:
                said = Provenance(
                    path=owners.get(shelf.root, shelf.root),
                    mode=LINK,
                    matched=CLOSURE,
                    level=SHAPE,
                    unsaid=True,
                )
                for each in below(graph, [id]):
                    if nodes[each].provenance is None and not nodes[each].manifest.is_link:
                        nodes[each] = replace(nodes[each], provenance=said)
    return replace(graph, nodes=nodes) if owners or shelves else graph


def _owners(folder: str, shelves: Iterable[Shelf]) -> dict[str, str]:
    """By the shelf, which of the other checkouts has its packages there."""
    wanted = {shelf.root for shelf in shelves}
    found: dict[str, str] = {}
    for path in other_checkouts(folder):
        for shelf in shelves_of(entries_in(path).values()):
            if shelf.root in wanted:
                found.setdefault(shelf.root, path)
    return found
