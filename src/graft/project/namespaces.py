"""Which namespaces somebody has declared, and so where their packages come from.

An index serves the namespace that it is declared for and those below it; a scope that ``.npmrc``
binds to a registry is a namespace as well, without anything below.
"""

from __future__ import annotations

from collections.abc import Collection

from graft.base.records import Record


class Namespaces(Record):
    indices: Collection[str] = ()
    scopes: Collection[str] = ()

    def index_of(self, namespace: str) -> str:
        """The declared index that serves it, the longest that does; empty if none does."""
        while namespace and namespace not in self.indices:
            namespace = namespace.rpartition(".")[0]
        return namespace

    def declares(self, namespace: str) -> bool:
        return namespace in self.scopes or bool(self.index_of(namespace))
