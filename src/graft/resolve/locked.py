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
        for node in nodes:
            manifest = node.manifest
            if manifest.id in self._owners or not keep(manifest.name):
                continue
            self._owners[manifest.id] = node
            self._by_name.setdefault(manifest.name, []).append(manifest)

    def edge(self, owner: str, local: str, specifier: str) -> Manifest | None:
        """What this very requirement got, if it still reads the same."""
        holder: Importer | Node | None = self._importers.get(owner) or self._owners.get(owner)
        if holder is None:
            return None
        asked = (
            holder.requirements if isinstance(holder, Importer) else holder.manifest.requirements
        )
        if not any(r.local == local and r.specifier == specifier for r in asked):
            return None
        target = self._nodes.get(holder.edges.get(local, ""))
        return target.manifest if target and self._keep(target.manifest.name) else None

    def newest(self, name: str, range: Range) -> Manifest | None:
        """The newest locked version of a package in a range."""
        return newest_of(self._by_name.get(name, ()), range)
