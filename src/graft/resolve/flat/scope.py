"""Of which packages there is one version each."""

from __future__ import annotations

from graft.base.records import Record
from graft.resolve.flat.index_packages import IndexPackages


class Scope(Record):
    """``everything`` is for projects that ask for it; packages of indices, if the project has any,
    are always in it."""

    everything: bool = False
    indices: IndexPackages | None = None

    def takes(self, name: str) -> bool:
        return self.everything or self.serves(name)

    def serves(self, name: str) -> bool:
        """Whether an index does."""
        return self.indices is not None and self.indices.serves(name)
