"""Which packages are not for a version of node, by what their ``engines`` say."""

from __future__ import annotations

from graft.model.graph import Graph
from graft.resolve.prune import edges_of, spoiled, without
from graft.versions.npm import parse_range
from graft.versions.version import parse_version


def unfit_for(graph: Graph, node: str) -> set[str]:
    """The ids of nodes whose range leaves ``node``, a version, out. As for npm, a prerelease of
    node counts like a release."""
    fits: dict[str, bool] = {"": True}
    for each in graph.nodes.values():
        text = each.manifest.node
        if text not in fits:
            fits[text] = admits_node(text, node)
    return {id for id, each in graph.nodes.items() if not fits[each.manifest.node]}


def admits_node(text: str, node: str) -> bool:
    """What cannot be read leaves nothing out."""
    try:
        return parse_range(text).include_prereleases().contains(parse_version(node))
    except ValueError:
        return True


def without_unfit_optional(graph: Graph, node: str) -> Graph:
    """The graph without optional packages that are not for ``node``, nor what needs them. What is
    required stays, whatever it says."""
    unfit = unfit_for(graph, node)
    soft = unfit and unfit - _required(graph)
    if not soft:
        return graph
    return without(graph, spoiled(soft, lambda id: edges_of(graph, id), graph.nodes))


def _required(graph: Graph) -> set[str]:
    """What importers reach without an optional edge."""
    found: set[str] = set()
    queue = [
        importer.edges[requirement.local]
        for importer in graph.importers.values()
        for requirement in importer.requirements
        if requirement.local in importer.edges and not requirement.optional
    ]
    while queue:
        id = queue.pop()
        if id not in found:
            found.add(id)
            queue += [target for target, optional in edges_of(graph, id).values() if not optional]
    return found
