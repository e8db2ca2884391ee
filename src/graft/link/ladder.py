"""The compatibility ladder: tools that are known to fail in ``virtual``, and what they get instead.

The tools are data, in ``ladder.json``, each with a reason and with evidence: a fixture of
``bench/ecosystems`` that fails, or a thread (``owner/repository#number``) of the tool's maintainers
or of a package manager that stores packages in the same way.
"""

from __future__ import annotations

import json
import os
from functools import cache

from graft.base.records import Record
from graft.link.layouts import HOISTED, ISOLATED, VIRTUAL
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.versions.npm import parse_range
from graft.versions.version import version_in_graph

_STRICTNESS = (VIRTUAL, ISOLATED, HOISTED)
COPIED = "copied"


class Rung(Record):
    """What a package gets in the versions of ``range``, as npm writes ranges: a layout for all of
    the project, or ``copied``, which is a folder of own files for this package alone."""

    package: str
    range: str
    layout: str
    reason: str
    evidence: tuple[str, ...]


@cache
def read_ladder() -> tuple[Rung, ...]:
    with open(os.path.join(os.path.dirname(__file__), "ladder.json"), encoding="utf-8") as file:
        said = json.load(file)
    return tuple(Rung(**{**rung, "evidence": tuple(rung["evidence"])}) for rung in said)


def needed_rung(graph: Graph) -> tuple[Rung, str] | None:
    """What the direct dependencies of all importers need, and the id of the package that needs it;
    None if all work in ``virtual``.

    One layout serves all importers, so the strictest counts: a member finds packages with the
    project's own, and those of one slot cannot lie in two places.
    """
    direct = {
        graph.nodes[id].manifest.id: graph.nodes[id].manifest
        for importer in graph.importers.values()
        for id in importer.edges.values()
    }
    found = [
        (rung, id)
        for rung in read_ladder()
        if rung.layout in _STRICTNESS
        for id, manifest in sorted(direct.items())
        if _is_for(rung, manifest)
    ]
    return max(found, key=lambda need: _STRICTNESS.index(need[0].layout), default=None)


def copied(graph: Graph) -> set[str]:
    """The nodes, among direct dependencies, whose files have to be the project's own. A package
    that needs others finds them beside its slot alone, so it must need none."""
    direct = {id for importer in graph.importers.values() for id in importer.edges.values()}
    rungs = [rung for rung in read_ladder() if rung.layout == COPIED]
    return {
        id
        for id in direct
        if not graph.nodes[id].edges
        and any(_is_for(rung, graph.nodes[id].manifest) for rung in rungs)
    }


def _is_for(rung: Rung, manifest: Manifest) -> bool:
    if manifest.name != rung.package or manifest.is_link:
        return False
    range = parse_range(rung.range).include_prereleases()
    return range.contains(version_in_graph(manifest.version))
