"""The old lock, as a preference and as a source of manifests.

What a lock says of a package was checked when it was resolved, so while its choices still answer
what is asked, no registry is asked anything about it.
"""

from __future__ import annotations

from collections.abc import Callable

from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.resolve.pick import newest_of
from graft.versions.ranges import Range


class Locked:
    """``keep`` says of a package name whether its locked versions are still preferred."""

    def __init__(self, graph: Graph | None, keep: Callable[[str], bool] = lambda _: True) -> None:
        nodes = graph.nodes.values() if graph else ()
        self._importers = dict(graph.importers) if graph else {}
        self._nodes = graph.nodes if graph else {}
        self._owners: dict[str, Node] = {}
        self._by_name: dict[str, list[Manifest]] = {}
        self._keep = keep
        self._edges: dict[str, dict[tuple[str, str], Manifest]] = {}
        for node in nodes:
            manifest = node.manifest
            if manifest.id in self._owners or not keep(manifest.name):
                continue
            self._owners[manifest.id] = node
            self._by_name.setdefault(manifest.name, []).append(manifest)

    def edge(self, owner: str, local: str, specifier: str) -> Manifest | None:
        """What this very requirement got, if it still reads the same."""
        edges = self._edges.get(owner)
        if edges is None:
            edges = self._edges[owner] = self._edges_of(owner)
        return edges.get((local, specifier))

    def _edges_of(self, owner: str) -> dict[tuple[str, str], Manifest]:
        holder: Importer | Node | None = self._importers.get(owner) or self._owners.get(owner)
        if holder is None:
            return {}
        asked = (
            holder.requirements if isinstance(holder, Importer) else holder.manifest.requirements
        )
        found = {}
        for requirement in asked:
            target = self._nodes.get(holder.edges.get(requirement.local, ""))
            if target and self._keep(target.manifest.name):
                found[requirement.local, requirement.specifier] = target.manifest
        return found

    def newest(self, name: str, range: Range) -> Manifest | None:
        """The newest locked version of a package in a range."""
        return newest_of(self._by_name.get(name, ()), range)
