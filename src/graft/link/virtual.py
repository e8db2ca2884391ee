"""The layout ``virtual``: an importer holds one link for each direct dependency, and its commands.

A package's own dependencies lie beside it in its slot, so nothing else is needed here: the cost of
a second project does not grow with the graph.
"""

from __future__ import annotations

from collections.abc import Mapping

from graft.link.direct import direct_links, relative_target
from graft.link.links import Wanted
from graft.model.graph import Graph
from graft.store.paths import Store
from graft.store.slots import Slot


def virtual_trees(
    graph: Graph,
    slots: Mapping[str, Slot],
    store: Store,
    names: Mapping[str, str],
    own: str,
) -> dict[str, Wanted]:
    """What each importer's ``node_modules`` holds, by the importer's path. ``names`` are the names
    by which importers can be met in their own code, and ``own`` is that of their folders.

    Links to packages are absolute, because projects are moved more often than stores; links to
    commands, and to folders of the project's own, are relative.
    """

    def target(at: str, id: str) -> str:
        manifest = graph.nodes[id].manifest
        if manifest.is_link:
            return relative_target(at, manifest.folder)
        return store.package(slots[id].name, slots[id].package)

    return {
        importer: Wanted(*direct_links(graph, importer, names, target, own))
        for importer in graph.importers
    }
