"""Which namespaces somebody has declared, and so where their packages come from.

An index serves the namespace that it is declared for and those below it; a scope that ``.npmrc``
binds to a registry is a namespace as well, without anything below. Names without a namespace are a
registry's, unless there is an index for ``default``.
"""

from __future__ import annotations

from collections.abc import Collection

from graft.base.records import Record
from graft.model.names import split_name
from graft.model.namespaces import DEFAULT


class Namespaces(Record):
    indices: Collection[str] = ()
    scopes: Collection[str] = ()

    @property
    def text(self) -> str:
        """All of it, whatever the order."""
        return f"{' '.join(sorted(self.indices))}|{' '.join(sorted(self.scopes))}"

    def index_of(self, namespace: str) -> str:
        """The declared index that serves it, the longest that does; empty if none does."""
        while namespace and namespace not in self.indices:
            namespace = namespace.rpartition(".")[0]
        return namespace

    def is_of_index(self, name: str) -> bool:
        """Whether an index serves a package, by its canonical name."""
        namespace = split_name(name)[0]
        return bool(self.index_of(namespace)) if namespace else DEFAULT in self.indices

    def declares(self, namespace: str) -> bool:
        return namespace in self.scopes or bool(self.index_of(namespace))
