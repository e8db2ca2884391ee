"""Inventories: what a folder holds, with the size of each file, in a file in that folder.

So whether something is missing or cut short takes one look at each file, and reading nothing else:
``_native.c`` does that without the interpreter's lock, where it could be compiled; what follows
does the same. Entries end in a zero byte, which is in no path: ``f<size> <path>`` for a file,
``l<length> <path>`` for a link and the length of its target, ``d0 <path>`` for another folder with
an inventory of its own that belongs to this one. What comes before ``-0 `` is the front: for who
has not the time to look at all. Of a front that is long, as some packages have thousands of files
in one folder, what is looked at is its first entries and the manifest.
"""

from __future__ import annotations

import os
import stat

from graft.base.files import read_file
from graft.base.native import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

INVENTORY = "inventory"
# What came of a comparison. UNKNOWN: the folder has no inventory.
COMPLETE, LACKING, UNKNOWN = 0, 1, 2
_END_OF_FRONT = b"-0 \0"
_FRONT_MOST = 16
_MANIFEST = b"/package.json"
_KINDS = {b"f": stat.S_ISREG, b"l": stat.S_ISLNK}


def inventory(
    files: Iterable[tuple[str, int]],
    links: Mapping[str, str] = {},
    folders: Iterable[str] = (),
    behind: Iterable[tuple[str, int]] = (),
) -> bytes:
    """``files`` are paths with sizes, ``links`` paths with targets; ``behind`` are files that do
    not belong to the front."""
    entries = [b"d0 %b\0" % os.fsencode(path) for path in folders]
    entries += [
        b"l%d %b\0" % (len(os.fsencode(target)), os.fsencode(path))
        for path, target in links.items()
    ]
    entries += [b"f%d %b\0" % (size, os.fsencode(path)) for path, size in files]
    entries.append(_END_OF_FRONT)
    entries += [b"f%d %b\0" % (size, os.fsencode(path)) for path, size in behind]
    return b"".join(entries)


def _compare(root: str, folders: Sequence[str], name: str, front: bool) -> list[int]:
    """For each of the ``folders`` below ``root``, whether it has what its inventory says."""
    return [_look_at(f"{root}/{folder}", name, front, 1) for folder in folders]


def _look_at(folder: str, name: str, front: bool, depth: int) -> int:
    if not os.path.isdir(folder):
        return LACKING
    try:
        data = None if os.path.islink(f"{folder}/{name}") else read_file(f"{folder}/{name}")
    except OSError:
        return LACKING
    if data is None:
        return LACKING if os.path.lexists(f"{folder}/{name}") else UNKNOWN
    *entries, rest = data.split(b"\0")
    if rest or not entries:
        return LACKING
    looks = 0
    for entry in entries:
        if entry == _END_OF_FRONT[:-1]:
            if front:
                break
            continue
        if front and looks >= _FRONT_MOST and not entry.endswith(_MANIFEST):
            continue
        looks += entry[:1] != b"d"
        if not _is_there(folder, name, entry, front, depth):
            return LACKING
    return COMPLETE


def _is_there(folder: str, name: str, entry: bytes, front: bool, depth: int) -> bool:
    said, space, path = entry.partition(b" ")
    kind, size = said[:1], said[1:]
    if not (space and size.isdigit()):
        return False
    full = f"{folder}/{os.fsdecode(path)}"
    if kind == b"d":
        return not depth or _look_at(full, name, front, depth - 1) != LACKING
    try:
        seen = os.lstat(full)
    except OSError:
        return False
    return kind in _KINDS and _KINDS[kind](seen.st_mode) and seen.st_size == int(size)


compare = _compare if native is None else native.compare
