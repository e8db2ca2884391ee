"""Where the archives lie, as everything above sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from graft.model.integrity import Integrity


class BlobStore(Protocol):
    """Archives by their integrity. ``id`` is the name that rows and settings call it by.

    What is put twice is there once; what is deleted twice is gone. Raises ``blob-store-failed``
    where the store cannot be asked. May be used from several threads at once.
    """

    @property
    def id(self) -> str: ...

    def put(self, integrity: Integrity, data: bytes) -> None:
        """Whole or not at all."""
        ...

    def get(self, integrity: Integrity) -> bytes | None: ...

    def part(self, integrity: Integrity, start: int, end: int) -> bytes | None:
        """Bytes ``start`` to ``end``, without that one; fewer at the end of the archive."""
        ...

    def size(self, integrity: Integrity) -> int | None:
        """None where it is not there."""
        ...

    def delete(self, integrity: Integrity) -> None: ...

    def list(self) -> Iterator[tuple[Integrity, int, int]]:
        """Each with its size and when it was written: also what nobody has indexed."""
        ...

    def address(self, integrity: Integrity, seconds: int) -> str:
        """A URL under which anyone can read it for that long; empty where there is none."""
        ...
