"""One text for all files that decide what a project asks for. Its digest names what an install
comes to, so both roads of one make it here."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def said_text(root: bytes, pnpm: bytes, others: Iterable[tuple[str, bytes]]) -> bytes:
    """``root`` is the root's manifest and ``pnpm`` pnpm's file beside it, both empty where there is
    no such file; ``others`` are what else is said, each with a name: that of a manifest is the path
    of its folder."""
    parts = [root, pnpm]
    for name, said in sorted(others):
        parts += (b"%s:%d:" % (os.fsencode(name), len(said)), said)
    return b"".join(parts)
