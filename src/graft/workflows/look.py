"""``ls``: what is installed. It reads the lock, and nothing else but for where packages lie."""

from __future__ import annotations

import os
from collections.abc import Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.model.graph import Graph, Node
from graft.model.origins import shown_origin
from graft.project.defaults import sound_modules_folder
from graft.workflows.names import meant_name, not_a_dependency
from graft.workflows.project import Context


class Listed(Record):
    """One line of ``ls``. ``label`` is the id as people read it, ``origin`` where the package comes
    from (empty: the default registry); ``repeated`` means that what lies below was shown before.
    ``folder`` is filled by ``with_folders``: where the package lies, empty if it is not there."""

    local: str
    id: str
    label: str
    kind: str
    origin: str = ""
    repeated: bool = False
    folder: str = ""
    below: tuple[Listed, ...] = ()


def listing(
    context: Context,
    *,
    depth: int,
    names: tuple[str, ...] = (),
    importers: Sequence[str] = (),
) -> dict[str, tuple[Listed, ...]]:
    """Direct dependencies of ``importers`` (none: of the one that the command is about) and what
    lies below them, to ``depth`` (0: direct ones alone), by the importer's path.

    Raises ``not-a-dependency`` for a name that is none of them.
    """
    graph = locked_graph(context)
    shown = {
        path: graph.importers[path]
        for path in importers or (context.importer,)
        if path in graph.importers
    }
    known = {name for importer in shown.values() for name in importer.edges}
    wanted = {meant_name(name, known, context.namespaces) for name in names}
    for name in sorted(wanted - known):
        raise not_a_dependency(name, known, context.lock_path)
    seen: dict[str, int] = {}
    return {
        path: tuple(
            _listed(graph, r.local, importer.edges[r.local], str(r.kind), depth, seen)
            for r in importer.requirements
            if r.local in importer.edges and (not wanted or r.local in wanted)
        )
        for path, importer in shown.items()
    }


def _listed(
    graph: Graph, local: str, id: str, kind: str, depth: int, seen: dict[str, int]
) -> Listed:
    """``seen`` holds how deep what lies below a node was shown."""
    node = graph.nodes[id]
    # What a folder of the project asks for is asked by the importer that it is.
    importer = graph.importers.get(node.manifest.folder) if node.manifest.is_link else None
    edges = importer.edges if importer else node.edges
    repeated = bool(edges) and 0 < depth <= seen.get(id, 0)
    seen[id] = max(depth, seen.get(id, 0))
    below: tuple[Listed, ...] = ()
    if depth > 0 and not repeated:
        asked = importer.requirements if importer else node.manifest.requirements
        kinds = {r.local: str(r.kind) for r in asked}
        below = tuple(
            _listed(graph, name, child, kinds[name], depth - 1, seen)
            for name, child in sorted(edges.items())
        )
    return Listed(
        local=local,
        id=id,
        label=label_of(node),
        kind=kind,
        origin=node.manifest.origin,
        repeated=repeated,
        below=below,
    )


def with_folders(folder: str, listed: tuple[Listed, ...]) -> tuple[Listed, ...]:
    """With where each package lies, as code in ``folder`` finds it: whatever made it, and in every
    layout."""
    found = [(entry, _found(folder, entry.local)) for entry in listed]
    return tuple(
        replace(entry, folder=place, below=with_folders(place, entry.below) if place else ())
        for entry, place in found
    )


def _found(folder: str, local: str) -> str:
    """Node.js's way: the nearest ``node_modules`` upwards that has it."""
    while True:
        name = sound_modules_folder(folder)
        path = os.path.join(folder, name, local)
        if os.path.basename(folder) != name and os.path.isdir(path):
            return os.path.realpath(path)
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def label_of(node: Node) -> str:
    """``tool@1.0.0 (file:../tool.tgz)``, with the peers that it was given behind its version."""
    manifest = node.manifest
    if manifest.is_link:
        return node.id
    peers = node.id.removeprefix(manifest.id)
    origin = f" ({shown_origin(manifest.origin)})" if manifest.origin else ""
    return f"{manifest.name}@{manifest.version}{peers}{origin}"


def locked_graph(context: Context) -> Graph:
    """What the project's lock says. Raises ``lock-missing``."""
    graph = context.graph()
    if graph is None:
        raise GraftError(
            "lock-missing",
            "there is no lock here to read",
            where=context.lock_path,
            fix="run 'graft install'",
        )
    return graph
