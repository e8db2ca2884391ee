"""The layout ``hoisted``: plain folders in npm's shape, for tools that know nothing else. Their
files are the project's own, and may be written.

Links lead to folders of the project's own and to commands, and close cycles of versions that have
no end in folders.
"""

from __future__ import annotations

from collections.abc import Mapping

from graft.link.direct import own_link, relative_target
from graft.link.folders import folder_entry
from graft.link.hoist import Hoisted, folders_above, hoist
from graft.link.importers import MODULES
from graft.link.links import Folder, Wanted
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.store.slots import Slot

_BELOW = f"/{MODULES}/"
_NOTHING: Mapping[str, str] = {}


def placement(graph: Graph) -> Hoisted:
    return hoist(
        {path: importer.edges for path, importer in graph.importers.items()},
        {id: node.edges for id, node in graph.nodes.items()},
    )


def hoisted_trees(
    graph: Graph,
    slots: Mapping[str, Slot],
    names: Mapping[str, str],
    own: str = MODULES,
    mirrors: Mapping[str, str] = _NOTHING,
) -> dict[str, Wanted]:
    """As ``virtual_trees``. One of the ``mirrors``, which are folders of other workspaces by node
    id, is a link in whatever place on top its package has; what it needs it finds there."""
    placed = _without_inner(placement(graph), mirrors)
    return {
        importer: _tree(graph, slots, placed, importer, names.get(importer, ""), own, mirrors)
        for importer in graph.importers
    }


def _tree(
    graph: Graph,
    slots: Mapping[str, Slot],
    placed: Hoisted,
    importer: str,
    own_name: str,
    own: str,
    mirrors: Mapping[str, str],
) -> Wanted:
    links = _links(graph, placed, importer, own, mirrors)
    packages: dict[str, dict[str, str]] = {}
    inside: dict[str, dict[str, str]] = {}
    entries: dict[str, str] = {}
    for path, id in placed.packages[importer].items():
        if path not in links:
            top, within = _split(path)
            packages.setdefault(top, {})[within] = id
    for path, target in links.items():
        top, within = _split(path)
        if within:
            inside.setdefault(top, {})[within] = target
        else:
            entries[path] = target
    folders = {
        top: Folder(packages=packages[top], links=inside.get(top, {}), own=True)
        for top in sorted(packages)
    }
    entries |= {top: folder_entry(folder, slots) for top, folder in folders.items()}
    asked = graph.importers[importer].edges
    reasons = {
        path: f"package.json asks for {path}" if path in asked else "in the graph"
        for path in entries
    }
    if own_name and own_name not in entries:
        entries[own_name], reasons[own_name] = own_link(own_name)
    return Wanted(entries, reasons, folders)


def _without_inner(placed: Hoisted, mirrors: Mapping[str, str]) -> Hoisted:
    """Without what lies in folders that are mirrors: nothing is put into those."""
    if not mirrors:
        return placed

    def kept(importer: str, path: str) -> bool:
        top = path.partition(_BELOW)[0]
        return top == path or placed.packages[importer].get(top) not in mirrors

    return Hoisted(
        packages={
            importer: {path: id for path, id in its.items() if kept(importer, path)}
            for importer, its in placed.packages.items()
        },
        loops={
            importer: {path: to for path, to in its.items() if kept(importer, path)}
            for importer, its in placed.loops.items()
        },
    )


def _links(
    graph: Graph, placed: Hoisted, importer: str, own: str, mirrors: Mapping[str, str]
) -> dict[str, str]:
    """By path in the importer's ``node_modules``, in however deep a folder."""
    links = {}
    beside: dict[str, dict[str, str]] = {"": {}}
    for path, id in placed.packages[importer].items():
        above, _, local = path.rpartition(_BELOW)
        beside.setdefault(above, {})[local] = id
        manifest = graph.nodes[id].manifest
        if manifest.is_link:
            links[path] = relative_target(f"{importer}/{own}/{path}", manifest.folder)
        elif id in mirrors:
            links[path] = mirrors[id]
    for path, (to, its) in placed.loops[importer].items():
        links[path] = relative_target(f"{importer}/{own}/{path}", f"{to}/{own}/{its}")
    for above, ids in beside.items():
        if placed.packages[importer].get(above) in mirrors:
            continue
        folder = f"{above}{_BELOW}.bin" if above else ".bin"
        for command, (local, path) in chosen_bins(graph, ids).items():
            links[f"{folder}/{command}"] = f"../{local}/{path}"
    # What an importer asks for goes first, also where it lies with an importer further up.
    for command, (local, path) in chosen_bins(graph, graph.importers[importer].edges).items():
        owner = next(
            up
            for up in (importer, *folders_above(importer))
            if up in placed.packages and local in {**placed.packages[up], **placed.loops[up]}
        )
        at = f".bin/{command}"
        links[at] = relative_target(f"{importer}/{own}/{at}", f"{owner}/{own}/{local}/{path}")
    return links


def _split(path: str) -> tuple[str, str]:
    """The entry in ``node_modules``, and what lies in it."""
    top, _, within = path.partition(_BELOW)
    return top, f"{MODULES}/{within}" if within else ""
