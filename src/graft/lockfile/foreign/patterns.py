"""What both of yarn's formats say: which entry a requirement gets, by how it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graft.lockfile.foreign.lock import Edge
from graft.model.names import split_spec


class Patterns:
    """``ids`` maps ``local@specifier`` to an entry's id."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids
        self._by_local: dict[str, set[str]] = {}
        for pattern, id in ids.items():
            self._by_local.setdefault(split_spec(pattern)[0], set()).add(id)

    def edges(self, asked: Iterable[tuple[str, str, bool]]) -> dict[str, Edge]:
        """From (local, specifier, optional). ``resolutions`` may have replaced what was asked for
        by something that reads otherwise: then it is the only entry of its name."""
        found = {}
        for local, specifier, optional in asked:
            target = self._ids.get(f"{local}@{specifier}")
            if target is None:
                (target, *others) = self._by_local.get(local) or ("",)
                if others or not target:
                    continue
            found[local] = Edge(target, specifier, optional)
        return found
