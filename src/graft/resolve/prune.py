"""Taking from a graph what is not wanted, or cannot be had, here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.model.graph import Graph, Importer, Node
from graft.model.platform import Platform
from graft.model.requirement import Kind


def spoiled(
    bad: Collection[str], edges: Callable[[str], Mapping[str, tuple[str, bool]]], all: Iterable[str]
) -> set[str]:
    """``bad`` and everything that requires something bad. ``edges`` gives local name -> (target,
    optional); an optional edge passes nothing on."""
    parents: dict[str, list[str]] = {}
    for owner in all:
        for target, optional in edges(owner).values():
            if not optional:
                parents.setdefault(target, []).append(owner)
    found = set(bad)
    queue = list(found)
    while queue:
        for owner in parents.get(queue.pop(), ()):
            if owner not in found:
                found.add(owner)
                queue.append(owner)
    return found


def edges_of(graph: Graph, id: str) -> dict[str, tuple[str, bool]]:
    """A node's edges as ``spoiled`` takes them."""
    node = graph.nodes[id]
    optional = {r.local for r in node.manifest.requirements if r.optional}
    return {local: (target, local in optional) for local, target in node.edges.items()}


def for_platform(graph: Graph, platform: Platform) -> Graph:
    """The graph without optional packages that do not run on ``platform``, nor what needs them; of
    packages that have several archives, with the one for it.

    Raises ``platform-unsupported`` where a project requires such a package.
    """
    unfit = {
        node.id for node in graph.nodes.values() if not node.manifest.platforms.admit(platform)
    }

    def unsupported(importer: Importer, local: str) -> GraftError:
        return _unsupported(graph, importer, local, unfit, platform)

    return leave_out(_on(graph, platform), unfit, unsupported)


def _on(graph: Graph, platform: Platform) -> Graph:
    several = [node for node in graph.nodes.values() if node.manifest.archives]
    if not several:
        return graph
    changed = {node.id: replace(node, manifest=node.manifest.on(platform)) for node in several}
    return replace(graph, nodes={**graph.nodes, **changed})


def leave_out(
    graph: Graph, unfit: Collection[str], required: Callable[[Importer, str], GraftError]
) -> Graph:
    """The graph without the nodes ``unfit``, nor what needs them. Raises what ``required`` gives
    for an importer's requirement, by local name, that would be gone and is not optional."""
    if not unfit:
        return graph
    gone = spoiled(unfit, lambda id: edges_of(graph, id), graph.nodes)
    for importer in graph.importers.values():
        for requirement in importer.requirements:
            target = importer.edges.get(requirement.local)
            if target in gone and not requirement.optional:
                raise required(importer, requirement.local)
    return without(graph, gone)


def for_kinds(graph: Graph, omitted: Collection[Kind]) -> Graph:
    """The graph without what only the omitted kinds ask for.

    Omitting optional dependencies omits those of packages too; omitting peers, what was added for
    packages that lack one.
    """
    if not omitted:
        return graph
    importers = {}
    for path, importer in graph.importers.items():
        kept = {r.local for r in importer.requirements if r.kind not in omitted}
        edges = {local: target for local, target in importer.edges.items() if local in kept}
        importers[path] = replace(importer, edges=edges)
    nodes = dict(graph.nodes)
    if Kind.OPTIONAL in omitted:
        for id, node in nodes.items():
            left_out = {r.local for r in node.manifest.requirements if r.kind is Kind.OPTIONAL}
            if left_out:
                edges = {k: v for k, v in node.edges.items() if k not in left_out}
                nodes[id] = replace(node, edges=edges)
    smaller = reachable(replace(graph, importers=importers, nodes=nodes))
    return _without_added_peers(smaller) if Kind.PEER in omitted else smaller


def _without_added_peers(graph: Graph) -> Graph:
    """Nothing but peers leads to what was added for their sake."""

    def dependencies(node: Node) -> dict[str, str]:
        peers = {r.local for r in node.manifest.requirements if r.kind is Kind.PEER}
        return {local: target for local, target in node.edges.items() if local not in peers}

    nodes = {id: replace(node, edges=dependencies(node)) for id, node in graph.nodes.items()}
    needed = reachable(replace(graph, nodes=nodes)).nodes
    return without(graph, graph.nodes.keys() - needed.keys())


def without(graph: Graph, gone: Collection[str]) -> Graph:
    """The graph without the nodes in ``gone``, and what only they led to."""

    def kept(edges: Mapping[str, str]) -> dict[str, str]:
        return {local: target for local, target in edges.items() if target not in gone}

    return reachable(
        replace(
            graph,
            importers={p: replace(i, edges=kept(i.edges)) for p, i in graph.importers.items()},
            nodes={
                id: replace(node, edges=kept(node.edges))
                for id, node in graph.nodes.items()
                if id not in gone
            },
        )
    )


def reachable(graph: Graph) -> Graph:
    """The graph without nodes that no importer leads to."""
    found: set[str] = set()
    queue = [target for importer in graph.importers.values() for target in importer.edges.values()]
    while queue:
        id = queue.pop()
        if id not in found:
            found.add(id)
            queue.extend(graph.nodes[id].edges.values())
    if len(found) == len(graph.nodes):
        return graph
    return replace(graph, nodes={id: node for id, node in graph.nodes.items() if id in found})


def below(graph: Graph, ids: Iterable[str]) -> set[str]:
    """These nodes, and those that lie below them."""
    found = set(ids)
    queue = list(found)
    while queue:
        for child in graph.nodes[queue.pop()].edges.values():
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


def _unsupported(
    graph: Graph, importer: Importer, local: str, unfit: Collection[str], platform: Platform
) -> GraftError:
    path = [graph.nodes[importer.edges[local]]]
    while path[-1].id not in unfit:
        path.append(_next_towards(graph, path[-1], unfit, {node.id for node in path}))
    limits = path[-1].manifest.platforms
    wanted = ", ".join(
        f"{field} {'/'.join(values)}"
        for field, values in (("os", limits.os), ("cpu", limits.cpu), ("libc", limits.libc))
        if values
    )
    return GraftError(
        "platform-unsupported",
        f"{path[-1].manifest.id} does not run on {platform.os}-{platform.cpu}",
        where=" > ".join(node.manifest.id for node in path),
        why=[f"it asks for {wanted}"],
        fix=f"move {local} to optionalDependencies if the project can do without it here",
    )


def _next_towards(graph: Graph, node: Node, unfit: Collection[str], seen: set[str]) -> Node:
    """A required child from which an unfit package is reached."""
    optional = {r.local for r in node.manifest.requirements if r.optional}
    queue = [
        (target, target)
        for local, target in sorted(node.edges.items())
        if local not in optional and target not in seen
    ]
    visited = set(seen)
    while queue:
        first, id = queue.pop(0)
        if id in unfit:
            return graph.nodes[first]
        if id not in visited:
            visited.add(id)
            below = graph.nodes[id]
            soft = {r.local for r in below.manifest.requirements if r.optional}
            queue += [(first, t) for k, t in sorted(below.edges.items()) if k not in soft]
    raise AssertionError("a spoiled node leads to what spoiled it")
