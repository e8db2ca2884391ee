"""Phantom dependencies: packages that name others which they do not declare.

In a flat ``node_modules`` they find what others happen to bring along. In a layout where a package
sees its own dependencies alone they fail, and a line of ``packageExtensions`` mends them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from graft.base.files import read_file, write_atomic
from graft.base.records import Record
from graft.model.graph import Graph, Node
from graft.store.admission import required_integrity
from graft.store.objects import StoredObject, find_object
from graft.store.paths import Store
from graft.vet.reachable import Mention, mentions

# Another scanner gives other answers.
_SCHEMA = 1
SCANS = "scans"
_LARGEST = 4 * 1024 * 1024
_DECLARING = (
    *("dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"),
    *("bundleDependencies", "bundledDependencies"),
)


class Phantom(Record):
    """``package`` is the node's id, ``name`` its name, ``missing`` the package that it does not
    declare. ``where`` is a file of the package and a line. ``sure`` says that loading the package
    leads there."""

    package: str
    name: str
    missing: str
    where: str
    sure: bool


class Read(Record):
    """What was found, sorted, and the ids of packages that could not be read, as the store lacks
    them."""

    found: tuple[Phantom, ...]
    unread: tuple[str, ...]


def read_phantoms(graph: Graph, store: Store, cache_root: str) -> Read:
    """Of all packages of the graph that come as archives; what was read of one is remembered in the
    cache, by its integrity."""
    found: dict[tuple[str, str], Phantom] = {}
    unread = set()
    for node in graph.nodes.values():
        if not node.manifest.integrity:
            continue
        scanned = _scan(node, store, cache_root)
        if scanned is None:
            unread.add(node.manifest.id)
            continue
        declared, named = scanned
        declared = declared | {line.local for line in node.manifest.requirements} | set(node.edges)
        for mention in named:
            if mention.package not in declared:
                manifest = node.manifest
                found[manifest.id, mention.package] = Phantom(
                    package=manifest.id,
                    name=manifest.name,
                    missing=mention.package,
                    where=mention.where,
                    sure=mention.sure,
                )
    return Read(found=tuple(found[key] for key in sorted(found)), unread=tuple(sorted(unread)))


def _scan(node: Node, store: Store, cache_root: str) -> tuple[frozenset[str], list[Mention]] | None:
    """What the package's own manifest declares, and what its code names; None where the store lacks
    it."""
    integrity = required_integrity(node.manifest)
    path = os.path.join(cache_root, SCANS, str(_SCHEMA), f"{integrity.file_name}.json")
    try:
        declared, named = json.loads(read_file(path) or b"")
        return frozenset(declared), [Mention(*each) for each in named]
    except (ValueError, TypeError):
        pass
    stored = find_object(store, integrity)
    if stored is None:
        return None
    own = _own_manifest(stored)
    files = {file.path: file.size for file in stored.files}

    def read(file: str) -> str:
        if files[file] > _LARGEST:  # a bundle: it has its dependencies in it
            return ""
        return (read_file(os.path.join(stored.folder, file)) or b"").decode("utf-8", "replace")

    said = mentions(own, files, read)
    names = _declared(own)
    data = [sorted(names), [[each.package, each.sure, each.where] for each in said]]
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, json.dumps(data, separators=(",", ":")).encode())
    except OSError:
        pass  # then it is read again next time
    return names, said


def _own_manifest(stored: StoredObject) -> Mapping[str, Any]:
    try:
        said = json.loads(read_file(os.path.join(stored.folder, "package.json")) or b"")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _declared(manifest: Mapping[str, Any]) -> frozenset[str]:
    names: set[str] = set()
    for section in _DECLARING:
        said = manifest.get(section)
        if isinstance(said, dict | list):
            names |= {name for name in said if isinstance(name, str)}
    return frozenset(names)
