"""Manifest, lock and ``node_modules`` change together, or not at all.

Everything that can fail happens in a staging folder of the project. Then a journal is written, and
from there on the change is decided: whoever finds the journal finishes what it says, however often
it was interrupted. Before the journal there is only junk to throw away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.faults import point
from graft.base.files import (
    read_file,
    remove_file,
    remove_tree,
    temporary_sibling,
    write_atomic,
    write_file,
)
from graft.base.renames import exchange
from graft.link.state import STATE_FOLDER, read_state

MODULES = "node_modules"
STAGING = ".graft-staging"
_JOURNAL = "journal.json"
_ASIDE = ".ignored"  # where pnpm's users already look for what had to make way


class Staging:
    """A change of one project being prepared. Use under the project's lock, after ``recover``."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._folder = os.path.join(project, STAGING)
        self._files: list[tuple[str, str]] = []
        self._tree = ""
        self._carried: dict[str, str] = {}
        os.mkdir(self._folder)

    def add_file(self, name: str, data: bytes) -> None:
        """Stage a new content for a file of the project, with the mode it has. A file that is a
        link keeps being one."""
        final = os.path.realpath(os.path.join(self._project, name))
        staged = os.path.join(self._folder, name)
        if os.path.dirname(final) != os.path.realpath(self._project):
            staged = temporary_sibling(final)
        mode = os.stat(final).st_mode & 0o777 if os.path.exists(final) else 0o666
        write_file(staged, data, mode=mode, durable=True)
        self._files.append((staged, final))

    def add_links(
        self, links: Mapping[str, str], state: bytes, displaced: tuple[str, ...] = ()
    ) -> None:
        """Stage a ``node_modules`` that holds ``links``, the record of them, and, once it is
        switched, everything that others keep in the present one."""
        self._tree = os.path.join(self._folder, MODULES)
        os.makedirs(os.path.join(self._tree, STATE_FOLDER))
        made = {""}
        for path, target in links.items():
            parent = path.rpartition("/")[0]
            if parent not in made:
                os.makedirs(os.path.join(self._tree, parent))
                made.add(parent)
            os.symlink(target, os.path.join(self._tree, path))
        write_file(os.path.join(self._tree, STATE_FOLDER, "state.json"), state)
        self._carried = {path: f"{_ASIDE}/{path}" for path in displaced}

    def commit(self) -> None:
        modules = os.path.join(self._project, MODULES)
        if self._tree and not self._files and not os.path.lexists(modules):
            # One rename is a whole commit by itself.
            os.rename(self._tree, modules)
            os.rmdir(self._folder)
            return
        journal = {
            "files": self._files,
            "tree": os.stat(self._tree).st_ino if self._tree else 0,
            "carried": self._carried,
        }
        point("journal-staged")
        write_atomic(
            os.path.join(self._folder, _JOURNAL), json.dumps(journal).encode(), durable=True
        )
        point("journal-written")
        _finish(self._project, journal)

    def abandon(self) -> None:
        """Throw the change away, unless it is already decided."""
        if not os.path.exists(os.path.join(self._folder, _JOURNAL)):
            for staged, _ in self._files:
                remove_file(staged)
            remove_tree(self._folder)


def recover(project: str) -> bool:
    """Finish or forget what an interrupted command left. True if there was something to finish."""
    folder = os.path.join(project, STAGING)
    if not os.path.lexists(folder):
        return False
    data = read_file(os.path.join(folder, _JOURNAL))
    if data is None:
        remove_tree(folder)
        return False
    _finish(project, json.loads(data))
    return True


def _finish(project: str, journal: Mapping[str, Any]) -> None:
    for staged, final in journal["files"]:
        if os.path.lexists(staged):
            os.replace(staged, final)
            point("file-switched")
    if journal["tree"]:
        _switch_tree(project, journal["tree"], journal["carried"])
    folder = os.path.join(project, STAGING)
    remove_file(os.path.join(folder, _JOURNAL))
    remove_tree(folder)


def _switch_tree(project: str, inode: int, carried: Mapping[str, str]) -> None:
    modules = os.path.join(project, MODULES)
    staged = os.path.join(project, STAGING, MODULES)
    old = os.path.join(project, STAGING, "old")
    if _inode(modules) != inode:
        if not os.path.lexists(modules):
            os.rename(staged, modules)
        else:
            _carry(modules, staged, carried)
            point("tree-carried")
            if not exchange(staged, modules):
                os.rename(modules, old)
                point("tree-aside")
                os.rename(staged, modules)
        point("tree-switched")
    for left in (staged, old):
        if os.path.isdir(left):
            # What somebody put there between the two steps above comes along too.
            _carry(left, modules, carried)
            remove_tree(left)


def _carry(source: str, target: str, renamed: Mapping[str, str]) -> None:
    """Move what graft did not make. ``renamed`` says where to those entries go that are in the
    way; any other name that is taken is in the way too."""
    for path in list(foreign_entries(source)):
        goal = os.path.join(target, renamed.get(path, path))
        if os.path.lexists(goal):
            goal = _free_name(os.path.join(target, _ASIDE, path))
        os.makedirs(os.path.dirname(goal), exist_ok=True)
        os.rename(os.path.join(source, path), goal)


def foreign_entries(modules: str) -> Iterator[str]:
    """Paths in a ``node_modules`` that graft did not make, relative to it. Folders that it shares
    with others, scopes and ``.bin``, are looked into; all others are one entry."""
    owned = read_state(modules).links
    for name in sorted(os.listdir(modules)):
        full = os.path.join(modules, name)
        if name == STATE_FOLDER:
            continue
        shared = name == ".bin" or name.startswith("@")
        if shared and os.path.isdir(full) and not os.path.islink(full):
            for inner in sorted(os.listdir(full)):
                if not _is_ours(modules, f"{name}/{inner}", owned):
                    yield f"{name}/{inner}"
        elif not _is_ours(modules, name, owned):
            yield name


def _is_ours(modules: str, path: str, owned: Mapping[str, str]) -> bool:
    try:
        return path in owned and os.readlink(os.path.join(modules, path)) == owned[path]
    except OSError:
        return False


def _free_name(path: str) -> str:
    count = 1
    free = path
    while os.path.lexists(free):
        count += 1
        free = f"{path}.{count}"
    return free


def _inode(path: str) -> int:
    try:
        return os.lstat(path).st_ino
    except FileNotFoundError:
        return 0
