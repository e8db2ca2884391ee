"""How nodes are reached: for messages that say where in a graph something is."""

from __future__ import annotations

from graft.link.importers import ROOT
from graft.model.graph import Graph
from graft.model.requirement import Kind


class Paths:
    """The shortest path to each node, by dependencies; and by peers to what only those lead to."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._above: dict[str, str] = {}
        level = [
            self._enter(path, id)
            for path, importer in sorted(graph.importers.items())
            for _, id in sorted(importer.edges.items())
            if id not in self._above
        ]
        peers: list[tuple[str, str]] = []
        while level:
            following = []
            for owner in level:
                node = graph.nodes[owner]
                asked = {r.local for r in node.manifest.requirements if r.kind is Kind.PEER}
                for local, id in sorted(node.edges.items()):
                    if local in asked:
                        peers.append((owner, id))
                    elif id not in self._above:
                        following.append(self._enter(owner, id))
            level = following
            while peers and not level:
                owner, id = peers.pop(0)
                if id not in self._above:
                    level.append(self._enter(owner, id))

    def to(self, id: str) -> tuple[str, ...]:
        """From the importer's path down to the node ``id``: the importer, then nodes' ids."""
        path = [id]
        while path[-1] in self._above:
            path.append(self._above[path[-1]])
        return tuple(reversed(path))

    def shown(self, id: str) -> str:
        """The same for a reader: packages without their contexts."""
        return show_path(self._graph, self.to(id))

    def _enter(self, owner: str, id: str) -> str:
        self._above[id] = owner
        return id


def show_path(graph: Graph, path: tuple[str, ...]) -> str:
    return " > ".join(path_names(graph, path))


def path_names(graph: Graph, path: tuple[str, ...]) -> list[str]:
    """The steps of a path; the project itself goes without saying."""
    return [
        graph.nodes[step].manifest.id if step in graph.nodes else step
        for step in path
        if step != ROOT
    ]
