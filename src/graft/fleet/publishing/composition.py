"""From a graph to the release that hosts can build: what of it they need, and by which archives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.platforms import in_order
from graft.fleet.release import Entry, Release, release_hash
from graft.link.importers import ROOT
from graft.lockfile.format import write_lock
from graft.model.graph import Graph, Importer, IndexPin
from graft.model.manifest import Manifest
from graft.model.origins import FILE, GIT, INDEX, is_archive_path
from graft.model.platform import ANYWHERE, Platform
from graft.model.requirement import Kind
from graft.resolve.paths import Paths
from graft.resolve.prune import for_kinds, for_platform, reachable, without
from graft.store.admission import required_integrity

NOTHING = Graph(importers={ROOT: Importer(path=ROOT, requirements=(), edges={})}, nodes={})


def published_part(graph: Graph, platforms: Collection[Platform]) -> Graph:
    """What of a graph is published: what the root's own code needs where it runs, on any of these
    platforms; no platforms are all of them. Where it was taken from on some machine is left out.

    Raises ``platform-unsupported`` where something that is needed does not run on one of them, and
    ``fleet-invalid`` for what hosts could not get.
    """
    root = graph.importers[ROOT]
    kept = tuple(r for r in root.requirements if r.kind is not Kind.DEV)
    graph = reachable(replace(graph, importers={ROOT: root}))
    graph = for_kinds(graph, {Kind.DEV})
    graph = replace(graph, importers={ROOT: replace(graph.importers[ROOT], requirements=kept)})
    if platforms:
        needed = {id for platform in platforms for id in for_platform(graph, platform).nodes}
        graph = without(graph, graph.nodes.keys() - needed)
    _refuse(graph)
    nodes = {id: replace(node, provenance=None) for id, node in graph.nodes.items()}
    return replace(graph, nodes=nodes, patches={}, indices=_reachable_indices(graph))


def archives_of(graph: Graph, platforms: Collection[Platform]) -> dict[str, Manifest]:
    """By integrity, in its one spelling: a package as it is fetched, with the one archive that this
    is. Those that no platform takes are left out. Raises ``integrity-missing``."""
    found: dict[str, Manifest] = {}
    for _, node in sorted(graph.nodes.items()):
        for manifest in _forms(node.manifest, platforms):
            integrity = str(required_integrity(manifest))
            known = found.setdefault(integrity, manifest)
            if known.platforms != manifest.platforms:
                # The same bytes for one machine here and another there: no fewer than both get it.
                found[integrity] = replace(known, platforms=ANYWHERE)
    return found


def release_of(
    graph: Graph, archives: Mapping[str, Manifest], platforms: Collection[Platform] = ()
) -> Release:
    """How large the archives are is not known yet."""
    lock = write_lock(graph)
    entries = [
        Entry(name=m.name, version=m.version, integrity=integrity, platforms=m.platforms)
        for integrity, m in archives.items()
    ]
    entries.sort(key=lambda entry: (entry.name, entry.version, entry.integrity))
    made_for = in_order(platforms) if entries else ()
    return Release(
        hash=release_hash(lock, entries, made_for),
        lock=lock,
        entries=tuple(entries),
        platforms=made_for,
    )


def measured(release: Release, sizes: Mapping[str, tuple[int, int]]) -> Release:
    """The same, with how large its archives are, packed and unpacked, by integrity."""
    entries = tuple(
        replace(entry, size=sizes[entry.integrity][0], unpacked=sizes[entry.integrity][1])
        if entry.integrity in sizes
        else entry
        for entry in release.entries
    )
    return replace(release, entries=entries)


def _forms(manifest: Manifest, platforms: Collection[Platform]) -> Iterator[Manifest]:
    """A package once for each archive that it has for these platforms."""
    if not manifest.archives:
        yield manifest
        return
    for archive in manifest.archives:
        if not platforms or any(manifest.on(p).integrity == archive.integrity for p in platforms):
            yield replace(
                manifest,
                integrity=archive.integrity,
                tarball=archive.tarball,
                platforms=archive.platforms,
                archives=(),
            )


def _addresses(manifest: Manifest) -> str:
    return " ".join((manifest.tarball, *(archive.tarball for archive in manifest.archives)))


def _reachable_indices(graph: Graph) -> dict[str, IndexPin]:
    """Those that packages are from, and that are not folders of whoever made the lock."""
    origins = {node.manifest.origin for node in graph.nodes.values()}
    return {
        key: pin
        for key, pin in graph.indices.items()
        if f"{INDEX}{key}" in origins and pin.url and not pin.url.startswith("file:")
    }


def _refuse(graph: Graph) -> None:
    """Packages that are nowhere but on the machine of whoever publishes. What a lock names on this
    one is not looked at either: it may be anybody's."""
    unfit = {}
    for node in graph.nodes.values():
        origin = node.manifest.origin
        if node.manifest.is_link:
            unfit[node.id] = "is a folder that is used where it lies"
        elif origin.startswith(FILE):
            what = "an archive" if is_archive_path(origin) else "a folder"
            unfit[node.id] = f"comes from {what} of the project's"
        elif f"{GIT}file:" in origin or "git+file:" in _addresses(node.manifest):
            unfit[node.id] = "comes from a repository on this machine"
        elif origin.startswith(INDEX) and "://" not in _addresses(node.manifest):
            if origin.removeprefix(INDEX) not in _reachable_indices(graph):
                unfit[node.id] = "lies in an index that is on this machine"
        elif f"{node.manifest.name}@{node.manifest.version}" in graph.patches:
            unfit[node.id] = "is patched by the project"
    if unfit:
        paths = Paths(graph)
        raise GraftError(
            "fleet-invalid",
            "hosts cannot get some of the packages",
            why=[f"{paths.shown(id)} {why}" for id, why in sorted(unfit.items())],
            fix="publish those to a registry, an index or a repository, and depend on that",
        )
