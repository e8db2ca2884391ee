"""Archives to put into blob stores, and stores that go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from graft.base.diagnostics import GraftError
from graft.model.integrity import Integrity


def archive(name: str, size: int = 1000) -> tuple[Integrity, bytes]:
    """Some bytes, other ones for each name, and what names them."""
    data = (hashlib.sha256(name.encode()).digest() * (size // 32 + 1))[:size]
    return Integrity("sha512", hashlib.sha512(data).digest()), data


class DictBlobs:
    """A blob store in memory. What is in ``fails`` cannot be done: ``get``, ``put``, ``delete``,
    ``list``, ``size``; ``asked`` is what was tried. Puts of what is in ``spoils`` keep other bytes,
    once each."""

    def __init__(self, id: str, *archives: tuple[Integrity, bytes]) -> None:
        self.id = id
        self.held: dict[Integrity, bytes] = dict(archives)
        self.fails: set[str] = set()
        self.spoils: set[Integrity] = set()
        self.asked: list[tuple[str, Integrity | None]] = []
        self.written_at = 0

    def tried(self, what: str) -> list[Integrity | None]:
        return [integrity for kind, integrity in self.asked if kind == what]

    def put(self, integrity: Integrity, data: bytes) -> None:
        self._try("put", integrity)
        if integrity in self.spoils:
            self.spoils.remove(integrity)
            data = b"spoiled"
        self.held[integrity] = data

    def get(self, integrity: Integrity) -> bytes | None:
        self._try("get", integrity)
        return self.held.get(integrity)

    def part(self, integrity: Integrity, start: int, end: int) -> bytes | None:
        self._try("part", integrity)
        data = self.held.get(integrity)
        return None if data is None else data[start:end]

    def size(self, integrity: Integrity) -> int | None:
        self._try("size", integrity)
        data = self.held.get(integrity)
        return None if data is None else len(data)

    def delete(self, integrity: Integrity) -> None:
        self._try("delete", integrity)
        self.held.pop(integrity, None)

    def address(self, integrity: Integrity, seconds: int) -> str:
        return f"memory:{self.id}/{integrity.file_name}?{seconds}"

    def list(self) -> Iterator[tuple[Integrity, int, int]]:
        self._try("list", None)
        for integrity, data in tuple(self.held.items()):
            yield integrity, len(data), self.written_at

    def _try(self, what: str, integrity: Integrity | None) -> None:
        self.asked.append((what, integrity))
        if what in self.fails:
            raise GraftError("blob-store-failed", f"{self.id} cannot {what}")
