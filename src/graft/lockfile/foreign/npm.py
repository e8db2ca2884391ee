"""``package-lock.json`` and ``npm-shrinkwrap.json``.

Formats 2 and 3 have ``packages``: a flat map whose keys are folders, as in
``node_modules/a/node_modules/b``; the project and the members of its workspace are folders too.
Format 1 has a tree of ``dependencies``, which is read as that map.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graft.lockfile.foreign.faults import unknown_format, unreadable
from graft.lockfile.foreign.fields import entry as checked
from graft.lockfile.foreign.fields import table, text
from graft.lockfile.foreign.lock import Edge, ForeignLock, ForeignPackage, package, source_kind
from graft.lockfile.foreign.pins import Pin, pin, pins_of
from graft.lockfile.foreign.places import (
    SECTIONS,
    SECTIONS_OF_PACKAGES,
    between,
    edges,
    foreign_targets,
    place_parts,
)

_MODULES = "node_modules/"
_REQUIRES = "requires"


def read(data: bytes, where: str) -> ForeignLock:
    """Raises ``import-unreadable``, ``import-version``, and ValueError for a field that makes no
    sense."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise unreadable(where, error.msg, line=error.lineno) from None
    version = checked(document, "the document").get("lockfileVersion")
    if version not in (1, 2, 3):
        fix = "write it again with a newer npm: npm install --package-lock-only"
        shown = "none" if version is None else str(version)
        raise unknown_format(where, shown, "1 to 3 of npm's", fix)
    if version == 1:
        tree = table(document, "dependencies")
        # The project's requirements are not in it: what lies on top is what it may have asked for.
        entries = {"": {_REQUIRES: dict.fromkeys(tree, "")}, **dict(_folders(tree, ""))}
    else:
        entries = {path: checked(said, path) for path, said in table(document, "packages").items()}
    return _lock(entries, f"npm lockfile {version}")


def _lock(entries: dict[str, dict[str, Any]], format: str) -> ForeignLock:
    importers: dict[str, str] = {}
    owners: dict[str, dict[str, Edge]] = {}
    left_out: dict[str, str] = {}
    for path in sorted(entries, key=lambda path: (path.count(_MODULES), path)):
        entry = entries[path]
        is_importer = not path.startswith(_MODULES) and f"/{_MODULES}" not in path
        sections = SECTIONS if is_importer else SECTIONS_OF_PACKAGES
        found = edges(entry, (_REQUIRES, *sections), _above(path), entries)
        if _REQUIRES in entry:
            # Format 1 does not say who asks for something as optional, but whether everybody does.
            for local, edge in found.items():
                optional = bool(entries[edge.target].get("optional"))
                found[local] = edge._replace(optional=optional)
        owners[path] = found
        if is_importer:
            importers[path or "."] = path
        elif kind := _kind(entry):
            left_out[path] = kind
    left_out |= foreign_targets(owners.values())
    bundled = {path for path, entry in entries.items() if entry.get("inBundle")}
    kept = owners.keys() - importers.values() - left_out.keys() - bundled
    within = between(owners, kept)
    return ForeignLock(
        format=format,
        importers={name: within[path] for name, path in importers.items()},
        packages={p: _package(p, entries[p], within[p]) for p in owners if p in kept},
        left_out={path: kind for path, kind in left_out.items() if path not in bundled},
        pins=pins_of(owners.values(), {path: _pin(path, entries[path]) for path in left_out}),
    )


def _above(path: str) -> Iterator[str]:
    """``a/b`` -> ``a/b/node_modules/``, ``a/node_modules/``, ``node_modules/``."""
    parts = place_parts(path)
    for depth in range(len(parts), -1, -1):
        if depth == 0 or parts[depth - 1] != "node_modules":
            yield "/".join([*parts[:depth], _MODULES])


def _kind(entry: dict[str, Any]) -> str:
    if entry.get("link"):
        return "directory"
    return source_kind(text(entry, "version")) or _kind_of_address(text(entry, "resolved"))


def _kind_of_address(resolved: str) -> str:
    """A registry's archive has an address too, so http says nothing."""
    if resolved.startswith("file:"):
        return "directory"
    return "git" if resolved.startswith(("git+", "git:", "git@")) else ""


def _pin(path: str, entry: dict[str, Any]) -> Pin | None:
    resolved = text(entry, "resolved") or text(entry, "version")
    return pin(path, resolved, text(entry, "integrity"))


def _package(path: str, entry: dict[str, Any], found: dict[str, Edge]) -> ForeignPackage:
    name = text(entry, "name") or path.rpartition(_MODULES)[2]
    return package(name, text(entry, "version"), text(entry, "integrity"), found)


def _folders(said: dict[str, Any], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A tree of format 1 as entries of format 3."""
    for local, below in said.items():
        entry = checked(below, local)
        path = f"{above}{_MODULES}{local}"
        # npm also notes, without a version, what it did not install.
        if entry.get("version"):
            yield path, _modern(entry)
        yield from _folders(table(entry, "dependencies"), f"{path}/")


def _modern(entry: dict[str, Any]) -> dict[str, Any]:
    """An alias has its real name in its version."""
    name, version = "", text(entry, "version")
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
    required = entry.get(_REQUIRES)
    changes = {
        "name": name,
        "version": version,
        "inBundle": entry.get("bundled"),
        _REQUIRES: required if isinstance(required, dict) else {},
    }
    kept = ("resolved", "integrity", "optional")
    return {field: entry.get(field) for field in kept} | changes
