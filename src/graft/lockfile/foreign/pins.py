"""What another tool's lock says of packages that are from no registry: a commit, or bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.lockfile.foreign.lock import Edge
from graft.model.graph import Graph
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.versions.source_text import ArchiveSource, GitSource, parse_source

# Where npm, pnpm and yarn get a commit of GitHub's as an archive.
_HOSTED = re.compile(r"https://codeload\.github\.com/([^/]+)/([^/]+)/tar\.gz/([0-9a-f]{40})")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


class Pin(Record):
    """``id`` is that of the lock's entry; ``source`` names a commit by ``ref``, or bytes by
    ``integrity``."""

    id: str
    source: GitSource | ArchiveSource

    def names(self, manifest: Manifest) -> bool:
        """Whether a package is the one that was pinned."""
        source = self.source
        if isinstance(source, ArchiveSource):
            return manifest.origin == source.origin
        start, _, end = manifest.origin.partition("#")
        path = f"&path:/{source.path}" if source.path else ""
        return start == f"git:{source.url}" and end.startswith(source.ref) and end.endswith(path)


# By local name and specifier; the specifier is empty where the lock does not say it.
Pins = Mapping[tuple[str, str], Pin]


def pin(id: str, resolved: str, integrity: str = "") -> Pin | None:
    """From what a lock says that an entry was fetched from; None if that pins nothing."""
    hosted = _HOSTED.fullmatch(resolved.partition("#")[0])
    if hosted:
        resolved = "github:{}/{}#{}".format(*hosted.groups())
    try:
        source = parse_source(resolved)
    except GraftError:
        return None
    if isinstance(source, GitSource):
        return Pin(id=id, source=source) if _COMMIT.fullmatch(source.ref) else None
    if not isinstance(source, ArchiveSource):
        return None
    try:
        integrity = str(parse_integrity(integrity or source.integrity))
    except ValueError:
        return None
    return Pin(id=id, source=replace(source, integrity=integrity))


def pins_of(owners: Iterable[Mapping[str, Edge]], pinned: Mapping[str, Pin | None]) -> Pins:
    """Who asks for what of ``pinned``, which is by entry's id."""
    found: dict[tuple[str, str], Pin] = {}
    for edges in owners:
        for local, edge in edges.items():
            known = pinned.get(edge.target)
            if known is not None:
                found.setdefault((local, edge.specifier), known)
    return found


def kept_pins(pins: Pins, graph: Graph) -> dict[str, Manifest]:
    """The pins that hold in a graph, by their entries' ids, with what they pinned."""
    manifests = [node.manifest for node in graph.nodes.values()]
    found = {}
    for pinned in pins.values():
        for manifest in manifests:
            if pinned.names(manifest):
                found[pinned.id] = manifest
    return found
