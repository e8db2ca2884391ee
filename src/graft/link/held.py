"""What has to lie in the project itself, where most packages lie elsewhere: own copies, and what
needs them, as no slot of a store leads into a project.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from graft.model.graph import Graph


def held(graph: Graph, copies: Collection[str], mirrors: Mapping[str, str]) -> set[str]:
    """The nodes whose slots are the project's own: ``copies`` of packages, and what needs one of
    these, or one of the ``mirrors`` without being one itself."""
    leading = (
        id
        for id, node in graph.nodes.items()
        if id not in mirrors and any(child in mirrors for child in node.edges.values())
    )
    return above(graph, [*copies, *leading]) - mirrors.keys()


def above(graph: Graph, ids: Iterable[str]) -> set[str]:
    """These nodes, and all that need them, however far up."""
    needed_by: dict[str, list[str]] = {}
    for id, node in graph.nodes.items():
        for child in node.edges.values():
            needed_by.setdefault(child, []).append(id)
    found = {id for id in ids if not graph.nodes[id].manifest.is_link}
    queue = list(found)
    while queue:
        for id in needed_by.get(queue.pop(), ()):
            if id not in found and not graph.nodes[id].manifest.is_link:
                found.add(id)
                queue.append(id)
    return found
