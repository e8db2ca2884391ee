"""From a folder, on disk or in a repository, to the archive of the package in it: the files that
npm would publish, and what is bundled with them."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from graft.model.files import PackedFile
from graft.project.folder_listing import FolderListing
from graft.project.packlist import Listing, packed_files
from graft.sources.archive_manifest import read_document
from graft.sources.packing import pack

_MANIFEST = "package.json"
_MODULES = "node_modules"


class Tree(Listing, Protocol):
    """A listing whose files can be had."""

    def files(self, paths: Iterable[str]) -> Iterator[PackedFile]: ...


class FolderTree(FolderListing):
    """A folder on disk."""

    def files(self, paths: Iterable[str]) -> Iterator[PackedFile]:
        for path in paths:
            with open(os.path.join(self.root, path), "rb") as file:
                executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
                yield PackedFile(path, executable, file.read())


def pack_tree(tree: Tree, *, subject: str, where: str, bare: bool = False) -> bytes:
    """Raises ``source-invalid`` where there is no sound package.json; ``bare`` trees need none."""
    is_there = tree.entries("").get(_MANIFEST) is False
    document = document_of(tree, subject=subject, where=where) if is_there or not bare else {}
    return pack(tree.files(paths_of(tree, document)))


def paths_of(
    tree: Listing,
    document: Mapping[str, Any],
    *,
    members: Sequence[str] = (),
    above: Sequence[str] = (),
) -> list[str]:
    """The package's own files and what is bundled with it; ``members`` and ``above`` are as for
    ``packed_files``."""
    own = packed_files(tree, document, members=members, above=above)
    return sorted({*own, *_bundled_files(tree, document)})


def document_of(tree: Tree, *, subject: str, where: str) -> dict[str, Any]:
    is_there = tree.entries("").get(_MANIFEST) is False
    text = tree.text(_MANIFEST).encode() if is_there else None
    return read_document(text, subject=subject, where=where)


class _Below:
    """A folder of a listing as a listing of its own."""

    def __init__(self, whole: Listing, folder: str) -> None:
        self._whole = whole
        self._folder = folder

    def entries(self, folder: str) -> Mapping[str, bool]:
        return self._whole.entries(posixpath.join(self._folder, folder).rstrip("/"))

    def text(self, path: str) -> str:
        return self._whole.text(posixpath.join(self._folder, path))


def _bundled_files(tree: Listing, document: Mapping[str, Any]) -> Iterator[str]:
    """What is bundled, with all that it needs itself, where Node would find it."""
    said = document.get("bundleDependencies", document.get("bundledDependencies"))
    names = _named(document, "dependencies", "optionalDependencies")
    queue = [("", name) for name in (names if said is True else said or ()) if name in names]
    seen = set()
    while queue:
        asker, name = queue.pop()
        folder = _found(tree, asker, name)
        if not folder or folder in seen:
            continue
        seen.add(folder)
        below = _Below(tree, folder)
        try:
            own = json.loads(below.text(_MANIFEST))
        except (OSError, ValueError):
            continue
        if isinstance(own, dict):
            for path in packed_files(below, own, is_bundled=True):
                yield f"{folder}/{path}"
            needs = _named(own, "dependencies", "optionalDependencies")
            queue += [(folder, need) for need in needs]


def _named(document: Mapping[str, Any], *sections: str) -> list[str]:
    tables = [document.get(section) for section in sections]
    return [name for table in tables if isinstance(table, dict) for name in table]


def _found(tree: Listing, asker: str, name: str) -> str:
    """``node_modules/<name>`` of the asker's folder, or of one above it."""
    parts = asker.split(f"/{_MODULES}/") if asker else []
    for depth in range(len(parts), -1, -1):
        above = f"/{_MODULES}/".join(parts[:depth])
        folder = posixpath.join(above, _MODULES, name)
        if _is_package(tree, folder):
            return folder
    return ""


def _is_package(tree: Listing, folder: str) -> bool:
    at = ""
    for step in folder.split("/"):
        if tree.entries(at).get(step) is not True:
            return False
        at = posixpath.join(at, step)
    return tree.entries(folder).get(_MANIFEST) is False
