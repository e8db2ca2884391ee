"""Manifest, lock and ``node_modules`` change together, or not at all.

Everything that can fail happens in a staging folder of the project. Then a journal is written, and
from there on the change is decided: whoever finds the journal finishes what it says, however often
it was interrupted. Without a journal there is only junk to throw away.

The journal lies in the store and names nothing but what graft itself writes in a project: a staging
folder that came with a repository decides nothing.
"""

from __future__ import annotations

import errno
import os

from graft.base.faults import point
from graft.base.files import (
    copy_mode,
    read_file,
    remove_file,
    remove_tree,
    write_atomic,
    write_file,
)
from graft.base.renames import exchange
from graft.link.state import STATE_FOLDER, read_state, state_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

MODULES = "node_modules"
STAGING = ".graft-staging"
_TOKEN = "token"
_OLD = "old"
_TRASH = "trash"
_ASIDE = ".ignored"  # where pnpm's users already look for what had to make way


class Staging:
    """A change of one project being prepared. Use under the project's lock, after ``recover``."""

    def __init__(self, project: str, journal: str) -> None:
        self._project = project
        self._journal = journal
        self._folder = os.path.join(project, STAGING)
        self._files: list[str] = []
        self._tree = ""
        self._carried: dict[str, str] = {}
        remove_file(journal)  # of a staging folder that somebody has removed
        os.mkdir(self._folder)

    def add_file(self, name: str, data: bytes) -> None:
        """Stage a new content for a file at the project's top, with the mode it has. It is flushed:
        nobody could make it again."""
        staged = os.path.join(self._folder, name)
        write_file(staged, data, durable=True)
        copy_mode(os.path.join(self._project, name), staged)
        self._files.append(name)

    def add_state(self, state: bytes) -> None:
        """Stage a new record of a ``node_modules`` whose links stay as they are."""
        name = state_file(MODULES)
        write_file(os.path.join(self._folder, os.path.basename(name)), state)
        self._files.append(name)

    def add_links(
        self, links: Mapping[str, str], state: bytes, displaced: tuple[str, ...] = ()
    ) -> None:
        """Stage a ``node_modules`` that holds ``links``, the record of them, and, once it is
        switched, everything that others keep in the present one."""
        self._tree = os.path.join(self._folder, MODULES)
        os.makedirs(os.path.join(self._tree, STATE_FOLDER))
        # First the record, so that at no time there is a link that seems to be someone else's.
        write_file(state_file(self._tree), state)
        made = {""}
        for path, target in links.items():
            parent = path.rpartition("/")[0]
            if parent not in made:
                os.makedirs(os.path.join(self._tree, parent))
                made.add(parent)
            os.symlink(target, os.path.join(self._tree, path))
        self._carried = {path: f"{_ASIDE}/{path}" for path in displaced}

    def commit(self) -> None:
        modules = os.path.join(self._project, MODULES)
        point("change-staged")
        if self._tree and not self._files and not os.path.lexists(modules):
            # One rename is a whole commit by itself.
            os.rename(self._tree, modules)
            point("tree-placed")
        elif len(self._files) < 2 and not self._tree:
            for name in self._files:
                _switch_file(self._project, name)
        else:
            self._commit_with_journal()
            return
        os.rmdir(self._folder)

    def _commit_with_journal(self) -> None:
        import json

        # What the journal says is true of this folder alone, and not of a later one of that name.
        token = os.urandom(16).hex()
        write_file(os.path.join(self._folder, _TOKEN), token.encode(), durable=True)
        journal = {
            "staging": token,
            "files": self._files,
            "tree": os.stat(self._tree).st_ino if self._tree else 0,
            "carried": self._carried,
        }
        write_atomic(self._journal, json.dumps(journal).encode(), durable=True)
        point("journal-written")
        _finish(self._project, self._journal, journal)

    def abandon(self) -> None:
        """Throw the change away, unless it is already decided."""
        if not os.path.exists(self._journal):
            remove_tree(self._folder)


def recover(project: str, journal: str) -> bool:
    """Finish or forget what an interrupted command left. True if there was something to finish."""
    folder = os.path.join(project, STAGING)
    if not os.path.lexists(folder):
        return False
    if os.path.islink(folder):
        os.unlink(folder)
        return False
    refuse_strange_modules(project)
    import json

    said = json.loads(read_file(journal) or b"{}")
    token = read_file(os.path.join(folder, _TOKEN))
    if token is None or said.get("staging") != token.decode(errors="replace"):
        # Not decided, or not here: the project was moved since, and must lose nothing of its own.
        _clear(project)
        return False
    _finish(project, journal, said)
    return True


