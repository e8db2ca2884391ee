"""``cache``: what may be deleted at any time, by kind, and the deleting of it.

Whoever reads the cache takes a file that is gone for one that never was, so files of it go without
a lock. Folders of tools are different: what runs from one still uses it, and holds a lock that says
so (workflows/one_off.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from graft.base.files import read_file, remove_file, remove_tree, temporary_sibling, write_atomic
from graft.base.locks import FileLock
from graft.base.records import Record
from graft.git.mirror import mirror_lock
from graft.indices.parsed import DESCRIPTORS
from graft.project.default_registry import forgotten
from graft.sources.git_packages import MIRRORS, is_mirror
from graft.sources.packument_cache import PACKUMENTS, read_entry
from graft.sources.resolutions import RESOLUTIONS, read_record
from graft.store.paths import open_store
from graft.vet.phantoms import SCANS
from graft.workflows.one_off import TOOLS

REGISTRY = "registry"
OTHER = "other"
ABOUT: Mapping[str, str] = {
    PACKUMENTS: "what registries said of packages",
    RESOLUTIONS: "graphs that were resolved from them",
    TOOLS: "tools that 'graft x' has fetched",
    MIRRORS: "what was needed of git repositories",
    DESCRIPTORS: "what indices said of packages",
    SCANS: "what packages' code was found to load, for 'graft doctor'",
    OTHER: "anything else",
    REGISTRY: "the default registry, as npm named it",
}
# What an interrupted command left behind is younger than this while the command still runs.
_LEFT_OVER_SECONDS = 60 * 60


class Caches(Record):
    """Where things are: the cache's folder, the folder with the store, the user's config.toml."""

    root: str
    store_root: str
    user_config: str


class Held(Record):
    """What there is of one kind. ``path`` is where."""

    kind: str
    path: str
    entries: int
    bytes: int


class Cleaned(Record):
    """What went, or would go, and the folders that stay because something uses them."""

    removed: tuple[Held, ...]
    in_use: tuple[str, ...]


class Verified(Record):
    """How many entries were looked at, and the paths of those that were damaged, out of date or
    left behind, which are removed."""

    entries: int
    kept: int
    removed: tuple[str, ...]


def held(caches: Caches) -> list[Held]:
    """Each kind that there is anything of, in the order of ``ABOUT``."""
    found = []
    for kind in ABOUT:
        entries = list(_entries(caches, kind))
        if entries:
            size = sum(map(_size, entries))
            found.append(
                Held(kind=kind, path=_place(caches, kind), entries=len(entries), bytes=size)
            )
    return found


def clean(caches: Caches, kinds: Sequence[str], *, dry_run: bool = False) -> Cleaned:
    """Remove all that there is of these kinds. With none named: of all but the default registry,
    which is no copy of anything that lies elsewhere."""
    removed = []
    in_use = []
    for kind in kinds or [kind for kind in ABOUT if kind != REGISTRY]:
        gone = 0
        size = 0
        for path in list(_entries(caches, kind)):
            own = _size(path)
            if not _remove(caches, kind, path, dry_run=dry_run):
                in_use.append(path)
                continue
            gone += 1
            size += own
        if gone:
            removed.append(Held(kind=kind, path=_place(caches, kind), entries=gone, bytes=size))
    return Cleaned(removed=tuple(removed), in_use=tuple(in_use))


def verify(caches: Caches, now: float, *, dry_run: bool = False) -> Verified:
    """Read every entry and remove what no command would use. ``now`` is in seconds since the
    epoch."""
    checks: Mapping[str, Callable[[str], bool]] = {
        PACKUMENTS: lambda path: read_entry(path) is not None,
        RESOLUTIONS: lambda path: read_record(caches.root, path, now) is not None,
    }
    looked = 0
    removed = []
    for kind, is_good in checks.items():
        for path in _entries(caches, kind):
            looked += 1
            if not is_good(path):
                removed.append(path)
    removed += [path for path in _left_over(caches.root, now) if path not in removed]
    if not dry_run:
        for path in removed:
            remove_tree(path)
    return Verified(entries=looked, kept=looked - len(removed), removed=tuple(removed))


def place_of(caches: Caches, kind: str) -> str:
    """The folder, or for ``registry`` the file, of a kind; the cache itself for no kind."""
    return _place(caches, kind) if kind else caches.root


def _place(caches: Caches, kind: str) -> str:
    if kind == REGISTRY:
        return caches.user_config
    return caches.root if kind == OTHER else os.path.join(caches.root, kind)


def _entries(caches: Caches, kind: str) -> Iterator[str]:
    """Files, or for tools and for anything else what lies at the top."""
    place = _place(caches, kind)
    if kind == REGISTRY:
        if forgotten(read_file(place) or b"") is not None:
            yield place
    elif kind in (PACKUMENTS, RESOLUTIONS, DESCRIPTORS, SCANS):
        yield from (path for path in _files(place) if not _is_temporary(path))
    else:
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        yield from (
            os.path.join(place, name)
            for name in names
            if not _is_temporary(name) and _is_of(kind, name)
        )


def _is_of(kind: str, name: str) -> bool:
    if kind == MIRRORS:
        return is_mirror(name)
    return kind == TOOLS or name not in ABOUT


def _files(path: str) -> Iterator[str]:
    for folder, _, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in sorted(names))


def _size(path: str) -> int:
    """Bytes of files below a path. What goes meanwhile has none."""
    files = _files(path) if os.path.isdir(path) and not os.path.islink(path) else [path]
    total = 0
    for file in files:
        try:
            total += os.lstat(file).st_size
        except FileNotFoundError:
            continue
    return total


def _remove(caches: Caches, kind: str, path: str, *, dry_run: bool) -> bool:
    """False if something uses it."""
    if kind == TOOLS:
        return _remove_tools(caches, path, dry_run=dry_run)
    if kind == MIRRORS:
        with FileLock(mirror_lock(path), exclusive=True, wait=False) as using:
            if using.held and not dry_run:
                remove_tree(path)
            return using.held
    if dry_run:
        return True
    if kind == REGISTRY:
        left = forgotten(read_file(path) or b"")
        if left is not None:
            write_atomic(path, left)
    elif kind == OTHER:
        remove_tree(path)
    else:
        remove_file(path)
    return True


def _remove_tools(caches: Caches, path: str, *, dry_run: bool) -> bool:
    store = open_store(caches.store_root)
    # Whoever runs a tool of it holds the first, whoever installs into it the second.
    with (
        FileLock(store.tools_lock(path), exclusive=True, wait=False) as running,
        FileLock(store.project_lock(path), exclusive=True, wait=False) as installing,
    ):
        if not (running.held and installing.held):
            return False
        if not dry_run:
            # Renamed first, so that nobody who comes now finds half of it.
            aside = temporary_sibling(path)
            os.rename(path, aside)
            remove_tree(aside)
    return True


def _left_over(root: str, now: float) -> Iterator[str]:
    """Temporary files and folders of commands that were killed."""
    for folder, folders, files in os.walk(root):
        for name in [name for name in (*folders, *files) if _is_temporary(name)]:
            path = os.path.join(folder, name)
            try:
                age = now - os.lstat(path).st_mtime
            except FileNotFoundError:
                continue
            if age > _LEFT_OVER_SECONDS:
                yield path
        folders[:] = [name for name in folders if not _is_temporary(name)]


def _is_temporary(path: str) -> bool:
    return os.path.basename(path).startswith(".tmp-")
