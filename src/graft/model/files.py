"""A file of a package, in memory."""

from __future__ import annotations

from typing import NamedTuple


class PackedFile(NamedTuple):
    """``path`` is relative to the package's folder."""

    path: str
    executable: bool
    data: bytes
