"""The layouts by name: graph -> what each importer's ``node_modules`` holds."""

from __future__ import annotations

from collections.abc import Mapping

from graft.link.links import Wanted
from graft.model.graph import Graph
from graft.store.paths import Store
from graft.store.slots import Slot

VIRTUAL = "virtual"
ISOLATED = "isolated"
HOISTED = "hoisted"


def layout_trees(
    layout: str, graph: Graph, slots: Mapping[str, Slot], store: Store, names: Mapping[str, str]
) -> dict[str, Wanted]:
    """What each importer's ``node_modules`` holds, by the importer's path. ``names`` are the names
    by which importers can be met in their own code."""
    if layout == ISOLATED:
        from graft.link.isolated import isolated_trees

        return isolated_trees(graph, slots, names)
    if layout == HOISTED:
        from graft.link.hoisted import hoisted_trees

        return hoisted_trees(graph, slots, names)
    from graft.link.virtual import virtual_trees

    return virtual_trees(graph, slots, store, names)
