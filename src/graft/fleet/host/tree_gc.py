"""Which trees of a host go: those that have been retired for a while, and that nothing runs on."""

from __future__ import annotations

import os
from contextlib import suppress

from graft.base.files import remove_file, temporary_sibling
from graft.base.locks import FileLock
from graft.base.records import Record
from graft.fleet.host.root import PART, HostRoot, SetRoot
from graft.fleet.host.switch import current_hash, retired_at, stamp_trees
from graft.fleet.host.tree import forget, read_tree_release
from graft.model.integrity import integrity_of_file
from graft.store.objects import has_object
from graft.store.paths import Store

GRACE_MS = 60 * 60 * 1000


class TreesGone(Record):
    """Hashes. ``leased`` are those that would have gone, and that something still runs on;
    ``waiting`` have not been retired for long enough, and ``refused`` could not be removed."""

    gone: tuple[str, ...] = ()
    leased: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def collect_trees(
    store: Store, at: SetRoot, now: int, *, grace: int = GRACE_MS, dry_run: bool = False
) -> TreesGone:
    """Remove what may go. Call it with the set's mutex held; in doubt a tree stays. A tree of which
    nothing says since when it is retired is retired now."""
    if not dry_run:
        stamp_trees(at, now)
        sweep_junk(store, at)
    current = current_hash(at)
    gone: list[str] = []
    leased: list[str] = []
    waiting: list[str] = []
    refused: list[str] = []
    for hash in at.hashes():
        since = retired_at(at, hash, now)
        if hash == current:
            continue
        if since is None or now - since < grace:
            waiting.append(hash)
            continue
        try:
            (gone if _take(store, at, hash, dry_run) else leased).append(hash)
        except OSError:
            refused.append(hash)  # the next pass tries again
    return TreesGone(
        gone=tuple(gone), leased=tuple(leased), waiting=tuple(waiting), refused=tuple(refused)
    )


def _take(store: Store, at: SetRoot, hash: str, dry_run: bool) -> bool:
    """False if somebody runs on the tree."""
    tree = at.tree(hash)
    path = os.path.join(at.leases, hash)
    with FileLock(path, exclusive=True, wait=False, create=not dry_run) as alone:
        if dry_run:
            return alone.held or not os.path.lexists(path)
        if not alone.held:
            return False
        # Away first, so that nobody meets half of it. Who waits for the lease finds it gone.
        aside = temporary_sibling(tree)
        os.rename(tree, aside)
        remove_file(path)
    forget(store, tree)
    forget(store, aside)
    return True


def sweep_junk(store: Store, at: SetRoot) -> None:
    """What whoever was killed here has left on its way. The mutex says that nobody is at work."""
    for folder in (at.path, at.trees, at.leases):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue
        for name in names:
            if name.startswith(".tmp-"):
                with suppress(OSError):
                    forget(store, os.path.join(folder, name))
    present = set(at.hashes())
    for name in os.listdir(at.leases):
        if name not in present:
            with FileLock(os.path.join(at.leases, name), exclusive=True, wait=False) as alone:
                if alone.held:
                    remove_file(os.path.join(at.leases, name))


def sweep_parts(root: HostRoot, store: Store) -> None:
    """Remove what whoever was killed has left of archives that are unpacked since."""
    try:
        names = os.listdir(root.blobs)
    except FileNotFoundError:
        return
    for name in names:
        integrity = integrity_of_file(name.removesuffix(PART))
        if name.endswith(PART) and integrity and has_object(store, integrity):
            _remove_free(os.path.join(root.blobs, name))


def _remove_free(path: str) -> int:
    """Remove a file of ``blobs/`` unless somebody is at it; the bytes of it."""
    with FileLock(path, exclusive=True, wait=False, create=False) as alone:
        size = os.stat(path).st_size if alone.held else 0
        if alone.held:
            remove_file(path)
    return size


def sweep_archives(root: HostRoot) -> int:
    """Remove archives that are kept for others, and parts of some, that no tree here was made of;
    the bytes of them. Who asks for one nevertheless gets it from upstream."""
    try:
        names = os.listdir(root.blobs)
    except FileNotFoundError:
        return 0
    needed = set()
    for name in root.sets():
        at = root.set(name)
        for hash in at.hashes():
            release = read_tree_release(at, hash)
            if release is None:
                return 0  # what it needs is not known
            needed |= {entry.integrity for entry in release.entries}
    freed = 0
    for name in names:
        integrity = integrity_of_file(name.removesuffix(PART))
        path = os.path.join(root.blobs, name)
        if name.startswith(".tmp-") or (integrity is not None and str(integrity) not in needed):
            freed += _remove_free(path)
    return freed
