"""What the shortest road has to know of a project's patches: what they add to its graph's name.

Nothing is checked here. Where an entry makes no sense, no install has given that name to a graph.
"""

from __future__ import annotations

import hashlib
import os

from graft.base.files import read_file
from graft.base.light_json import read_json

_FIELD = "patchedDependencies"


def patches_here(folder: str, manifest: bytes) -> str | None:
    """The same text as ``Builds.inputs`` of a project that patches packages and builds none; None
    where more than that is to be known, or a patch is not there."""
    if b'"approvedBuilds"' in manifest:
        return None
    try:
        said = read_json(manifest)
    except ValueError:
        return None
    patches = said.get(_FIELD) if isinstance(said, dict) and "pnpm" not in said else None
    if not isinstance(patches, dict):
        return None
    words = []
    for id, path in sorted(patches.items()):
        data = read_file(os.path.join(folder, path)) if isinstance(path, str) else None
        if data is None:
            return None
        digest = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
        words.append(f" {id} {digest}")
    return "".join(words)