def refuse_strange_modules(project: str) -> None:
    """A ``node_modules`` that is a link leads into somebody else's; nothing is written through."""
    modules = os.path.join(project, MODULES)
    if not os.path.lexists(modules):
        return
    from graft.base.diagnostics import GraftError

    if os.path.islink(modules):
        raise GraftError(
            "link-refused",
            f"node_modules is a link to {os.readlink(modules)}, and graft writes only its own",
            where=modules,
            fix="remove the link (not what it leads to) and run 'graft install'",
        )
    if os.path.ismount(modules) or not os.path.isdir(modules):
        what = "a mount point" if os.path.ismount(modules) else "not a folder"
        raise GraftError(
            "link-refused",
            f"node_modules is {what}, and cannot be switched for another in one step",
            where=modules,
            fix="mount the project's folder instead, or remove what is there",
        )


def _finish(project: str, journal_path: str, journal: Mapping[str, Any]) -> None:
    for name in journal["files"]:
        _switch_file(project, name)
    if journal["tree"]:
        _switch_tree(project, journal["tree"], journal["carried"])
    _clear(project, journal_path)


def _switch_file(project: str, name: str) -> None:
    staged = os.path.join(project, STAGING, os.path.basename(name))
    if not os.path.lexists(staged):
        return  # it was switched before the interruption
    # A file that is a link keeps being one, wherever it leads.
    final = os.path.realpath(os.path.join(project, name))
    os.makedirs(os.path.dirname(final), exist_ok=True)
    try:
        os.replace(staged, final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        write_atomic(final, read_file(staged) or b"", durable=True)
        os.unlink(staged)
    point("file-switched")


def _switch_tree(project: str, inode: int, carried: Mapping[str, str]) -> None:
    modules = os.path.join(project, MODULES)
    staged = os.path.join(project, STAGING, MODULES)
    if _inode(staged) != inode:
        return  # it was switched before the interruption
    if not os.path.lexists(modules):
        os.rename(staged, modules)
    else:
        _carry(modules, staged, carried)
        point("tree-carried")
        if not exchange(staged, modules):
            os.rename(modules, _free_name(os.path.join(project, STAGING, _OLD)))
            point("tree-aside")
            os.rename(staged, modules)
    point("tree-switched")


def _clear(project: str, journal: str = "") -> None:
    """Remove the staging folder, but for what is neither graft's nor in ``node_modules`` yet, as
    somebody put it there between two steps of a switch."""
    folder = os.path.join(project, STAGING)
    modules = os.path.join(project, MODULES)
    trash = os.path.join(folder, _TRASH)
    remove_tree(trash)
    for name in sorted(os.listdir(folder), reverse=True):
        left = os.path.join(folder, name)
        if name.startswith((MODULES, _OLD)) and os.path.isdir(left) and not os.path.islink(left):
            if name.startswith(_OLD) and not os.path.lexists(modules):
                os.rename(left, modules)
                continue
            _carry(left, modules, {})
            # Half of a tree, without its record, would look like somebody else's.
            os.rename(left, trash)
            point("tree-discarded")
            remove_tree(trash)
    if journal:
        remove_file(journal)
        point("journal-removed")
    remove_tree(folder)


def _carry(source: str, target: str, renamed: Mapping[str, str]) -> None:
    """Move what graft did not make. ``renamed`` says where to those entries go that are in the
    way; any other name that is taken is in the way too."""
    inside = f"{_ASIDE}/"
    # What was moved aside earlier keeps its name; what must be now comes next.
    for path in sorted(
        foreign_entries(source), key=lambda path: (not path.startswith(inside), path not in renamed)
    ):
        goal = os.path.join(target, renamed.get(path, path))
        if os.path.lexists(goal):
            goal = _free_name(os.path.join(target, inside, path.removeprefix(inside)))
        os.makedirs(os.path.dirname(goal), exist_ok=True)
        os.rename(os.path.join(source, path), goal)
        point("entry-carried")


def foreign_entries(modules: str) -> Iterator[str]:
    """Paths in a ``node_modules`` that graft did not make, relative to it. Folders that it shares
    with others (scopes, ``.bin``, ``.ignored``) are looked into; all others are one entry."""
    owned = read_state(modules).links
    for name in sorted(os.listdir(modules)):
        full = os.path.join(modules, name)
        if name == STATE_FOLDER:
            continue
        shared = name in (".bin", _ASIDE) or name.startswith("@")
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
