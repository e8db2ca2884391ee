"""The layout ``isolated``: slots like the store's, but in the project, which nothing leaves.

Importers link to slots in the ``node_modules`` of the project's own folder; a package's own
dependencies lie beside it there, as links to other slots.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from graft.base.records import replace
from graft.link.direct import direct_links, relative_target
from graft.link.folders import folder_entry
from graft.link.importers import MODULES, ROOT
from graft.link.links import Folder, Wanted
from graft.link.state import STATE_FOLDER
from graft.model.graph import Graph
from graft.store.slots import Slot

SLOTS = f"{STATE_FOLDER}/slots"
_NOTHING: Mapping[str, str] = {}


def isolated_trees(
    graph: Graph,
    slots: Mapping[str, Slot],
    names: Mapping[str, str],
    own: str = MODULES,
    elsewhere: Mapping[str, str] = _NOTHING,
    copies: Collection[str] = (),
) -> dict[str, Wanted]:
    """As ``virtual_trees``. All links within are relative: a project may be moved or copied as a
    whole. ``own`` is the name of the importers' folders; ``elsewhere`` has the absolute folders of
    packages that lie outside, by node id, and ``copies`` are those whose files may be written."""

    def place(id: str) -> str:
        """From the project's folder."""
        if graph.nodes[id].manifest.is_link:
            return graph.nodes[id].manifest.folder
        return f"{own}/{SLOTS}/{slots[id].name}/{MODULES}/{slots[id].package}"

    def target(at: str, id: str) -> str:
        return elsewhere.get(id) or relative_target(at, place(id))

    trees = {}
    for importer in graph.importers:
        links, reasons = direct_links(
            graph,
            importer,
            names,
            target,
            own,
        )
        trees[importer] = Wanted(links, reasons)
    folders = {}
    for id, slot in slots.items():
        path = f"{SLOTS}/{slot.name}"
        if path not in folders and id not in elsewhere:
            made = _slot_folder(graph, id, slot, f"{own}/{path}/{MODULES}", target)
            folders[path] = replace(made, own=id in copies)
    root = trees[ROOT]
    entries = {path: folder_entry(folder, slots) for path, folder in folders.items()}
    trees[ROOT] = Wanted(
        {**root.entries, **entries},
        {**root.reasons, **dict.fromkeys(entries, "in the graph")},
        folders,
    )
    return trees


def _slot_folder(
    graph: Graph, id: str, slot: Slot, modules: str, target: Callable[[str, str], str]
) -> Folder:
    links = {
        f"{MODULES}/{local}": target(f"{modules}/{local}", child)
        for local, child in graph.nodes[id].edges.items()
        if local != slot.package
    }
    links |= {f"{MODULES}/.bin/{command}": f"../{path}" for command, path in slot.bins.items()}
    return Folder(packages={f"{MODULES}/{slot.package}": id}, links=links)
