"""The versions that parents have, as a preference for what is to be resolved."""

from __future__ import annotations

from collections.abc import Iterable

from graft.base.records import replace
from graft.model.graph import Graph
from graft.model.origins import FILE, LINK


def versions_of(
    graphs: Iterable[Graph], previous: Graph | None, *, first: bool = False
) -> Graph | None:
    """A graph of what ``previous`` has, and of what ``graphs``, those of parents, have beside that;
    with ``first``, these go before it, an earlier parent's before later ones. None where there are
    none."""
    theirs = [_fetched(graph) for graph in graphs]
    if not theirs:
        return None
    own = [previous] if previous else []
    merged, *others = [*theirs, *own] if first else [*own, *theirs]
    for graph in others:
        merged = _with(merged, graph)
    return merged


def _fetched(graph: Graph) -> Graph:
    """Without what lies in folders of that project, which mean nothing to another."""
    gone = {id for id, node in graph.nodes.items() if node.manifest.origin.startswith((FILE, LINK))}
    return replace(
        graph,
        importers={
            path: replace(
                importer, edges={k: id for k, id in importer.edges.items() if id not in gone}
            )
            for path, importer in graph.importers.items()
        },
        nodes={
            id: replace(
                node,
                edges={k: to for k, to in node.edges.items() if to not in gone},
                provenance=None,
            )
            for id, node in graph.nodes.items()
            if id not in gone
        },
    )


def _with(first: Graph, second: Graph) -> Graph:
    """What ``second`` has of packages that ``first`` has not, and what those need."""
    names = {node.manifest.name for node in first.nodes.values()}
    queue = [id for id, node in second.nodes.items() if node.manifest.name not in names]
    nodes = dict(first.nodes)
    while queue:
        id = queue.pop()
        if id not in nodes:
            nodes[id] = second.nodes[id]
            queue += second.nodes[id].edges.values()
    return replace(first, nodes=nodes)
