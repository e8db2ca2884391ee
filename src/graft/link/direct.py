"""What all layouts of links have in common: an importer's direct dependencies and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graft.model.bins import chosen_bins
from graft.model.graph import Graph


def direct_links(
    graph: Graph,
    importer: str,
    names: Mapping[str, str],
    target: Callable[[str, str], str],
    own: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """Links by path in the importer's ``node_modules``, and the reason for each. ``target`` gives
    what a link holds that lies at a path from the project's folder and leads to a node; ``names``
    are those by which importers can be met in their own code, ``own`` that of their folders."""
    links: dict[str, str] = {}
    reasons: dict[str, str] = {}
    edges = graph.importers[importer].edges
    for local, id in sorted(edges.items()):
        links[local] = target(f"{importer}/{own}/{local}", id)
        reasons[local] = f"package.json asks for {local}"
    for command, (local, path) in chosen_bins(graph, edges).items():
        links[f".bin/{command}"] = f"../{local}/{path}"
        reasons[f".bin/{command}"] = f"a command of {local}"
    name = names.get(importer, "")
    if name and name not in links:
        links[name], reasons[name] = own_link(name)
    return links, reasons


def own_link(name: str) -> tuple[str, str]:
    """The link by which an importer's code can import itself, and the reason for it."""
    return "../.." if "/" in name else "..", "the project's own name"


def relative_target(link: str, to: str) -> str:
    """What a link at ``link`` holds to lead to ``to``, both ``/``-separated and from one folder,
    out of which ``to`` may lead."""
    here = [part for part in link.split("/")[:-1] if part != "."]
    there = [part for part in to.split("/") if part not in ("", ".")]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared] != "..":
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:]) or "."
