"""``graft-lock.json``: the graph, one line an entry, sorted.

The text is a function of the graph: byte-identical whatever the order of input, the machine or the
platform. Each edge is written as ``[specifier, node]``, so that a lock can be checked, and most of
it resolved again, without asking a registry for anything; ``[specifier]`` is an optional
requirement that nothing met.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.light_json import read_whole_json
from graft.model.bins import is_safe_bin
from graft.model.graph import Graph, Importer, IndexPin, Node
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest, PlatformArchive
from graft.model.names import check_name, split_spec
from graft.model.origins import GIT, INDEX, LINK, check_address, is_snapshot, parse_git_origin
from graft.model.platform import ANYWHERE, PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.versions.version import is_version

LOCK_NAME = "graft-lock.json"
LOCK_VERSION = 1
# What fields of the wrong type, or nested too deep, amount to.
_SENSELESS = (LookupError, TypeError, ValueError, AttributeError, RecursionError)

# Where a package was taken from, if another workspace had it.
_PROVENANCE = "from_deps_source"
# How a node's requirements are grouped in its line: section, kind, optional.
_SECTIONS = (
    ("dependencies", Kind.PROD, False),
    ("optional", Kind.OPTIONAL, True),
    ("peers", Kind.PEER, False),
    ("optionalPeers", Kind.PEER, True),
)


def write_lock(graph: Graph) -> bytes:
    importers = (
        f"{_text(path)}: {{\n{_lines(_importer_lines(graph.importers[path]))}\n}}"
        for path in sorted(graph.importers)
    )
    nodes = (f"{_text(id)}: {_text(_node_entry(graph.nodes[id]))}" for id in sorted(graph.nodes))
    parts = [f'"lockfile": {LOCK_VERSION}', f'"importers": {{\n{_lines(importers)}\n}}']
    if graph.flat:
        parts.append('"resolution": "flat"')
    if graph.legacy_peers:
        parts.append('"legacyPeers": true')
    if graph.overrides:
        overrides = (f"{_text(k)}: {_text(v)}" for k, v in sorted(graph.overrides.items()))
        parts.append(f'"overrides": {{\n{_lines(overrides)}\n}}')
    if graph.extensions:
        extensions = (f"{_text(k)}: {v}" for k, v in sorted(graph.extensions.items()))
        parts.append(f'"extensions": {{\n{_lines(extensions)}\n}}')
    if graph.patches:
        patches = (f"{_text(k)}: {_text(v)}" for k, v in sorted(graph.patches.items()))
        parts.append(f'"patches": {{\n{_lines(patches)}\n}}')
    if graph.indices:
        pins = (f"{_text(k)}: {_text(_pin_entry(pin))}" for k, pin in sorted(graph.indices.items()))
        parts.append(f'"indices": {{\n{_lines(pins)}\n}}')
    parts.append(f'"nodes": {{\n{_lines(nodes)}\n}}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _lines(entries: Iterable[str]) -> str:
    return ",\n".join(entries)


def _importer_lines(importer: Importer) -> Iterable[str]:
    for requirement in sorted(importer.requirements, key=lambda r: r.local):
        specifier, *target = _edge(requirement, importer.edges)
        # What a catalog said belongs to the question: if it says something else, that is another.
        if requirement.catalog:
            specifier = f"{requirement.catalog} {specifier}"
        said = [str(requirement.kind), specifier, *target]
        yield f"{_text(requirement.local)}: {_text(said)}"


def _node_entry(node: Node) -> dict[str, Any]:
    manifest = node.manifest
    if manifest.is_link:  # all else is in its package.json
        return {"origin": manifest.origin}
    entry: dict[str, Any] = {
        "origin": manifest.origin,
        "integrity": "" if is_snapshot(manifest.origin) else manifest.integrity,
        "tarball": _tarball(manifest),
        "archives": [_archive(archive) for archive in manifest.archives],
    }
    for section, kind, optional in _SECTIONS:
        entry[section] = {
            requirement.local: _edge(requirement, node.edges)
            for requirement in sorted(manifest.requirements, key=lambda r: r.local)
            if requirement.kind is kind and requirement.optional is optional
        }
    entry["os"] = manifest.platforms.os
    entry["cpu"] = manifest.platforms.cpu
    entry["libc"] = manifest.platforms.libc
    entry["node"] = manifest.node
    entry["bundled"] = manifest.bundled
    entry["bin"] = dict(sorted(manifest.bins))
    entry["scripts"] = manifest.has_scripts
    if node.provenance is not None and not node.provenance.unsaid:
        from graft.model.provenance import provenance_json

        entry[_PROVENANCE] = provenance_json(node.provenance)
    return {key: value for key, value in entry.items() if value}


def _pin_entry(pin: IndexPin) -> dict[str, str]:
    if not pin.url:
        return {"path": pin.path}
    said = {"url": pin.url, "ref": pin.ref, "commit": pin.commit}
    return {key: value for key, value in said.items() if value}


def _tarball(manifest: Manifest) -> str:
    """An address on another host is the registry's business of the day: it is asked again. That of
    an index's package is all that there is."""
    is_todays = "://" in manifest.tarball and not manifest.origin.startswith(INDEX)
    return "" if is_todays else manifest.tarball


