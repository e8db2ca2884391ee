"""Entries of a ``node_modules`` change places with staged ones, one by one.

For layouts with folders of files, of which there may be thousands: what stays is not touched, and
code that runs meanwhile misses nothing that stays. ``part`` is the importer's part of the staging
folder. Entries are known by their inodes, so it can be done again after an interruption.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from graft.base.renames import exchange
from graft.link.importers import owned
from graft.link.moves import free_name, move, remove_made
from graft.link.others import ASIDE, CARRIED, is_ours
from graft.link.state import read_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ENTRIES = "entries"
_SPENT = "spent"


def enter(modules: str, part: str, new: Iterable[tuple[str, int]]) -> None:
    """Put staged entries in place; ``new`` has their paths and inodes. What is in the way is moved
    aside if others made it, and else changes places."""
    os.makedirs(modules, exist_ok=True)
    owned = read_state(modules).entries
    for path, inode in new:
        staged = f"{part}/{_ENTRIES}/{path}"
        if _inode(staged) != inode:
            continue  # it was put in place before the interruption
        final = f"{modules}/{path}"
        _make_way(modules, path, part)
        if os.path.lexists(final) and not is_ours(modules, path, owned):
            _move_aside(modules, path, part)
        if not os.path.lexists(final):
            os.rename(staged, final)
        elif not exchange(staged, final):
            _take_out(final, part)
            os.rename(staged, final)


def leave(modules: str, part: str, removed: Iterable[tuple[str, int]]) -> None:
    """Take out entries that nothing leads to any more, and folders that held nothing else."""
    for path, inode in removed:
        above = os.path.dirname(path)
        if above and not owned(modules, above, whole=True):
            continue  # the link is somebody else's, and so is what lies there
        final = f"{modules}/{path}"
        if inode and _inode(final) == inode:
            _take_out(final, part)
        with suppress(OSError):
            if "/" in path:
                os.rmdir(os.path.dirname(final))


def _take_out(entry: str, part: str) -> None:
    """What is graft's own goes from its place. In a container a folder of a lower layer cannot be
    moved, but removed."""
    try:
        os.rename(entry, free_name(f"{part}/{_SPENT}"))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        remove_made(entry)


def _make_way(modules: str, path: str, part: str) -> None:
    """The folders above an entry: nothing is written through a link that others made of one."""
    above = ""
    for name in path.split("/")[:-1]:
        above = f"{above}/{name}" if above else name
        full = f"{modules}/{above}"
        if _is_no_folder(full):
            _move_aside(modules, above, part)
        with suppress(FileExistsError):
            os.mkdir(full)


def _move_aside(modules: str, path: str, part: str) -> None:
    aside = f"{modules}/{ASIDE}"
    if _is_no_folder(aside):
        own = free_name(aside)
        os.rename(aside, own)
        os.mkdir(aside)
        os.rename(own, f"{aside}/{ASIDE}")
    goal = free_name(f"{aside}/{path}")
    kept = f"{part}/{CARRIED}{os.path.basename(modules)}/{path}"
    move(f"{modules}/{path}", goal, kept)


def _is_no_folder(path: str) -> bool:
    return os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path))


def _inode(path: str) -> int:
    try:
        return os.lstat(path).st_ino
    except (FileNotFoundError, NotADirectoryError):
        return 0
