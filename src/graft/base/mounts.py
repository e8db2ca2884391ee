"""What a file system, or the mode of a file, says of writing there."""

from __future__ import annotations

import os


def on_read_only(path: str) -> bool:
    """Whether it lies, or would lie, on a file system that is mounted read-only."""
    return bool(os.statvfs(nearest(path)).f_flag & os.ST_RDONLY)


def mount_of(path: str) -> str:
    """Where the file system is mounted that ``path`` lies on, or would."""
    there = os.path.realpath(nearest(path))
    while not os.path.ismount(there):
        there = os.path.dirname(there)
    return there


def held_back(path: str) -> str:
    """Why somebody may not write to ``path``, in words."""
    if on_read_only(path):
        return f"{path} lies on a file system that is read-only here"
    there = nearest(path)
    seen = os.stat(there)
    owner, mode = f"of user {seen.st_uid}", f"mode {seen.st_mode & 0o7777:04o}"
    return f"{there} is {owner}, with {mode}; this is user {os.geteuid()}"


def nearest(path: str) -> str:
    """The path itself, or the folder above it that is there."""
    while not os.path.exists(path):
        path = os.path.dirname(path) or os.curdir
    return path
