"""Finding what a name means at a place of a tree, as Node does: here, or in a folder above."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from graft.lockfile.foreign.fields import texts
from graft.lockfile.foreign.lock import Edge
from graft.versions.specifier import parse_specifier

# Later sections win, as they do in package.json.
SECTIONS = ("peerDependencies", "devDependencies", "dependencies", "optionalDependencies")
# Twenty packages within each other have about sixty.
_MAX_PARTS = 200
SECTIONS_OF_PACKAGES = ("peerDependencies", "dependencies", "optionalDependencies")


def place_parts(place: str) -> list[str]:
    """The parts of a path, of which each folder above is looked into for each requirement."""
    parts = place.split("/", _MAX_PARTS) if place else []
    if len(parts) > _MAX_PARTS:
        raise ValueError(f"'{place[:40]}…' lies too deep")
    return parts


def edges(
    entry: dict[str, Any], sections: Iterable[str], folders: Iterable[str], there: Container[str]
) -> dict[str, Edge]:
    """The edges of what has these requirements. ``folders`` are those in which they are looked for,
    nearest first, written so that a local name can follow; what is nowhere has no edge."""
    prefixes = list(folders)
    found: dict[str, Edge] = {}
    for section in sections:
        for local, specifier in texts(entry, section).items():
            target = next((p + local for p in prefixes if p + local in there), None)
            if target is not None:
                found[local] = Edge(target, specifier, section == "optionalDependencies")
    return found


def foreign_targets(owners: Iterable[Mapping[str, Edge]]) -> dict[str, str]:
    """Targets of requirements that name another source than a registry, with its kind: but for
    those requirements they may look like any other."""
    found = {}
    for owner in owners:
        for local, edge in owner.items():
            kind = parse_specifier(local, edge.specifier).foreign if edge.specifier else ""
            if kind:
                found[edge.target] = kind
    return found


def between(
    owners: Mapping[str, Mapping[str, Edge]], kept: Container[str]
) -> dict[str, dict[str, Edge]]:
    """The same without edges to what is left out."""
    return {
        id: {local: edge for local, edge in found.items() if edge.target in kept}
        for id, found in owners.items()
    }
