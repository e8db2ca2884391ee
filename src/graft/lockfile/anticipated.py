"""Whether a project has reason to expect a prerelease: it asks for it, or has an override that
does."""

from __future__ import annotations

from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import split_spec
from graft.versions.specifier import parse_specifier
from graft.versions.version import version_in_graph


def anticipates(graph: Graph, manifest: Manifest) -> bool:
    """A range counts if it names the prerelease, as npm reads ranges; ``*`` does not. A dist-tag,
    and a source that is no registry, name what they gave."""
    version = version_in_graph(manifest.version)
    for importer in graph.importers.values():
        for line in importer.requirements:
            wanted = parse_specifier(line.local, line.specifier)
            if wanted.range is None:
                target = importer.edges.get(line.local)
                if target is not None and graph.nodes[target].manifest.id == manifest.id:
                    return True
            elif wanted.package == manifest.name and wanted.range.contains(version):
                return True
    for key, text in graph.overrides.items():
        name, _ = split_spec(key.rpartition("> ")[2])
        wanted = parse_specifier(name, text)
        if wanted.package == manifest.name and wanted.range and wanted.range.contains(version):
            return True
    return False
