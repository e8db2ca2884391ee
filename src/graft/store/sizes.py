"""How much of a disk things of a store take: blocks, as ``du`` counts them.

A file that a slot shares with its object, by a hard link, is the object's. What reflinks share
cannot be seen, and counts for each.
"""

from __future__ import annotations

import os

_BLOCK = 512


def size_of(root: str, path: str) -> int:
    """Of a graph, a slot or an object, by its path in the store at ``root``; what is not there, or
    cannot be read, has none."""
    is_slot = path.startswith("slots/")
    total = 0
    for place in (f"{root}/{path}", f"{root}/{path}.json" if path.startswith("objects/") else ""):
        total += _below(place, owns_shared=not is_slot) if place else 0
    return total


def size_below(path: str) -> int:
    """Of anything, each file for itself."""
    return _below(path, owns_shared=True)


def _below(path: str, *, owns_shared: bool) -> int:
    try:
        seen = os.lstat(path)
    except OSError:
        return 0
    total = seen.st_blocks * _BLOCK
    folders = [path] if (seen.st_mode & 0o170000) == 0o040000 else []
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    its = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif its.st_nlink > 1 and not owns_shared:
                        continue
                    total += its.st_blocks * _BLOCK
        except OSError:
            continue
    return total
