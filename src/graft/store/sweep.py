"""Taking things out of a store: by renames, while nobody else is in it, and deleting them after.

Deleting takes long and renaming does not. Killed between the two, what was renamed lies in
``trash/``, where the next collection finds it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress

from graft.base.files import temporary_sibling
from graft.base.locks import FileLock
from graft.base.records import Record
from graft.store.paths import Store
from graft.store.roots import names_in

_BLOCK = 512
_ORDER = ("graphs", "slots", "objects", "projects", "locks")
Late = Callable[[], bool]
"""Whether the time that there was is over."""


class Swept(Record):
    """``moved`` are paths in the store that are no more; ``refused`` those that the system would
    not let go, each with its reason; ``trash`` is all that may be deleted now."""

    moved: frozenset[str]
    refused: tuple[tuple[str, str], ...]
    trash: tuple[str, ...]


def sweep(store: Store, paths: Iterable[str], late: Late) -> Swept:
    """Take these out, what leads to others first. The caller holds the store alone. Temporary files
    go as well: whoever made them is no more."""
    batch = temporary_sibling(os.path.join(store.trash, "collected"))
    os.mkdir(batch)
    moved: set[str] = set()
    refused: list[tuple[str, str]] = []
    at = 0
    for path in (*_temporary(store), *sorted(paths, key=_rank)):
        if late():
            break
        try:
            for place in _places(store, path):
                if _move(place, os.path.join(batch, str(at))):
                    at += 1
                    moved.add(path)
        except OSError as error:
            refused.append((path, error.strerror or str(error)))
    trash = [os.path.join(store.trash, name) for name in sorted(os.listdir(store.trash))]
    return Swept(moved=frozenset(moved), refused=tuple(refused), trash=tuple(trash))


def _rank(path: str) -> tuple[int, str]:
    return _ORDER.index(path.partition("/")[0]), path


def leftovers(store: Store) -> list[str]:
    """What commands that were killed have left, by paths in the store. While anybody is at work
    there, it may be theirs."""
    trash = sorted(os.listdir(store.trash)) if os.path.isdir(store.trash) else []
    return [*_temporary(store), *(f"trash/{name}" for name in trash)]


def _temporary(store: Store) -> list[str]:
    """What commands that were killed have left on its way, anywhere in the store."""
    with os.scandir(store.root) as entries:
        inside = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    folders = ["", *(f"{name}/" for name in sorted(inside) if name != "trash")]
    folders += [f"indices/{name}/" for name in names_in(store.indices)]
    return [
        f"{folder}{name}"
        for folder in folders
        for name in sorted(os.listdir(os.path.join(store.root, folder)))
        if name.startswith(".tmp-")
    ]


def _places(store: Store, path: str) -> list[str]:
    """The files and folders that this is: first what makes it complete."""
    kind, _, name = path.partition("/")
    place = os.path.join(store.root, path)
    if name.startswith(".tmp-"):
        return [place]
    if kind == "graphs":
        return [place, f"{place}.seen"]
    if kind == "objects":
        return [f"{place}.json", place]
    if kind == "projects":
        return [store.journal(name), store.linked_record(name), place]
    return [place]


def _move(place: str, to: str) -> bool:
    """False if it is not there. A folder that moves to another has to be writable, and only its
    owner can make it so: another user's gets a name where it is that says that it is junk."""
    try:
        if os.path.isdir(place) and not os.path.islink(place):
            if os.geteuid() not in (0, os.lstat(place).st_uid):
                if os.path.basename(place).startswith(".tmp-"):
                    return False  # that is said already
                to = temporary_sibling(place)
            else:
                os.chmod(place, 0o755)
        if os.path.basename(os.path.dirname(place)) == "locks":
            # Whoever holds it goes on; who comes later finds that the file is another one.
            with FileLock(place, exclusive=True, wait=False, create=False) as lock:
                if lock.held:
                    os.rename(place, to)
                return lock.held
        os.rename(place, to)
    except FileNotFoundError:
        return False
    return True


def empty(trash: Iterable[str], late: Late) -> int:
    """Delete what lies in the trash; the bytes that the disk has back. Call it without any lock but
    the collector's. What nobody can delete stays."""
    freed = 0
    for path in trash:
        if late():
            break
        freed += _remove(path, late)
    return freed


def _remove(path: str, late: Late) -> int:
    if os.path.islink(path) or not os.path.isdir(path):
        return _unlink(path)
    freed = 0
    folders = [path]
    for folder in folders:  # which grows
        if late():
            return freed
        with suppress(OSError):
            os.chmod(folder, 0o700)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        freed += _unlink(entry.path)
    for folder in reversed(folders):
        with suppress(OSError):
            size = os.lstat(folder).st_blocks * _BLOCK
            os.rmdir(folder)
            freed += size
    return freed


def _unlink(path: str) -> int:
    with suppress(OSError):
        seen = os.lstat(path)
        os.unlink(path)
        return seen.st_blocks * _BLOCK if seen.st_nlink == 1 else 0
    return 0
