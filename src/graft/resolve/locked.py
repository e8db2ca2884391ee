"""The old lock, as a preference and as a source of manifests.

What a lock says of a package was checked when it was resolved, so while its choices still answer
what is asked, no registry is asked anything about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from graft.model.graph import Graph, Node
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.model.requirement import Requirement
from graft.resolve.pick import newest_of
from graft.versions.ranges import Range


class Locked:
    """``keep`` says of a package name whether its locked versions are still preferred, and
    ``is_outdated`` of a manifest whether its version is all that still counts of it."""

    def __init__(
        self,
        graph: Graph | None,
        keep: Callable[[str], bool] = lambda _: True,
        is_outdated: Callable[[Manifest], bool] = lambda _: False,
        *,
        gaps_count: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """``without`` holds the ids of packages that count as not locked.

        ``gaps_count`` says that what the graph has no answer for had none: it is graft's own,
        made under the same rules."""
        nodes = graph.nodes.values() if graph else ()
        self._importers = dict(graph.importers) if graph else {}
        self._nodes = graph.nodes if graph else {}
        self.is_outdated = is_outdated
        self._owners: dict[str, list[Node]] = {}
        self._by_name: dict[str, list[Manifest]] = {}
        self._keep = keep
        self._gaps_count = gaps_count
        self._without = frozenset(without)
        self._edges: dict[str, dict[tuple[str, str], Manifest]] = {}
        for node in nodes:
            manifest = node.manifest
            if manifest.is_link or not keep(manifest.name) or manifest.id in without:
                continue  # where a line leads to a folder is for the project to say
            if manifest.id not in self._owners and is_from_registry(manifest.origin):
                self._by_name.setdefault(manifest.name, []).append(manifest)
            self._owners.setdefault(manifest.id, []).append(node)

    def edge(self, owner: str, local: str, specifier: str) -> Manifest | None:
        """What this very requirement got, if it still reads the same."""
        edges = self._edges.get(owner)
        if edges is None:
            edges = self._edges[owner] = self._edges_of(owner)
        return edges.get((local, specifier))

    def is_absent(self, owner: str, requirement: Requirement, package: str) -> bool:
        """Whether the lock says that this optional requirement of a package gets nothing: no
        registry is asked again, for each edit, for what it did not have."""
        nodes = self._owners.get(owner, ())
        return (
            self._gaps_count
            and requirement.optional
            and bool(nodes)
            and self._keep(package)
            and all(
                requirement.local not in node.edges
                and any(
                    (said.local, said.specifier) == (requirement.local, requirement.specifier)
                    for said in node.manifest.requirements
                )
                for node in nodes
            )
        )

    def _edges_of(self, owner: str) -> dict[tuple[str, str], Manifest]:
        importer = self._importers.get(owner)
        if importer is not None:
            return self._targets(importer.requirements, importer.edges)
        found: dict[tuple[str, str], Manifest] = {}
        differ = set()
        for node in self._owners.get(owner, ()):
            for asked, target in self._targets(node.manifest.requirements, node.edges).items():
                if found.setdefault(asked, target).id != target.id:
                    differ.add(asked)
        # Where the path decides what a requirement gets, no one answer is that of all.
        return {asked: target for asked, target in found.items() if asked not in differ}

    def _targets(
        self, requirements: Iterable[Requirement], edges: Mapping[str, str]
    ) -> dict[tuple[str, str], Manifest]:
        found = {}
        for requirement in requirements:
            target = self._nodes.get(edges.get(requirement.local, ""))
            if not target or target.manifest.is_link or target.manifest.id in self._without:
                continue
            if self._keep(target.manifest.name):
                found[requirement.local, requirement.specifier] = target.manifest
        return found

    def newest(self, name: str, range: Range) -> Manifest | None:
        """The newest locked version of a registry's package in a range."""
        return newest_of(self._by_name.get(name, ()), range)
