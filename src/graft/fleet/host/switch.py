"""``current``: a link to the tree that scripts start on, moved by one rename.

A tree that is not current any more says since when, in ``.retired-at`` (milliseconds since the
epoch); one that is says nothing of the kind. Times of files decide nothing.
"""

from __future__ import annotations

import os

from graft.base.files import read_file, remove_file, temporary_sibling, write_atomic
from graft.fleet.host.root import SetRoot
from graft.fleet.release import is_release_hash

RETIRED = ".retired-at"


def current_hash(at: SetRoot) -> str:
    """The hash of the tree that ``current`` names, whether that is there or not; empty where there
    is none, or it is no link of ours."""
    try:
        target = os.readlink(at.current)
    except OSError:
        return ""
    folder, _, hash = target.rpartition("/")
    return hash if folder == "trees" and is_release_hash(hash) else ""


def flip(at: SetRoot, hash: str, now: int) -> bool:
    """Have ``current`` lead to the tree of that hash, which has to be whole. False if it does
    already. Whoever resolves it meanwhile finds the old tree or the new one."""
    target = f"trees/{os.path.basename(at.tree(hash))}"
    if current_hash(at) == hash:
        return False
    staged = temporary_sibling(at.current)
    os.symlink(target, staged)
    try:
        os.replace(staged, at.current)
    except BaseException:
        remove_file(staged)
        raise
    stamp_trees(at, now)
    return True


def stamp_trees(at: SetRoot, now: int) -> None:
    """Every tree but the current one says since when it is retired; the current one that it is not,
    whatever a flip that was interrupted has left."""
    current = current_hash(at)
    for hash in at.hashes():
        if hash == current:
            remove_file(_stamp(at, hash))
        elif retired_at(at, hash, now) is None:
            write_atomic(_stamp(at, hash), b"%d\n" % now)


def retired_at(at: SetRoot, hash: str, now: int) -> int | None:
    """None where nothing says so, or what does makes no sense: a time to come is none."""
    try:
        said = int(read_file(_stamp(at, hash)) or b"")
    except (ValueError, OSError):
        return None
    return said if 0 <= said <= now else None


def _stamp(at: SetRoot, hash: str) -> str:
    return os.path.join(at.tree(hash), RETIRED)
