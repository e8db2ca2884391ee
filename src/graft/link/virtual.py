"""The layout ``virtual``: an importer holds one link for each direct dependency, and its commands.

A package's own dependencies lie beside it in its slot, so nothing else is needed here: the cost of
a second project does not grow with the graph.
"""

from __future__ import annotations

from collections.abc import Mapping

from graft.link.links import Wanted
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.store.paths import Store
from graft.store.slots import Slot


def virtual_trees(
    graph: Graph, slots: Mapping[str, Slot], store: Store, names: Mapping[str, str]
) -> dict[str, Wanted]:
    """What each importer's ``node_modules`` holds, by the importer's path. ``names`` are the names
    by which importers can be met in their own code.

    Links to packages are absolute, because projects are moved more often than stores; links to
    commands, and to folders of the project's own, are relative.
    """

    def target(importer: str, local: str, id: str) -> str:
        manifest = graph.nodes[id].manifest
        if manifest.is_link:
            return relative_target(f"{importer}/node_modules/{local}", manifest.folder)
        return store.package(slots[id].name, slots[id].package)

    trees = {}
    for importer in graph.importers:
        links: dict[str, str] = {}
        reasons: dict[str, str] = {}
        edges = graph.importers[importer].edges
        for local, id in sorted(edges.items()):
            links[local] = target(importer, local, id)
            reasons[local] = f"package.json asks for {local}"
        for command, (local, path) in chosen_bins(graph, edges).items():
            links[f".bin/{command}"] = f"../{local}/{path}"
            reasons[f".bin/{command}"] = f"a command of {local}"
        name = names.get(importer, "")
        if name and name not in links:
            links[name] = "../.." if "/" in name else ".."
            reasons[name] = "the project's own name"
        trees[importer] = Wanted(links, reasons)
    return trees


def relative_target(link: str, to: str) -> str:
    """What a link at ``link`` holds to lead to ``to``, both ``/``-separated and from one folder,
    out of which ``to`` may lead."""
    here = [part for part in link.split("/")[:-1] if part != "."]
    there = [part for part in to.split("/") if part not in ("", ".")]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared] != "..":
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:]) or "."
