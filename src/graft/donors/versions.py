"""The versions that parents have, as a preference for what is to be resolved."""

from __future__ import annotations

from collections.abc import Iterable

from graft.base.records import replace
from graft.donors.parent import Parent
from graft.model.graph import Graph
from graft.model.origins import FILE, LINK


def versions_of(parents: Iterable[Parent], previous: Graph | None) -> Graph | None:
    """A graph of what the parents' locks have, the first parent's before others', and of what
    ``previous`` has beside that. None where no parent has a lock."""
    merged: Graph | None = None
    for graph in (*(parent.graph for parent in parents), previous):
        if graph is None:
            continue
        if graph is not previous:
            graph = _fetched(graph)
        merged = graph if merged is None else _with(merged, graph)
    return merged if any(parent.graph for parent in parents) else None


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
    """What ``second`` has of packages that ``first`` has not."""
    names = {node.manifest.name for node in first.nodes.values()}
    more = {
        id: node
        for id, node in second.nodes.items()
        if node.manifest.name not in names and id not in first.nodes
    }
    nodes = {**first.nodes, **more}
    return replace(
        first,
        nodes={
            id: replace(node, edges={k: to for k, to in node.edges.items() if to in nodes})
            for id, node in nodes.items()
        },
    )