def _archive(archive: PlatformArchive) -> dict[str, Any]:
    limits = archive.platforms
    said = {
        "os": limits.os,
        "cpu": limits.cpu,
        "libc": limits.libc,
        "integrity": archive.integrity,
        "tarball": archive.tarball,
    }
    return {key: value for key, value in said.items() if value}


def _edge(requirement: Requirement, edges: Mapping[str, str]) -> list[str]:
    target = edges.get(requirement.local)
    return [requirement.specifier] if target is None else [requirement.specifier, target]


# One for all: json.dumps would make a new one for each entry.
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical_json(value: Any) -> str:
    """The same text for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_lock(data: bytes, *, where: str) -> Graph:
    """The graph that a lock's text says. Raises ``lock-unreadable`` or ``lock-version``.

    Nothing in it is believed: names, versions and bins become paths, so they are checked here.
    """
    if data not in _read:
        graph = _parsed(data, where)
        _read.clear()
        _read[data] = graph
    return _read[data]


# The last one that was read: who takes packages from another checkout reads the same text twice.
_read: dict[bytes, Graph] = {}


def _parsed(data: bytes, where: str) -> Graph:
    try:
        said = read_whole_json(data)
        version = said["lockfile"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(where, data, error) from None
    if version != LOCK_VERSION:
        raise GraftError(
            "lock-version",
            f"the lock has format {repr(version)[:40]}; this graft reads {LOCK_VERSION}",
            where=where,
            fix="update graft, or delete the lock and run 'graft install' to resolve again",
        )
    try:
        nodes = {id: _node(id, entry) for id, entry in said["nodes"].items()}
        importers = {path: _importer(path, said["importers"][path]) for path in said["importers"]}
        graph = Graph(
            importers=importers,
            nodes=nodes,
            overrides={str(k): str(v) for k, v in said.get("overrides", {}).items()},
            extensions={k: canonical_json(v) for k, v in said.get("extensions", {}).items()},
            patches={str(k): str(v) for k, v in said.get("patches", {}).items()},
            legacy_peers=said.get("legacyPeers", False) is True,
            flat=said.get("resolution") == "flat",
            indices=_pins(said["indices"]) if "indices" in said else {},
        )
        _check_edges(graph)
        return graph
    except (*_SENSELESS, GraftError) as error:
        raise _unreadable(where, data, error) from None


def _node(id: str, entry: dict[str, Any]) -> Node:
    origin = _string(entry.get("origin", ""))
    if origin.startswith(LINK):
        return _link(id, origin)
    name, version = _coordinates(id, origin)
    requirements: list[Requirement] = []
    edges: dict[str, str] = {}
    for section, kind, optional in _SECTIONS:
        if section in entry:
            _read_edges(entry[section], kind, optional, requirements, edges)
    requirements.sort(key=lambda requirement: requirement.local)
    _check_origin(_string(entry.get("origin", "")))
    if entry.get("integrity"):
        parse_integrity(entry["integrity"])
    tarball = _string(entry.get("tarball", ""))
    _check_tarball(tarball, origin)
    manifest = Manifest(
        name=name,
        version=version,
        origin=origin,
        integrity=_string(entry.get("integrity", "")),
        tarball=tarball,
        archives=tuple(_read_archive(said, origin) for said in entry.get("archives", ())),
        requirements=tuple(requirements),
        bins=tuple(sorted(_bin(*item) for item in entry.get("bin", {}).items())),
        platforms=_platforms(entry),
        node=_string(entry.get("node", "")),
        bundled=tuple(check_name(name) for name in _strings(entry.get("bundled", []))),
        has_scripts=bool(entry.get("scripts", False)),
    )
    if not id.startswith(manifest.id) or id[len(manifest.id) :][:1] not in ("", "("):
        raise ValueError(f"'{id}' is not {manifest.id}")
    if _PROVENANCE not in entry:
        return Node(id=id, manifest=manifest, edges=edges)
    from graft.model.provenance import read_provenance

    taken = read_provenance(entry[_PROVENANCE])
    return Node(id=id, manifest=manifest, edges=edges, provenance=taken)


def _pins(said: dict[str, Any]) -> Mapping[str, IndexPin]:
    from graft.lockfile.index_pins import read_pins  # few locks have any

    return read_pins(said)


def _check_tarball(tarball: str, origin: str) -> None:
    if origin.startswith(INDEX):
        for address in tarball.split(" ") if tarball else ():
            check_address(address)
        return
    if not tarball.isprintable() or " " in tarball or "\\" in tarball:
        raise ValueError("the path of an archive holds what no path below a registry does")
    if tarball.startswith("/") or ".." in tarball.split("/") or ":" in tarball.split("/")[0]:
        raise ValueError(f"'{tarball}' is not a path below a registry")


def _read_archive(said: dict[str, Any], origin: str) -> PlatformArchive:
    parse_integrity(said["integrity"])
    tarball = _string(said.get("tarball", ""))
    _check_tarball(tarball, origin)
    return PlatformArchive(_platforms(said), _string(said["integrity"]), tarball)


def _link(id: str, origin: str) -> Node:
    """A folder, without what its package.json says of it. It may lie beside the project, and the
    check that follows sees to it that package.json says so too."""
    name = id.removesuffix(f"@{origin}")
    check_name(name)
    manifest = Manifest(name=name, version="", origin=origin)
    if manifest.folder != posixpath.normpath(manifest.folder):
        raise ValueError(f"'{manifest.folder}' is not the path of a folder")
    if id != manifest.id:
        raise ValueError(f"'{id}' is not {manifest.id}")
    return Node(id=id, manifest=manifest, edges={})


def _check_path(path: str) -> None:
    """Importers become paths below the project's root."""
    if path != posixpath.normpath(path) or path.startswith("/") or path.split("/")[0] == "..":
        raise ValueError(f"'{path}' is not a path inside the project")


