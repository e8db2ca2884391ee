"""What each tool's lock says was chosen, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graft.lockfile.foreign.choose import read_foreign
from graft.lockfile.format import read_lock

ROOT = ("", "")

# A package by name and version; the project itself is ``ROOT``.
Spec = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """``decisions`` maps who asks, and the local name it asks by, to all that this got it: one
    version, or several where a tool keeps the package in several places or contexts."""

    decisions: Mapping[tuple[Spec, str], set[Spec]] = field(default_factory=dict)

    @property
    def specs(self) -> set[Spec]:
        return {spec for targets in self.decisions.values() for spec in targets}

    def asking_for(self, spec: Spec) -> list[tuple[Spec, str]]:
        return sorted(asked for asked, targets in self.decisions.items() if spec in targets)


def read_choices(lock: Path) -> Choices:
    if lock.name == "graft-lock.json":
        return _own(lock)
    said = read_foreign(lock.name, lock.read_bytes(), where=lock.name)
    found: dict[tuple[Spec, str], set[Spec]] = {}
    owners = [(ROOT, edges) for edges in said.importers.values()]
    owners += [((p.name, p.version), p.edges) for p in said.packages.values()]
    for owner, edges in owners:
        for local, edge in edges.items():
            target = said.packages[edge.target]
            found.setdefault((owner, local), set()).add((target.name, target.version))
    return Choices(found)


def _own(lock: Path) -> Choices:
    graph = read_lock(lock.read_bytes(), where=lock.name)
    found: dict[tuple[Spec, str], set[Spec]] = {}
    owners = [(ROOT, importer.edges) for importer in graph.importers.values()]
    owners += [((n.manifest.name, n.manifest.version), n.edges) for n in graph.nodes.values()]
    for owner, edges in owners:
        for local, id in edges.items():
            target = graph.nodes[id].manifest
            found.setdefault((owner, local), set()).add((target.name, target.version))
    return Choices(found)
