"""The layout ``virtual``: a project holds one link for each direct dependency, and its commands.

A package's own dependencies lie beside it in its slot, so nothing else is needed here: the cost of
a second project does not grow with the graph.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft.base.records import Record
from graft.model.bins import chosen_bins
from graft.model.graph import Graph
from graft.store.paths import Store
from graft.store.slots import Slot


class Wanted(Record, kw_only=False):
    """Links by path relative to ``node_modules``, with the reason for each."""

    links: Mapping[str, str]
    reasons: Mapping[str, str]


def virtual_links(
    graph: Graph, importer: str, slots: Mapping[str, Slot], store: Store, *, own_name: str = ""
) -> Wanted:
    """What the importer's ``node_modules`` holds. Links to packages are absolute, because projects
    are moved more often than stores; links to commands are relative."""
    links: dict[str, str] = {}
    reasons: dict[str, str] = {}
    edges = graph.importers[importer].edges
    for local, id in sorted(edges.items()):
        links[local] = store.package(slots[id].name, slots[id].package)
        reasons[local] = f"package.json asks for {local}"
    for command, (local, path) in chosen_bins(graph, edges).items():
        links[f".bin/{command}"] = f"../{local}/{path}"
        reasons[f".bin/{command}"] = f"a command of {local}"
    if own_name and own_name not in links:
        links[own_name] = os.path.join("..", "..") if "/" in own_name else ".."
        reasons[own_name] = "the project's own name"
    return Wanted(links, reasons)
