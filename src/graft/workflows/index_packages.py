"""Packages of the project's indices, for whoever resolves and fetches them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.indices.pins import open_pins
from graft.indices.snapshots import Snapshots
from graft.indices.tree import IndexTree
from graft.lockfile.check import Unmet
from graft.model.graph import Graph, IndexPin, Node
from graft.model.manifest import Manifest
from graft.model.names import split_name
from graft.model.origins import INDEX, is_from_registry
from graft.project.indices_settings import Indices
from graft.resolve.flat.index_packages import IndexPackages
from graft.store.paths import Store
from graft.workflows.index_trees import IndexTrees
from graft.workflows.indices import snapshots_in
from graft.workflows.project import Context


class ProjectIndices:
    """``indices`` are those that are declared, and ``packed`` gives the integrity of a release that
    is a commit."""

    def __init__(
        self,
        context: Context,
        indices: Indices,
        store: Store,
        packed: Callable[[Manifest], str],
    ) -> None:
        self.indices = indices
        self._context = context
        self._store = store
        self._packed = packed
        self._trees: IndexTrees | None = None

    @cached_property
    def _snapshots(self) -> Snapshots:
        return snapshots_in(self._store, self._context)

    def unanswered(self, graph: Graph) -> list[Unmet]:
        """What a lock does not say, or says of indices that are not asked for any more."""
        return open_pins(self.indices, _namespaces(graph), graph.indices)

    def packages(self, previous: Graph | None, update: Collection[str] | None) -> IndexPackages:
        """For a resolver. ``update`` are the names of packages that the lock has no say in, None
        all of them: the indices that serve those are asked for their newest commits. Raises
        ``index-rewritten`` and what asking raises."""
        pins = dict(previous.indices) if previous else {}
        if previous is not None and (update is None or update):
            pins |= self._moved(previous, update)
        cache_root = self._context.settings.cache_root
        self._trees = IndexTrees(self.indices, pins, self._snapshots, cache_root)
        return IndexPackages(
            self._key_of, self._trees.find, self._packed, _from_registries(previous, update)
        )

    def pinned(self, graph: Graph) -> Mapping[str, IndexPin]:
        """The pins of the indices that a graph has packages of."""
        trees = self._trees
        keys = {node.manifest.origin.removeprefix(INDEX) for node in _nodes(graph)}
        return {key: trees.pinned.pin(key) for key in sorted(keys)} if trees else {}

    def read(self, pins: Mapping[str, IndexPin], key: str, path: str) -> bytes:
        """A file of an index at the commit that is pinned. Raises ``source-missing`` and what
        ``Snapshots.folder`` raises."""
        resolved = self._trees.pinned.used if self._trees else {}
        pin = resolved.get(key) or pins.get(key)
        folder = ""
        if pin is not None and pin.url:
            folder = self._snapshots.folder(key, pin)
        elif pin is not None and pin.path:
            folder = os.path.join(self._context.folder, pin.path)
        elif key in self.indices.sources:
            folder = self.indices.sources[key].folder
        data = read_file(IndexTree(folder, namespace=key).file_at(path)) if folder else None
        if data is None:
            raise GraftError(
                "source-missing",
                f"the index of '{key}' has no {path}",
                where=os.path.join(folder or key, path),
                why=["the lock names it as the archive of a package"],
                fix="ask whoever keeps the index",
            )
        return data

    def _key_of(self, name: str) -> str:
        source = self.indices.route(split_name(name)[0])
        return source.namespace if source else ""

    def _moved(self, previous: Graph, update: Collection[str] | None) -> dict[str, IndexPin]:
        from graft.workflows.index_update import moved_pins

        keys = {
            self._key_of(node.manifest.name)
            for node in _nodes(previous)
            if update is None or node.manifest.name in update
        }
        keys |= {self._key_of(name) for name in update or ()}
        sources = [self.indices.sources[key] for key in sorted(keys - {""})]
        steps = moved_pins(previous, sources, self._snapshots, accept=False)
        return {step.source.namespace: step.new for step in steps}


def _nodes(graph: Graph) -> Iterable[Node]:
    return [node for node in graph.nodes.values() if node.manifest.origin.startswith(INDEX)]


def _namespaces(graph: Graph) -> set[str]:
    return {split_name(node.manifest.name)[0] for node in _nodes(graph)}


def _from_registries(previous: Graph | None, update: Collection[str] | None) -> set[str]:
    """Names that the lock has from a registry, and that nobody asks to be looked for anew."""
    if previous is None or update is None:
        return set()
    return {
        node.manifest.name
        for node in previous.nodes.values()
        if is_from_registry(node.manifest.origin) and node.manifest.name not in update
    }
