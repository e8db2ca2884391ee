"""A folder on disk as ``packlist`` wants it."""

from __future__ import annotations

import os
from functools import lru_cache


class FolderListing:
    """Each folder is read once. Links are left out: what they lead to is somebody else's."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.entries = lru_cache(maxsize=None)(self._entries)

    def _entries(self, folder: str) -> dict[str, bool]:
        with os.scandir(os.path.join(self.root, folder)) as found:
            return {
                entry.name: entry.is_dir(follow_symlinks=False)
                for entry in found
                if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)
            }

    def text(self, path: str) -> str:
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
