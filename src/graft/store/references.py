"""What leads to what in a store. A graph names its slots, or what files were made from; a slot the
slots that it depends on, and its object.

All are named by their paths in the store: ``graphs/<digest>``, ``slots/<name>``,
``objects/<name>``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from graft.model.integrity import parse_integrity
from graft.store.graphs import GraphRecord, read_graph
from graft.store.paths import Store

_PIECE = 64 * 1024


class References:
    """Read once each: slots that are there never change, and graphs only before ``forget_graphs``.
    A slot that is not there may be there at the next look. ``unreadable`` are slots that say
    nothing of what they need."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs: dict[str, GraphRecord | None] = {}
        self._slots: dict[str, tuple[str, ...]] = {}
        self.unreadable: set[str] = set()

    def graph(self, name: str) -> GraphRecord | None:
        """None where there is none, or it is damaged."""
        if name not in self._graphs:
            self._graphs[name] = read_graph(self._store, name)
        return self._graphs[name]

    def forget_graphs(self) -> None:
        self._graphs.clear()

    def of(self, path: str) -> tuple[str, ...]:
        """What this leads to, be it there or not."""
        kind, _, name = path.partition("/")
        if kind == "slots":
            found = self._slots.get(path)
            if found is None:
                found = self._of_slot(path)
                if found:
                    self._slots[path] = found
            return found
        if kind == "graphs" and (record := self.graph(name)) is not None:
            return (*(f"slots/{slot}" for slot in record.slots), *record.sources)
        return ()

    def reach(self, paths: Iterable[str]) -> set[str]:
        """These, and whatever they lead to, be it there or not."""
        found: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting += self.of(path)
        return found

    def _of_slot(self, path: str) -> tuple[str, ...]:
        try:
            said = json.loads(_read(f"{self._store.root}/{path}/slot.json"))
            # Folders of a project are no slots.
            slots = [f"slots/{to}" for to in said["dependencies"].values() if "/" not in to]
            return (*slots, f"objects/{parse_integrity(said['integrity']).file_name}")
        except (FileNotFoundError, NotADirectoryError):
            return ()  # nobody takes it for a slot
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.unreadable.add(path)
            return ()


def _read(path: str) -> bytes:
    """All of a small file, of which there are many: in half the calls that a file object makes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = b""
        while piece := os.read(descriptor, _PIECE):
            data += piece
            if len(piece) < _PIECE:
                break
        return data
    finally:
        os.close(descriptor)
