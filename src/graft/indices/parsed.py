"""Descriptors as JSON, by the digest of their files: a file of the cache for each.

TOML takes twenty times as long to read as JSON, and most descriptors stay as they are from one
commit of an index to the next. All of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from graft.base.files import read_file, write_atomic
from graft.indices.reading import Parsed

DESCRIPTORS = "descriptors"


class ParsedCache(Parsed):
    """In ``cache_root``. What cannot be written is not kept."""

    def __init__(self, cache_root: str) -> None:
        self._folder = os.path.join(cache_root, DESCRIPTORS)

    def get(self, data: bytes) -> dict[str, Any] | None:
        try:
            kept = read_file(self._path(data))
            document = json.loads(kept) if kept else None
        except (OSError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def put(self, data: bytes, document: Mapping[str, Any]) -> None:
        path = self._path(data)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_atomic(path, json.dumps(document, ensure_ascii=False).encode())
        except (OSError, ValueError):
            pass

    def _path(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        return os.path.join(self._folder, digest[:2], f"{digest[2:40]}.json")
