"""A foreign lock as a graph that the resolver prefers, as it prefers graft's own lock.

The foreign lock says which versions, and which of them each requirement got. What those versions
ask for is the registry's word: all their packuments are asked for at once. Two places of a tree, or
two peer contexts, that hold the same version are one package here; what the first of them got is
what the package got.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.lockfile.foreign.integrity import is_stronger, refuse_others
from graft.lockfile.foreign.lock import Edge, ForeignLock, ForeignPackage
from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.resolve.lines import ABSENT, without_libc
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier


class Preference(Record):
    """``graph`` holds what the registry still has of what is asked for, each node under its
    manifest's id. ``wanted`` names all that the foreign lock gives to what is asked for, as
    ``name@version``, and ``gone`` what of that the registry no longer has."""

    graph: Graph
    wanted: frozenset[str]
    gone: frozenset[str]


def preference(
    lock: ForeignLock,
    asked: Mapping[str, Sequence[Requirement]],
    source: RegistrySource,
    *,
    where: str,
    extended: Callable[[Manifest], Manifest] = lambda manifest: manifest,
) -> Preference:
    """``asked`` is what each importer asks for now; ``extended`` gives a manifest with what the
    project adds to it. Raises ``import-integrity`` where the registry
    has other bytes than the lock, and what the source raises."""
    entries = {path: _entries(lock, path, asked[path]) for path in sorted(asked)}
    reached = _reachable(lock, asked, entries)
    found = _manifests(lock, reached, entries, source, where)
    manifests = {id: extended(manifest) for id, manifest in found.items()}
    # Without what tools add of their own, as yarn adds node-gyp to packages with native code.
    reached = _reachable(lock, asked, entries, manifests)
    edges: dict[str, dict[str, str]] = {}
    for id in reached:
        if id in manifests:
            own = edges.setdefault(manifests[id].id, {})
            for local, edge in lock.packages[id].edges.items():
                if edge.target in manifests:
                    own.setdefault(local, manifests[edge.target].id)
    by_id = {manifest.id: manifest for manifest in manifests.values()}
    graph = Graph(
        importers={
            path: Importer(
                path=path,
                requirements=tuple(asked[path]),
                edges={
                    local: manifests[edge.target].id
                    for local, edge in entries[path].items()
                    if edge.target in manifests
                },
            )
            for path in entries
        },
        nodes={id: Node(id=id, manifest=by_id[id], edges=edges[id]) for id in edges},
    )
    return Preference(
        graph=graph,
        wanted=frozenset(lock.packages[id].spec for id in reached),
        gone=frozenset(lock.packages[id].spec for id in reached if id not in manifests),
    )


def _entries(lock: ForeignLock, path: str, requirements: Iterable[Requirement]) -> dict[str, Edge]:
    """What the lock gives to the requirements of an importer, as they read now."""
    found = {}
    told = lock.importers.get(path, {})
    for requirement in requirements:
        edge = told.get(requirement.local)
        if edge is None:
            id = lock.patterns.get(f"{requirement.local}@{requirement.specifier}")
            edge = Edge(id, requirement.specifier) if id else None
        if edge is not None and _still(edge, requirement):
            found[requirement.local] = edge._replace(optional=requirement.optional)
    return found


def _still(edge: Edge, requirement: Requirement) -> bool:
    """A range is held against the version later. What a tag meant is known of that tag alone."""
    wanted = parse_specifier(requirement.local, requirement.specifier)
    return wanted.range is not None or edge.specifier in ("", requirement.specifier)


def _reachable(
    lock: ForeignLock,
    asked: Mapping[str, Sequence[Requirement]],
    entries: Mapping[str, Mapping[str, Edge]],
    manifests: Mapping[str, Manifest] | None = None,
) -> dict[str, None]:
    """The ids that what is asked for leads to, in the order of the lock. Where a requirement reads
    otherwise than the lock knows, every version of its package may be meant; and where the lock
    does not say who asked for what lies on top, any of it may be a peer of something. With
    ``manifests``, an edge of one of them counts if the manifest has such a requirement."""
    told = lock.importers
    loose = {
        parse_specifier(r.local, r.specifier).package
        for path, requirements in asked.items()
        for r in requirements
        if r.local not in entries[path]
    }
    found = {edge.target for own in entries.values() for edge in own.values()}
    found |= {e.target for path in entries for e in told.get(path, {}).values() if not e.specifier}
    found |= {id for id, package in lock.packages.items() if package.name in loose}
    queue = list(found)
    while queue:
        id = queue.pop()
        manifest = manifests.get(id) if manifests else None
        known = {r.local for r in manifest.requirements} if manifest else None
        for local, edge in lock.packages[id].edges.items():
            if edge.target not in found and (known is None or local in known):
                found.add(edge.target)
                queue.append(edge.target)
    return dict.fromkeys(id for id in lock.packages if id in found)


def _manifests(
    lock: ForeignLock,
    reached: Iterable[str],
    entries: Mapping[str, Mapping[str, Edge]],
    source: RegistrySource,
    where: str,
) -> dict[str, Manifest]:
    """By id, without what the registry no longer has.

    Only a full packument is sure to say which libc an optional package is for; what is asked for
    otherwise goes everywhere, as for the resolver.
    """
    edges = [edge for own in entries.values() for edge in own.values()]
    edges += [edge for id in reached for edge in lock.packages[id].edges.values()]
    needed = {edge.target for edge in edges if not edge.optional}
    soft = {edge.target for edge in edges} - needed
    for id in reached:
        source.prefetch(lock.packages[id].name, full=id in soft)
    found = {}
    for id in reached:
        manifest = _manifest(lock.packages[id], source, where, full=id in soft)
        if manifest is not None:
            found[id] = manifest
    return found


def _manifest(
    package: ForeignPackage, source: RegistrySource, where: str, *, full: bool
) -> Manifest | None:
    try:
        packument = source.packument(package.name, full=full)
        if package.version not in packument:
            packument = source.refresh(package.name)
    except GraftError as error:
        if error.diagnostic.code in ABSENT:
            return None
        raise
    if package.version not in packument:
        return None
    digests = packument.digests(package.version)
    refuse_others(package, digests, packument.registry, where)
    manifest = packument.manifest(package.version)
    if is_stronger(package.integrity, manifest.integrity):
        manifest = replace(manifest, integrity=package.integrity)
    return manifest if full else without_libc(manifest)
