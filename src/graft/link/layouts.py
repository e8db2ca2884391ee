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
_NO_FOLDERS: Mapping[str, str] = {}


def layout_trees(
    layout: str,
    graph: Graph,
    slots: Mapping[str, Slot],
    store: Store,
    names: Mapping[str, str],
    own: str = MODULES,
    mirrors: Mapping[str, str] = _NO_FOLDERS,
    copies: Collection[str] = (),
) -> dict[str, Wanted]:
    """What each importer's ``node_modules`` holds, by the importer's path. ``names`` are the names
    by which importers can be met in their own code, ``own`` is that of their folders. ``mirrors``
    has the folders of other workspaces, by node id, that stand for packages, and ``copies`` are the
    nodes whose files are to be the project's own and may be written."""
    if layout == HOISTED:
        from graft.link.hoisted import hoisted_trees

        return hoisted_trees(graph, slots, names, own, mirrors)
    trees: Mapping[str, Wanted]
    if layout == ISOLATED or copies or mirrors:
        from graft.link.held import held
        from graft.link.isolated import isolated_trees

        elsewhere = dict(mirrors)
        if layout != ISOLATED:
            here = held(graph, copies, mirrors)
            for id, slot in slots.items():
                if id not in here:
                    elsewhere.setdefault(id, store.package(slot.name, slot.package))
        trees = isolated_trees(graph, slots, names, own, elsewhere, copies)
    else:
        from graft.link.virtual import virtual_trees

        trees = virtual_trees(graph, slots, store, names, own)
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
