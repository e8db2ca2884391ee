"""Entries of a ``node_modules`` that go elsewhere in the project, or go for good: also where the
system does not rename a folder, as one that a lower layer of a container's files has brought.

Both can be done again after an interruption, with the same paths.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from graft.base.files import remove_tree


def move(source: str, goal: str, kept: str) -> None:
    """Rename. What is in a folder that cannot be renamed moves piece by piece to ``kept``, which is
    nobody else's, and that to ``goal``: at no time is there half of it in two places that somebody
    would look at, and at no time is any of it nowhere."""
    os.makedirs(os.path.dirname(goal), exist_ok=True)
    try:
        os.rename(source, goal)
    except OSError as error:
        if error.errno != errno.EXDEV or not _is_folder(source):
            raise
        _pour(source, kept)
        os.rename(kept, goal)


def remove_made(entry: str) -> None:
    """Remove an entry that graft made where it lies. Of a folder the manifest goes last: that says
    whose it is."""
    if _is_folder(entry):
        for name in sorted(os.listdir(entry), key=lambda name: name == "package.json"):
            remove_tree(os.path.join(entry, name))
    remove_tree(entry)


def is_scope(folder: str) -> bool:
    return os.path.basename(folder).startswith("@") and _is_folder(folder)


def free_name(path: str) -> str:
    count = 1
    free = path
    while os.path.lexists(free):
        count += 1
        free = f"{path}.{count}"
    return free


def _pour(source: str, target: str) -> None:
    """Move what is in a folder into another, which may have some of it; then the folder goes."""
    os.makedirs(target, exist_ok=True)
    seen = os.stat(source)
    if seen.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(source, 0o700)
    for name in sorted(os.listdir(source)):
        piece, to = f"{source}/{name}", f"{target}/{name}"
        if _is_folder(piece) and _is_folder(to):
            _pour(piece, to)
            continue
        to = free_name(to)
        try:
            os.rename(piece, to)
        except OSError as error:
            if error.errno != errno.EXDEV or not _is_folder(piece):
                raise
            _pour(piece, to)
    with suppress(OSError):  # only the superuser gives files away
        os.chown(target, seen.st_uid, seen.st_gid)
    os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    os.chmod(target, stat.S_IMODE(seen.st_mode))
    os.rmdir(source)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
