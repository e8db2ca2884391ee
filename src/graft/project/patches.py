"""Patches that a project keeps for packages: ``patchedDependencies`` of its package.json, as pnpm
and bun have it.

    "patchedDependencies": {"left-pad@1.3.0": "patches/left-pad@1.3.0.patch"}

A patch is for one version: what it changes is there, in these very lines.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import file_name, is_sound, split_spec
from graft.versions.version import parse_version

FIELD = "patchedDependencies"
FOLDER = "patches"


class Patch(Record, unshown=("data",)):
    """``id`` is ``name@version``; ``path`` is relative to the project; ``data`` is a unified diff
    whose paths begin with ``a/`` and ``b/``."""

    id: str
    path: str
    data: bytes

    @property
    def digest(self) -> str:
        """The sha256 of the patch, in hex, whatever ends its lines have in this checkout."""
        return hashlib.sha256(self.data.replace(b"\r\n", b"\n")).hexdigest()


class Patches:
    """All of a project's, by id."""

    def __init__(self, patches: Iterable[Patch] = ()) -> None:
        self._by_id = {patch.id: patch for patch in sorted(patches, key=lambda patch: patch.id)}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    @property
    def digests(self) -> dict[str, str]:
        """What the lock says of them: id -> digest."""
        return {id: patch.digest for id, patch in self._by_id.items()}

    def of(self, manifest: Manifest) -> Patch | None:
        return self._by_id.get(patch_id(manifest))

    def refuse_unused(self, graph: Graph, where: str) -> None:
        """Raise ``patch-unused`` for a patch that no package of the graph is for: after an update,
        what it mended would be broken again and nobody would notice."""
        versions: dict[str, set[str]] = {}
        for node in graph.nodes.values():
            versions.setdefault(node.manifest.name, set()).add(node.manifest.version)
        for id, patch in self._by_id.items():
            name, version = split_spec(id)
            if version in versions.get(name, ()):
                continue
            here = ", ".join(sorted(versions.get(name, ())))
            raise GraftError(
                "patch-unused",
                f"{patch.path} is for {id}, which is not in the graph",
                where=where,
                why=[f"of {name} there is {here}" if here else f"nothing asks for {name}"],
                fix=f"'graft patch-remove {id}'"
                + (f", then 'graft patch {name}' to make it anew" if here else ""),
            )


def patch_id(manifest: Manifest) -> str:
    return f"{manifest.name}@{manifest.version}"


def patch_path(id: str) -> str:
    """Where a new patch is kept: ``patches/@scope+name@1.0.0.patch``."""
    return f"{FOLDER}/{file_name(id)}.patch"


def read_patches(data: Mapping[str, Any], folder: str, where: str) -> Patches:
    """From the manifest's ``data``; the patches lie below ``folder``.

    Raises ``manifest-invalid`` for entries that make no sense, and ``patch-missing``.
    """
    said = _entries(data, where)
    found = []
    for id, path in said.items():
        text = read_file(os.path.join(folder, path))
        if text is None:
            raise GraftError(
                "patch-missing",
                f"the patch of {id} is not there",
                where=os.path.join(folder, path),
                why=[f"{FIELD} in package.json names it"],
                fix=f"restore the file, or take the patch out: 'graft patch-remove {id}'",
            )
        found.append(Patch(id=id, path=path, data=text))
    return Patches(found)


def _entries(data: Mapping[str, Any], where: str) -> dict[str, str]:
    beside = data.get("pnpm")
    places = {FIELD: data.get(FIELD)}
    if isinstance(beside, dict):
        places[f"pnpm.{FIELD}"] = beside.get(FIELD)
    found: dict[str, str] = {}
    wrong: list[str] = []
    for place, said in places.items():
        if said is None:
            continue
        if not isinstance(said, dict):
            wrong.append(f"{place} is not an object of name@version: path")
            continue
        for id, path in said.items():
            fault = _fault(id, path)
            if not fault and found.get(id, path) != path:
                fault = "has another path in the other place"
            if fault:
                wrong.append(f"{place}: '{id}' {fault}")
            else:
                found[id] = os.path.normpath(path)
    if wrong:
        raise GraftError(
            "manifest-invalid",
            "package.json is not what it should be",
            where=where,
            why=wrong,
            fix='write "name@1.2.3": "patches/name@1.2.3.patch", as graft patch-commit does',
        )
    return found


def _fault(id: str, path: object) -> str:
    name, version = split_spec(id)
    try:
        parse_version(version)
    except ValueError:
        return "names no version: a patch is for one"
    if not is_sound(name):
        return "names no package"
    if not isinstance(path, str) or not path:
        return "has no path"
    if os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] in ("..", "."):
        return "has a path that leads out of the project"
    return ""
