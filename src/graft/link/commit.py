"""Manifest, lock and every ``node_modules`` change together, or not at all.

Everything that can fail happens in a staging folder of the project. Then a journal is written, and
from there on the change is decided: whoever finds the journal finishes what it says, however often
it was interrupted. Without a journal there is only junk to throw away.

The journal lies in the store and names nothing but what graft itself writes in a project: a staging
folder that came with a repository decides nothing.
"""

from __future__ import annotations

import errno
import os

from graft.base.files import (
    NOT_PERMITTED,
    copy_mode,
    read_file,
    remove_file,
    remove_tree,
    write_atomic,
    write_file,
)
from graft.base.renames import exchange
from graft.link.importers import (
    MODULES,
    ROOT,
    STAGING,
    folder_of,
    is_own_folder,
    modules_of,
    owned,
    refuse_strange,
    refuse_strange_importer,
    refuse_strange_modules,
    staged_importers,
    staged_of,
)
from graft.link.state import FOLDER, STATE_FOLDER, read_state, state_file
from graft.project.defaults import modules_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_TOKEN = "token"
_OLD = "old"
_TRASH = "trash"
_ENTRIES = "entries"
_CARRIED = "carried-"


class Staging:
    """A change of one project being prepared: new contents of files, and for some of its importers
    a whole new ``node_modules``. Use under the project's lock, after ``recover``."""

    def __init__(self, project: str, journal: str, name: str = MODULES) -> None:
        self._project = project
        self._name = name
        self._journal = journal
        self._folder = os.path.join(project, STAGING)
        self._parts = {ROOT}
        self._files: list[tuple[str, str]] = []
        self._trees: dict[str, dict[str, str]] = {}
        self._entries: dict[str, tuple[list[str], list[str]]] = {}
        self._gone: list[str] = []
        _forget(journal)  # of a staging folder that somebody has removed
        os.mkdir(self._folder)

    def add_file(self, path: str, data: bytes) -> None:
        """Stage a new content for a file at the top of the project or of an importer, with the mode
        it has. It is flushed: nobody could make it again. Raises ``link-refused`` where it is a
        link that leads out of the project."""
        refuse_strange(self._project, path)
        importer, _, name = path.rpartition("/")
        staged = os.path.join(self._part(importer or ROOT), name)
        write_file(staged, data, durable=True)
        copy_mode(os.path.join(self._project, path), staged)
        self._files.append((importer or ROOT, name))

    def add_state(self, importer: str, state: bytes) -> None:
        """Stage a new record of a ``node_modules`` whose links stay as they are."""
        name = state_file(self._name)
        write_file(os.path.join(self._part(importer), os.path.basename(name)), state)
        self._files.append((importer, name))

    def add_tree(
        self,
        importer: str,
        entries: Mapping[str, str],
        state: bytes,
        displaced: tuple[str, ...] = (),
    ) -> str:
        """Stage a ``node_modules`` that holds the links among ``entries``, the record of them, and,
        once it is switched, everything that others keep in the present one. Its path, for the
        folders among ``entries`` to be put there."""
        tree = os.path.join(self._part(importer), MODULES)
        os.makedirs(os.path.join(tree, STATE_FOLDER))
        # First the record, so that at no time there is a link that seems to be someone else's. What
        # a link is can be seen; without their record, folders would be someone else's.
        folders = any(target.startswith(FOLDER) for target in entries.values())
        write_file(state_file(tree), state, durable=folders)
        make_links(tree, entries)
        self._trees[importer] = {path: f".ignored/{path}" for path in displaced}
        return tree

    def add_entries(
        self, importer: str, entries: Mapping[str, str], removed: list[str], state: bytes
    ) -> str:
        """Stage just these entries of a ``node_modules``, to be switched one by one where it would
        cost too much to make all of it again; ``removed`` go when all are in place. Returns a path
        for folders, like ``add_tree``."""
        part = self._part(importer)
        write_file(os.path.join(part, os.path.basename(state_file(MODULES))), state, durable=True)
        tree = os.path.join(part, _ENTRIES)
        os.mkdir(tree)
        make_links(tree, entries)
        # Folders first: links may lead into them.
        paths = sorted(entries, key=lambda path: (not entries[path].startswith(FOLDER), path))
        self._entries[importer] = (paths, removed)
        return tree

    def remove_links(self, importer: str, state: bytes) -> None:
        """Stage that nothing of graft's is left in a ``node_modules``, nor the folder itself if
        nothing else is in it. ``state`` is a record of nothing."""
        self.add_tree(importer, {}, state)
        self._gone.append(importer)

    def commit(self) -> None:
        if (
            self._entries
            or (self._files and len(self._files) + len(self._trees) > 1)
            or any(os.path.lexists(self._modules(importer)) for importer in self._trees)
        ):
            self._commit_with_journal()
            return
        # One rename is a whole commit by itself. Where there is nothing yet, so is the project's
        # own after those of its members: without it they are only what the next command takes up.
        for importer in sorted(self._trees, key=lambda importer: importer == ROOT):
            modules = self._modules(importer)
            os.rename(os.path.join(staged_of(self._project, importer), MODULES), modules)
        for importer, name in self._files:
            staged = os.path.join(staged_of(self._project, importer), os.path.basename(name))
            final = os.path.join(folder_of(self._project, importer), name)
            if _is_apart(staged, final):
                # What is written in place needs somebody to finish it.
                self._commit_with_journal()
                return
            _switch_file(self._project, importer, name)
        for importer in self._parts - {ROOT}:
            os.rmdir(staged_of(self._project, importer))
        os.rmdir(self._folder)

    def _commit_with_journal(self) -> None:
        import json

        # What the journal says is true of this folder alone, and not of a later one of that name.
        token = os.urandom(16).hex()
        write_file(os.path.join(self._folder, _TOKEN), token.encode(), durable=True)
        journal = {
            "staging": token,
            "modules": self._name,
            "files": self._files,
            "trees": {
                importer: {
                    "inode": _inode(os.path.join(staged_of(self._project, importer), MODULES)),
                    "carried": carried,
                }
                for importer, carried in self._trees.items()
            },
            "entries": {
                importer: {
                    "new": [[p, _inode(f"{self._entries_of(importer)}/{p}")] for p in paths],
                    "removed": [
                        [
                            p,
                            _inode(os.path.join(self._modules(importer), p)),
                        ]
                        for p in removed
                    ],
                }
                for importer, (paths, removed) in self._entries.items()
            },
            "gone": self._gone,
        }
        os.makedirs(os.path.dirname(self._journal), exist_ok=True)
        write_atomic(self._journal, json.dumps(journal).encode(), durable=True)
        _finish(self._project, self._journal, journal)

    def abandon(self) -> None:
        """Throw the change away, unless it is already decided."""
        if not os.path.exists(self._journal):
            remove_tree(self._folder)

    def _entries_of(self, importer: str) -> str:
        return os.path.join(staged_of(self._project, importer), _ENTRIES)

    def _modules(self, importer: str) -> str:
        return modules_of(self._project, importer, self._name)

    def _part(self, importer: str) -> str:
        """The importer's part of the staging folder; raises ``link-refused`` where nothing may be
        written for it."""
        part = staged_of(self._project, importer)
        if importer not in self._parts:
            refuse_strange_importer(self._project, importer, self._name)
            os.mkdir(part)
            self._parts.add(importer)
        return part


