"""``index gc``: checkouts of indices that no project's lock names, and mirrors that serve none.

The projects are those that the store knows, and the one that the command runs in. Where one of them
cannot be read, nobody knows what its lock names, and everything stays.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.git.mirror import url_digest
from graft.indices.snapshots import kept_url, parts_of
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.store.hold import hold_alone
from graft.store.paths import Store, open_store
from graft.store.projects import GONE, HERE, presence, read_project, this_host
from graft.store.roots import names_in
from graft.store.sizes import size_below
from graft.store.sweep import leftovers
from graft.store.trash import discard
from graft.workflows.project import Context

_NAME = "graft index gc"


class Going(Record):
    """``path`` is in the store. ``commit`` is empty for the mirror of a repository, with all that
    is kept of it."""

    path: str
    url: str
    commit: str
    bytes: int


class Reclaimed(Record):
    """``gone`` is what went, or would go. ``kept`` counts the commits that stay, ``keeps`` says why
    nothing may go at all."""

    gone: tuple[Going, ...]
    kept: int
    keeps: tuple[str, ...]


def reclaim(context: Context, *, dry_run: bool = False) -> Reclaimed:
    store = open_store(context.settings.store_root, frozen=context.settings.frozen_store)
    if dry_run:
        return _survey(store, context.folder)
    if store.frozen:
        from graft.workflows.frozen import refuse_changes

        raise refuse_changes(_NAME)
    with hold_alone(store, _NAME, context.progress.say, wait=True):
        found = _survey(store, context.folder)
        for each in found.gone:
            path = os.path.join(store.root, each.path)
            if os.path.isdir(path):
                discard(store, path)
            else:
                os.unlink(path)
        for left in leftovers(store):
            if left.startswith("indices/"):
                discard(store, os.path.join(store.root, left))
    return found


def _survey(store: Store, own: str) -> Reclaimed:
    needed: set[tuple[str, str]] = set()
    keeps: list[str] = []
    for folder in (own, *_projects(store, keeps)):
        try:
            needed |= _named(folder)
        except (GraftError, OSError):
            keeps.append(f"the lock of {folder} cannot be read")
    if keeps:
        return Reclaimed(gone=(), kept=0, keeps=tuple(keeps))
    gone = list(_going(store, needed))
    return Reclaimed(gone=tuple(gone), kept=len(needed), keeps=())


def _projects(store: Store, keeps: list[str]) -> Iterable[str]:
    for digest in names_in(store.projects):
        project = read_project(store, digest)
        if project is None:
            keeps.append(f"{os.path.join(store.projects, digest)} is damaged")
            continue
        state = presence(project, this_host())
        if state == HERE:
            yield project.path
        elif state != GONE:
            keeps.append(f"{project.path} is {state}, and what its lock names is not known")


def _named(folder: str) -> set[tuple[str, str]]:
    """The repositories and commits that a project's lock names."""
    path = os.path.join(folder, LOCK_NAME)
    data = read_file(path)
    if data is None or b'"indices"' not in data:
        return set()
    pins = read_lock(data, where=path).indices.values()
    return {(url_digest(pin.url), pin.commit) for pin in pins if pin.url}


def _going(store: Store, needed: Collection[tuple[str, str]]) -> Iterator[Going]:
    used = {digest for digest, _ in needed}
    for digest in names_in(store.indices):
        folder = os.path.join(store.indices, digest)
        url = kept_url(folder)
        if digest not in used:
            yield _item(store, folder, url)
            continue
        for commit, names in parts_of(folder).items():
            if (digest, commit) not in needed:
                for name in names:
                    yield _item(store, os.path.join(folder, name), url, commit)


def _item(store: Store, path: str, url: str, commit: str = "") -> Going:
    relative = os.path.relpath(path, store.root)
    return Going(path=relative, url=url, commit=commit, bytes=size_below(path))
