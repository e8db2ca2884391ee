"""A commit of an index as a folder: read-only, whole, and nothing in it that leads elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

from graft.base import trees
from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_tree, temporary_sibling
from graft.base.inventories import COMPLETE, compare, inventory
from graft.git.mirror import Mirror
from graft.git.tree import GitTree, git_name, is_plain
from graft.store.objects import FOLDER_MODE
from graft.store.paths import Store
from graft.store.trash import publish

INVENTORY = ".graft-inventory"
_FILE_MODE = 0o444
_MAX_FILES = 200_000
_BYTES_AT_ONCE = 32 << 20


def is_whole(folder: str, commit: str) -> bool:
    """Whether ``folder/commit`` has each of its files, as long as it should be."""
    return compare(folder, [commit], INVENTORY, False)[0] == COMPLETE


def faulty_files(mirror: Mirror, commit: str, folder: str) -> list[str]:
    """The files of a checkout in ``folder`` that are not what git has, or are missing; reads all of
    them."""
    found = []
    for path, name in mirror.tree(commit, "").paths.items():
        try:
            data = read_file(os.path.join(folder, path))
        except OSError:
            data = None
        if data is None or git_name(data) != name:
            found.append(path)
    return sorted(found)


def check_out(store: Store, mirror: Mirror, commit: str, folder: str) -> None:
    """Make ``folder/commit``, or make it anew, in one step. The caller holds the mirror. Raises
    ``index-refused``, and ``source-invalid`` for more than fits in memory."""
    tree = mirror.tree(commit, "")
    paths = sorted(tree.paths)
    _refuse(mirror.url, commit, paths)
    final = os.path.join(folder, commit)
    staged = temporary_sibling(final)
    try:
        os.mkdir(staged)
        folders = trees.Folders()
        for path in paths:
            folders.add_parents(path)
        trees.build(staged, folders.paths, [], [])
        for batch in _batches(tree, paths):
            files = [(file.path, _FILE_MODE, file.data) for file in tree.files(batch)]
            trees.build(staged, [], files, [])
        listed = inventory((path, tree.sizes[path]) for path in paths)
        trees.build(staged, [], [(INVENTORY, _FILE_MODE, listed)], [])
        trees.set_modes(staged, [*folders.paths, "."], FOLDER_MODE)
        publish(store, staged, final, lambda: is_whole(folder, commit))
    finally:
        remove_tree(staged)


def _batches(tree: GitTree, paths: list[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path in paths:
        batch.append(path)
        size += tree.sizes[path]
        if size > _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    yield batch


def _refuse(url: str, commit: str, paths: list[str]) -> None:
    reason = ""
    if len(paths) > _MAX_FILES:
        reason = f"it has {len(paths):,} files, and graft takes up to {_MAX_FILES:,}"
    strange = next((path for path in paths if not is_plain(path) or path == INVENTORY), "")
    if strange:
        reason = f"no index has a file named {strange!r}"
    if reason:
        raise GraftError(
            "index-refused",
            f"the index at {commit[:12]} is not taken",
            where=url,
            why=[reason],
            fix="tell whoever keeps the index, or pin a commit before that with 'rev'",
        )