def recover(project: str, journals: Iterable[str]) -> bool:
    """Finish or forget what an interrupted command left. True if there was something to finish.
    ``journals`` are all places where it may have been written down."""
    folder = os.path.join(project, STAGING)
    if not os.path.lexists(folder):
        return False
    if os.path.islink(folder):
        os.unlink(folder)
        return False
    token = read_file(os.path.join(folder, _TOKEN))
    if token is None:
        # Not decided: nothing of others is in there, and what is half made looks like nobody's.
        remove_tree(folder)
        return False
    import json

    for journal in journals:
        said = json.loads(read_file(journal) or b"{}")
        if said.get("staging") == token.decode(errors="replace"):
            _refuse_strange(project, said.get("modules", MODULES))
            _finish(project, journal, said)
            return True
    # Not decided, or not here: the project was moved since, and must lose nothing of its own.
    name = modules_folder(project)
    _refuse_strange(project, name)
    _clear(project, name)
    return False


def _refuse_strange(project: str, name: str) -> None:
    for importer in staged_importers(project):
        refuse_strange_modules(folder_of(project, importer), name)


def _finish(project: str, journal_path: str, journal: Mapping[str, Any]) -> None:
    modules = journal.get("modules", MODULES)
    for importer, name in journal["files"]:
        _switch_file(project, importer, name)
    for importer, entries in journal["entries"].items():
        if is_own_folder(project, importer):
            from graft.link.entries import enter

            part = staged_of(project, importer)
            enter(modules_of(project, importer, modules), part, entries["new"])
            # Only now: of a folder, nothing but the record says what it holds.
            _switch_file(project, importer, state_file(modules))
    for importer, tree in journal["trees"].items():
        _switch_tree(project, importer, modules, tree["inode"], tree["carried"])
    for importer, entries in journal["entries"].items():
        if is_own_folder(project, importer):
            from graft.link.entries import leave

            place = modules_of(project, importer, modules)
            leave(place, staged_of(project, importer), entries["removed"])
    _clear(project, modules, journal_path, journal["gone"])


def _switch_file(project: str, importer: str, name: str) -> None:
    staged = os.path.join(staged_of(project, importer), os.path.basename(name))
    if not os.path.lexists(staged) or not is_own_folder(project, importer):
        return  # it was switched before the interruption, or has lost its place since
    # A file that is a link to another in the project keeps being one. A record that is one was made
    # by somebody else, and gives way.
    path = os.path.join(folder_of(project, importer), name)
    final = owned(project, path) or path
    os.makedirs(os.path.dirname(final), exist_ok=True)
    try:
        os.replace(staged, final)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EBUSY):
            raise
        _write_through(final, read_file(staged) or b"")
        os.unlink(staged)


