"""The descriptors of a project's indices, each index at the commit that counts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor
from graft.indices.parsed import ParsedCache
from graft.indices.pins import PinnedIndices
from graft.indices.snapshots import Snapshots
from graft.indices.tree import IndexTree
from graft.model.graph import IndexPin
from graft.model.names import split_name
from graft.project.indices_settings import Indices
from graft.store.paths import Store, open_store
from graft.workflows.indices import declared, locked_pins, snapshots_in
from graft.workflows.project import Context


class IndexTrees:
    """``pins`` says which commits count; of what it does not name, the newest does. Each tree is
    opened once, when it is first asked."""

    def __init__(
        self,
        indices: Indices,
        pins: Mapping[str, IndexPin],
        snapshots: Snapshots,
        cache_root: str,
    ) -> None:
        self.pinned = PinnedIndices(indices, pins, snapshots)
        self._indices = indices
        self._cache_root = cache_root
        self._trees: dict[str, IndexTree] = {}

    def find(self, name: str) -> Descriptor | None:
        """Of a package whose namespace an index serves; None where that has none of this name.
        Raises what looking into an index raises."""
        source = self._indices.route(split_name(name)[0])
        assert source is not None
        return self._tree(source.namespace).find(name)

    def descriptor(self, name: str) -> Descriptor:
        """The same, for whoever was asked for it by name: raises ``package-not-found`` too."""
        found = self.find(name)
        if found is not None:
            return found
        source = self._indices.route(split_name(name)[0])
        assert source is not None
        raise GraftError(
            "package-not-found",
            f"there is no package '{name}'",
            where=source.place,
            why=[f"looked for in the index of '{source.namespace}', declared in {source.where}"],
            fix=self._elsewhere(name)
            or (f"run 'graft index update {source.namespace}' if it is new" if source.url else ""),
        )

    def _elsewhere(self, name: str) -> str:
        """Packages of the same name in other namespaces, as no more than a hint."""
        bare = split_name(name)[1]
        found = []
        for namespace in sorted(self._indices.sources):
            spelling = f"@{namespace}/{bare}"
            if spelling == name:
                continue
            try:
                if self._tree(namespace).find(spelling) is not None:
                    found.append(f"{namespace}:{bare}")
            except GraftError:
                continue
        return f"there is {', '.join(found)}, if that was meant" if found else ""

    def _tree(self, key: str) -> IndexTree:
        if key not in self._trees:
            folder = self.pinned.folder(key)
            assert folder is not None
            pin = self.pinned.pin(key)
            self._trees[key] = IndexTree(
                folder,
                where=self._indices.sources[key].place,
                namespace=key,
                parsed=ParsedCache(self._cache_root),
                snapshot=self._searched(key, pin) if pin.url else "",
            )
        return self._trees[key]

    def _searched(self, key: str, pin: IndexPin) -> str:
        """Where it is kept what a search of all descriptors came to: a commit never changes."""
        return os.path.join(self._cache_root, "indices", f"{pin.commit}-{key}.json")


def locked_trees(context: Context, store: Store | None = None) -> IndexTrees:
    """As the project's lock pins them. ``store`` is for commands that have opened it."""
    settings = context.settings
    if store is None:
        store = open_store(settings.store_root, frozen=settings.frozen_store)
    return IndexTrees(
        declared(context), locked_pins(context), snapshots_in(store, context), settings.cache_root
    )
