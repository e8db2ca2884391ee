"""The compatibility ladder: tools that are known to fail in ``virtual``, and what they get instead.

The tools are data, in ``ladder.json``, each with a reason and with evidence: a fixture of
``bench/ecosystems`` that fails, or a thread (``owner/repository#number``) of the tool's maintainers
or of a package manager that stores packages in the same way.
"""

from __future__ import annotations

import json
import os

from graft.base.records import Record
from graft.link.layouts import HOISTED, ISOLATED, VIRTUAL
from graft.model.graph import Graph
from graft.versions.npm import parse_range
from graft.versions.version import parse_version

_STRICTNESS = (VIRTUAL, ISOLATED, HOISTED)


class Rung(Record):
    """What a package gets in the versions of ``range``, as npm writes ranges."""

    package: str
    range: str
    layout: str
    reason: str
    evidence: tuple[str, ...]


def read_ladder() -> list[Rung]:
    with open(os.path.join(os.path.dirname(__file__), "ladder.json"), encoding="utf-8") as file:
        return [Rung(**{**rung, "evidence": tuple(rung["evidence"])}) for rung in json.load(file)]


def needed_rung(graph: Graph) -> tuple[Rung, str] | None:
    """What the direct dependencies of all importers need, and the id of the package that needs it;
    None if all work in ``virtual``.

    One layout serves all importers, so the strictest counts: a member finds packages with the
    project's own, and those of one slot cannot lie in two places.
    """
    manifests = [
        graph.nodes[id].manifest
        for importer in graph.importers.values()
        for id in importer.edges.values()
    ]
    found = [
        (rung, manifest.id)
        for rung in read_ladder()
        for manifest in sorted(manifests, key=lambda manifest: manifest.id)
        if manifest.name == rung.package and not manifest.is_link and _is_in(manifest.version, rung)
    ]
    return max(found, key=lambda need: _STRICTNESS.index(need[0].layout), default=None)


def _is_in(version: str, rung: Rung) -> bool:
    return parse_range(rung.range).include_prereleases().contains(parse_version(version))