def _is_apart(staged: str, final: str) -> bool:
    """Whether one rename will not put a file in place: on another file system, or if a mount is in
    its place."""
    try:
        return os.stat(final).st_dev != os.stat(staged).st_dev or _is_mounted(final)
    except OSError:
        return False


def _is_mounted(path: str) -> bool:
    """Whether a single file is mounted there: only the system's list of mounts says."""
    mounts = read_file("/proc/self/mountinfo") or b""
    name = os.fsencode(os.path.realpath(path)).replace(b" ", b"\\040")
    return any(line.split(b" ")[4] == name for line in mounts.splitlines())


def _write_through(path: str, data: bytes) -> None:
    """Give a file that no other can take the place of its new content: it lies on another file
    system, or is mounted where it is, as files of containers are. Half of it written is no harm
    while the staged one is there and a journal says so."""
    try:
        write_atomic(path, data, durable=True)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)


def _switch_tree(
    project: str, importer: str, name: str, inode: int, carried: Mapping[str, str]
) -> None:
    modules = modules_of(project, importer, name)
    part = staged_of(project, importer)
    staged = os.path.join(part, MODULES)
    if _inode(staged) != inode or not is_own_folder(project, importer):
        return  # it was switched before the interruption, or has lost its place since
    if not os.path.lexists(modules):
        os.rename(staged, modules)
    else:
        from graft.link.moves import free_name
        from graft.link.others import carry

        carry(modules, staged, carried, part)
        if not exchange(staged, modules):
            _put_aside(modules, free_name(os.path.join(part, _OLD)))
            os.rename(staged, modules)


def _put_aside(modules: str, aside: str) -> None:
    """Have nothing at ``modules``, from which what others keep has been carried. In a container a
    folder of a lower layer cannot be moved, but removed: the record last, which says whose what is
    left is."""
    try:
        os.rename(modules, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        from graft.link.moves import is_scope, remove_made

        for name in sorted(os.listdir(modules), key=lambda name: name == STATE_FOLDER):
            folder = os.path.join(modules, name)
            for scoped in os.listdir(folder) if is_scope(folder) else ():
                remove_made(os.path.join(folder, scoped))
            remove_made(folder)
        os.rmdir(modules)


def _clear(project: str, name: str, journal: str = "", gone: Iterable[str] = ()) -> None:
    """Remove the staging folder, but for what is neither graft's nor in a ``node_modules`` yet, as
    somebody put it there between two steps of a switch."""
    for importer in staged_importers(project):
        _clear_part(staged_of(project, importer), modules_of(project, importer, name))
    for importer in gone:
        _remove_bare(project, importer, name)
    if journal:
        _forget(journal)
    folder = os.path.join(project, STAGING)
    remove_file(os.path.join(folder, _TOKEN))
    try:
        os.rmdir(folder)  # as mostly: whatever removes trees would have to be loaded first
    except OSError:
        remove_tree(folder)


def _forget(journal: str) -> None:
    """A journal that may not be removed, as it lies in a store that has since become read-only,
    says nothing of any other staging folder."""
    try:
        remove_file(journal)
    except OSError as error:
        if error.errno not in NOT_PERMITTED:
            raise


def _clear_part(part: str, modules: str) -> None:
    trash = os.path.join(part, _TRASH)
    remove_tree(trash)
    for name in sorted(os.listdir(part), reverse=True):
        left = os.path.join(part, name)
        if (
            name.startswith((MODULES, _OLD, _CARRIED))
            and os.path.isdir(left)
            and not os.path.islink(left)
        ):
            if name.startswith(_OLD) and not os.path.lexists(modules):
                os.rename(left, modules)
                continue
            from graft.link.others import carry

            carry(left, modules, {}, part)
            # Half of a tree, without its record, would look like somebody else's.
            os.rename(left, trash)
            remove_tree(trash)


def _remove_bare(project: str, importer: str, name: str) -> None:
    """Remove a ``node_modules`` in which there is nothing but graft's record of nothing."""
    modules = modules_of(project, importer, name)
    if not is_own_folder(project, importer) or not os.path.isdir(modules):
        return
    if not read_state(modules).entries and os.listdir(modules) == [STATE_FOLDER]:
        trash = os.path.join(staged_of(project, importer), _TRASH)
        os.rename(modules, trash)


def make_links(tree: str, entries: Mapping[str, str]) -> None:
    """The links among the entries of a ``node_modules``, in a folder that has none of them yet."""
    made = {""}
    for path, target in entries.items():
        if target.startswith(FOLDER):
            continue
        parent = path.rpartition("/")[0]
        if parent not in made:
            os.makedirs(os.path.join(tree, parent), exist_ok=True)
            made.add(parent)
        os.symlink(target, os.path.join(tree, path))


def _inode(path: str) -> int:
    try:
        return os.lstat(path).st_ino
    except FileNotFoundError:
        return 0
