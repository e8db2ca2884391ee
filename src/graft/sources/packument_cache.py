"""Packuments on disk."""

from __future__ import annotations


class PackumentCache:
    def __init__(self, root: str) -> None:
        self._root = root