def _coordinates(id: str, origin: str) -> tuple[str, str]:
    """``name@version(peers)`` or ``name@origin#version(peers)`` -> (name, version)."""
    name, rest = split_spec(id)
    if origin:
        rest = rest.removeprefix(f"{origin}#")
    version = rest.partition("(")[0]
    check_name(name)
    if origin.startswith(INDEX):
        from graft.versions.index_version import parse_index_version  # few graphs need it

        parse_index_version(version)
    elif not is_version(version):
        raise ValueError(f"'{id}' holds no version")
    return name, version


def _check_origin(origin: str) -> None:
    if not origin.isprintable():
        raise ValueError("an origin holds control characters")
    if origin.startswith(GIT):
        parse_git_origin(origin)


def _read_edges(
    section: dict[str, list[str]],
    kind: Kind,
    optional: bool,
    requirements: list[Requirement],
    edges: dict[str, str],
) -> None:
    for local, edge in section.items():
        check_name(local)
        specifier, *target = _strings(edge)
        requirements.append(
            Requirement(local=local, specifier=_string(specifier), kind=kind, optional=optional)
        )
        if target:
            (edges[local],) = target


def _importer(path: str, entry: dict[str, list[str]]) -> Importer:
    _check_path(path)
    requirements: list[Requirement] = []
    edges: dict[str, str] = {}
    for local, said in entry.items():
        kind, specifier, *target = _strings(said)
        catalog = ""
        if specifier.startswith("catalog:"):
            catalog, _, specifier = specifier.partition(" ")
        check_name(local)
        requirements.append(
            Requirement(
                local=local,
                specifier=specifier,
                kind=Kind(kind),
                optional=kind == Kind.OPTIONAL,
                catalog=catalog,
            )
        )
        if target:
            (edges[local],) = target
    return Importer(path=path, requirements=tuple(requirements), edges=edges)


def _bin(command: str, path: str) -> tuple[str, str]:
    if not is_safe_bin(command, path):
        raise ValueError(f"'{command}' -> '{path}' is not a command inside a package")
    return command, path


def _platforms(entry: dict[str, Any]) -> PlatformLimits:
    os, cpu, libc = (tuple(_strings(entry.get(key, []))) for key in ("os", "cpu", "libc"))
    return PlatformLimits(os=os, cpu=cpu, libc=libc) if os or cpu or libc else ANYWHERE


def _check_edges(graph: Graph) -> None:
    if "." not in graph.importers:
        raise ValueError("it does not say what the project asks for")
    owners: list[Importer | Node] = [*graph.importers.values(), *graph.nodes.values()]
    for owner in owners:
        for local, target in owner.edges.items():
            if target not in graph.nodes:
                raise ValueError(f"'{local}' leads to '{target}', which the lock does not hold")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {repr(value)[:80]}")
    return value


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list of texts, found {repr(value)[:80]}")
    return [_string(item) for item in value]


def _unreadable(where: str, data: bytes, error: Exception) -> GraftError:
    if b"\n<<<<<<< " in data or data.startswith(b"<<<<<<< "):
        return GraftError(
            "lock-unreadable",
            "the lock holds unmerged changes",
            where=where,
            fix="take either side (git checkout --ours or --theirs), then run 'graft install'",
        )
    return GraftError(
        "lock-unreadable",
        "the lock is damaged",
        where=where,
        why=[str(error)],
        fix="restore it from version control, or delete it and run 'graft install'",
    )
