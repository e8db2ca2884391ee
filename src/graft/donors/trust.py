"""Parents that are trusted: what lies there under a package's name is taken for it, whatever the
lock asks for, and what it calls itself is taken down.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import replace
from graft.donors.parent import Parent, packages_of
from graft.donors.take import Asked, Source, Taking, said_of
from graft.link.importers import MODULES
from graft.model.graph import Graph, Node
from graft.model.provenance import COPY, LINK, NAME, Provenance
from graft.resolve.prune import below
from graft.sources.archive_manifest import manifest_of

_Found = tuple[Source, str, bool]
"""Who has it, in which folder, and whether that folder is linked to."""


def with_trusted(asked: Asked, sources: Sequence[Source], taking: Taking) -> Taking:
    """What nothing else gives, where a parent that is trusted has a folder of that name: for a
    package whose parent's folder is taken, the one that this finds; else the one on top.

    What a package that is patched or built here needs is not taken so: its slot is the store's.
    """
    trusted = [source for source in sources if source.trust]
    if not trusted:
        return taking
    links, given, provenance = dict(taking.links), dict(taking.given), dict(taking.provenance)
    barred = below(asked.graph, [id for id, slot in asked.slots.items() if slot.salt])
    left = asked.slots.keys() - provenance.keys() - taking.bytes.keys() - barred
    taken: dict[str, _Found | None] = {}
    for id, local, above in _from_importers(asked.graph):
        if id in taken:
            continue
        taken[id] = None
        found = _found(asked, trusted, id, local, taken.get(above)) if id in left else None
        if found is None:
            continue
        source, folder, _ = taken[id] = found
        mode, because = source.mode(asked.slots[id].package)
        is_linked = found[2]
        (links if is_linked else given)[id] = folder
        said = said_of(source, folder, NAME, LINK if is_linked else _own(mode))
        provenance[id] = replace(
            said, trusted=True, observed=observed(folder), because="" if mode == LINK else because
        )
    return replace(taking, links=links, given=given, provenance=provenance)


def observed(folder: str) -> str:
    """What a package calls itself, whatever the lock asks for."""
    try:
        said = json.loads(read_file(f"{folder}/package.json") or b"{}")
        return f"{said['name']}@{said['version']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def found_from(folder: str, name: str) -> str:
    """Where code in a folder finds a package; empty if nowhere."""
    place = folder
    while True:
        there = os.path.join(place, MODULES, name)
        if os.path.basename(place) != MODULES and os.path.isdir(there):
            return os.path.realpath(there)
        if os.path.dirname(place) == place:
            return ""
        place = os.path.dirname(place)


def places(graph: Graph, modules: Mapping[str, str]) -> dict[str, str]:
    """Where code finds the packages of a graph now, by node id; ``modules`` are the folders of
    packages by importer."""
    found: dict[str, str] = {}
    for path, importer in graph.importers.items():
        for local, id in importer.edges.items():
            if path in modules and os.path.isdir(there := os.path.join(modules[path], local)):
                found.setdefault(id, os.path.realpath(there))
    queue = list(found)
    while queue:
        id = queue.pop(0)
        for local, child in graph.nodes[id].edges.items():
            if child not in found and (there := found_from(found[id], local)):
                found[child] = there
                queue.append(child)
    return found


def observed_graph(parent: Parent) -> Graph:
    """What lies in a parent that has no lock, as its packages name each other. Nothing says what
    bytes they should have."""
    nodes: dict[str, Node] = {}
    folders = dict.fromkeys(_folders(packages_of(parent.path)))
    queue = list(folders)
    ids: dict[str, str] = {}
    edges: dict[str, dict[str, str]] = {}
    while queue:
        folder = queue.pop()
        try:
            document = json.loads(read_file(f"{folder}/package.json") or b"")
            manifest = manifest_of(document, (), origin="", local="")
        except (GraftError, OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        ids[folder] = manifest.id
        nodes.setdefault(manifest.id, Node(id=manifest.id, manifest=manifest, edges={}))
        its = edges.setdefault(folder, {})
        for requirement in manifest.requirements:
            there = found_from(folder, requirement.local)
            if there:
                its[requirement.local] = there
                if there not in folders:
                    folders[there] = None
                    queue.append(there)
    for folder, its in edges.items():
        node = nodes[ids[folder]]
        if not node.edges:
            known = {local: ids[there] for local, there in its.items() if there in ids}
            nodes[node.id] = replace(node, edges=known)
    return Graph(importers={}, nodes=nodes)


def _folders(modules: str) -> Iterator[str]:
    for name in sorted(os.listdir(modules)) if os.path.isdir(modules) else ():
        full = os.path.join(modules, name)
        if name.startswith("@"):
            yield from _folders(full)
        elif not name.startswith(".") and os.path.isdir(full):
            yield os.path.realpath(full)


def _from_importers(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Nodes, nearest first, with the name that they are asked for by and the node that asks; that
    is empty for an importer."""
    queue = [
        (id, local, "")
        for _, importer in sorted(graph.importers.items())
        for local, id in sorted(importer.edges.items())
    ]
    seen = set()
    while queue:
        id, local, above = queue.pop(0)
        yield id, local, above
        if id not in seen:
            seen.add(id)
            queue += [(child, name, id) for name, child in sorted(graph.nodes[id].edges.items())]


def _found(
    asked: Asked, sources: Sequence[Source], id: str, local: str, above: _Found | None
) -> _Found | None:
    name = asked.slots[id].package
    if above is not None:
        source, folder, is_linked = above
        there = found_from(folder, local)
        if there and (is_linked or source.serves(name)):
            return source, there, is_linked or _is_link(asked, source, id)
        if is_linked:
            return None  # it finds nothing there, and nothing can be put there
    for source in sources:
        there = source.parent.folder(name) if source.serves(name) else ""
        if there:
            return source, there, _is_link(asked, source, id)
    return None


def _is_link(asked: Asked, source: Source, id: str) -> bool:
    return id not in asked.fixed and source.mode(asked.slots[id].package) == (LINK, "")


def _own(mode: str) -> str:
    """Bytes of what is trusted are for no store."""
    return mode if mode not in ("bytes", LINK) else COPY


def is_trusted(said: Provenance | None) -> bool:
    return said is not None and said.matched == NAME
