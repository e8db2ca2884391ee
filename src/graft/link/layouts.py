"""The layouts by name: graph -> what each importer's ``node_modules`` holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graft.link.importers import MODULES
from graft.link.links import Folder, Wanted
from graft.model.graph import Graph
from graft.store.paths import Store
from graft.store.slots import Slot

VIRTUAL = "virtual"
ISOLATED = "isolated"
HOISTED = "hoisted"
_NO_MIRRORS: Mapping[str, str] = {}


def layout_trees(
    layout: str,
    graph: Graph,
    slots: Mapping[str, Slot],
    store: Store,
    names: Mapping[str, str],
    own: str = MODULES,
    mirrors: Mapping[str, str] = _NO_MIRRORS,
) -> dict[str, Wanted]:
    """What each importer's ``node_modules`` holds, by the importer's path. ``names`` are the names
    by which importers can be met in their own code, ``own`` is that of their folders. Where the
    layout is one of links, ``mirrors`` has the folders of other workspaces, by node id, that some
    lead to."""
    if layout == HOISTED:
        from graft.link.hoisted import hoisted_trees

        return hoisted_trees(graph, slots, names, own)
    if layout == ISOLATED:
        from graft.link.isolated import isolated_trees

        trees = isolated_trees(graph, slots, names, own)
    else:
        from graft.link.virtual import virtual_trees

        trees = virtual_trees(graph, slots, store, names, own, mirrors)
    from graft.link.ladder import copied

    ids = copied(graph)
    return _with_copies(trees, graph, slots, ids) if ids else trees


def _with_copies(
    trees: Mapping[str, Wanted], graph: Graph, slots: Mapping[str, Slot], ids: Collection[str]
) -> dict[str, Wanted]:
    """The same with folders of own files in place of links to these."""
    from graft.link.folders import folder_entry

    found = {}
    for importer, tree in trees.items():
        edges = graph.importers[importer].edges
        folders = {
            local: Folder(packages={"": id}, links={}, own=True)
            for local, id in edges.items()
            if id in ids
        }
        entries = {local: folder_entry(folder, slots) for local, folder in folders.items()}
        found[importer] = Wanted(
            {**tree.entries, **entries}, tree.reasons, {**tree.folders, **folders}
        )
    return found
