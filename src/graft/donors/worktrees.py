"""Other checkouts of the same repository: the main one, and then its worktrees beside this one.

``.git`` is a folder in a main checkout and a file in a worktree, so whether there is anything to
look for takes one look. The rest is read from git's own files, without running git.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from graft.base.files import read_file

_GITDIR = b"gitdir:"


def is_worktree(folder: str) -> bool:
    """Whether a folder lies in a linked worktree, or in a submodule, as far as one look tells."""
    return bool(_top(os.path.realpath(folder)))


def other_checkouts(folder: str) -> list[str]:
    """The folders that ``folder``, if it lies in a linked worktree, has in other checkouts, whether
    there is a project in them or not: the main checkout's first, then those of worktrees that were
    used last. Empty for what is no linked worktree."""
    top = _top(os.path.realpath(folder))
    own = _git_folder(top) if top else ""
    if not own:
        return []
    common = _common(own)
    below = os.path.relpath(os.path.realpath(folder), top)
    others = [checkout for checkout in dict.fromkeys(_checkouts(common)) if checkout != top]
    return [os.path.normpath(os.path.join(checkout, below)) for checkout in others]


def _top(folder: str) -> str:
    """The top of the worktree; empty in a main checkout, or outside of any."""
    place = folder
    while True:
        git = os.path.join(place, ".git")
        if os.path.isfile(git):
            return place
        above = os.path.dirname(place)
        if os.path.isdir(git) or above == place:
            return ""
        place = above


def _git_folder(top: str) -> str:
    """Where git keeps what it knows of a worktree. A submodule has its own, in which no other
    checkouts are known; empty for what is none of both."""
    said = read_file(os.path.join(top, ".git")) or b""
    if not said.startswith(_GITDIR):
        return ""
    path = os.fsdecode(said.removeprefix(_GITDIR).strip())
    return os.path.realpath(os.path.join(top, path))


def _common(git: str) -> str:
    """What all checkouts share: git's folder itself where nothing else is said."""
    said = os.fsdecode((read_file(os.path.join(git, "commondir")) or b"").strip())
    return os.path.realpath(os.path.join(git, said))


def _checkouts(common: str) -> Iterator[str]:
    """A hub without a checkout of its own has worktrees alone."""
    if os.path.basename(common) == ".git":
        yield os.path.dirname(common)
    worktrees = os.path.join(common, "worktrees")
    try:
        names = os.listdir(worktrees)
    except OSError:
        return
    for name in sorted(names, key=lambda name: (-_used(os.path.join(worktrees, name)), name)):
        said = read_file(os.path.join(worktrees, name, "gitdir"))
        if said:
            path = os.path.join(worktrees, name, os.fsdecode(said.strip()))
            yield os.path.dirname(os.path.realpath(path))


def _used(folder: str) -> int:
    try:
        return os.stat(os.path.join(folder, "HEAD")).st_mtime_ns
    except OSError:
        return 0
