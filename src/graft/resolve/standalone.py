"""One importer by itself: the graph that its code needs where the rest of the project is not."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.records import replace
from graft.model.graph import Graph, Importer, Node
from graft.model.requirement import Kind, Requirement
from graft.resolve.prune import reachable

ROOT = "."
# The peers of an importer by local name, whether each may be missing: what its file says, as the
# section for development may have the last word in the graph.
Peers = Mapping[str, Mapping[str, bool]]


def standalone(graph: Graph, importer: str, peers: Peers, *, with_dev: bool = False) -> Graph:
    """The graph of ``importer`` as that of a project of its own.

    What it links to are packages like others here: each folder that a link leads to has what its
    own importer got, but for development. The peers of such a folder are those of ``importer``
    where that has them, as it is what loads it; ``peers`` is by importer path.
    """
    alone = graph.importers[importer]
    kinds = {r.local: r.kind for r in alone.requirements}
    of_peers = peers.get(importer, {})
    kept = {
        local: target
        for local, target in alone.edges.items()
        if with_dev or kinds[local] is not Kind.DEV or local in of_peers
    }
    requirements = tuple(
        replace(r, kind=Kind.PEER) if r.kind is Kind.DEV and r.local in of_peers else r
        for r in alone.requirements
        if r.local in kept or r.optional
    )
    nodes = dict(graph.nodes)
    for id, node in graph.nodes.items():
        if node.manifest.is_link:
            nodes[id] = _package(graph, node, peers, alone)
    root = Importer(path=ROOT, requirements=requirements, edges=kept)
    return reachable(replace(graph, importers={ROOT: root}, nodes=nodes))


def _package(graph: Graph, link: Node, peers: Peers, alone: Importer) -> Node:
    """A folder that is linked, as a package with dependencies."""
    importer = graph.importers.get(link.manifest.folder)
    if importer is None:
        return link
    its_peers = peers.get(importer.path, {})
    requirements: list[Requirement] = []
    edges: dict[str, str] = {}
    for requirement in importer.requirements:
        local = requirement.local
        target = importer.edges.get(local)
        if local in its_peers:
            requirement = replace(requirement, kind=Kind.PEER, optional=its_peers[local])
            target = alone.edges.get(local, target)
        elif requirement.kind is Kind.DEV:
            continue
        requirements.append(requirement)
        if target is not None:
            edges[local] = target
    manifest = replace(link.manifest, requirements=tuple(requirements))
    return replace(link, manifest=manifest, edges=edges)
