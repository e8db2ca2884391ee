"""Packages that lie on this machine, as the lock has them and as they are now.

Whoever edits a folder or packs an archive anew changes no file that an install would look at
otherwise. So what a lock says of them is held against them each time; other projects pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import replace
from graft.lockfile.check import Unmet
from graft.lockfile.format import read_lock
from graft.model.graph import Graph, Node
from graft.model.manifest import Manifest
from graft.model.origins import FILE, is_archive_path, is_snapshot
from graft.store.admission import required_integrity
from graft.store.objects import has_object
from graft.workflows.project import Work


def local_contents(work: Work, lock: bytes) -> bytes:
    """What the local packages of a lock hold now, as far as it decides what is installed. Empty
    where a lock has none."""
    graph = read_lock(lock, where=work.context.lock_path)
    found = (f"{node.id}:{_integrity_now(work, node)}" for node in _local_nodes(graph))
    return "\n".join(found).encode()


def changed_since(
    work: Work, graph: Graph, extended: Callable[[Manifest], Manifest]
) -> list[Unmet]:
    """The local packages that are not as the lock has them. ``extended`` adds to a manifest what
    the project does.

    Raises ``source-missing`` for one that is gone, unless the store has the archive of the lock.
    """
    found = []
    for node in _local_nodes(graph):
        origin, had = node.manifest.origin, node.manifest
        if _is_stored(work, had) and not work.elsewhere.files.is_there(origin):
            continue
        now = work.elsewhere.files.package(origin, local=had.name).manifest
        if is_snapshot(origin):
            differs = extended(replace(now, integrity="")) != replace(had, integrity="")
        else:
            differs = now.integrity != had.integrity
        if differs:
            what = "its package.json says" if is_snapshot(origin) else "it holds"
            found.append(Unmet(node.id, "has changed", f"was made when {what} something else"))
    return found


def changed_note(changes: list[Unmet]) -> list[Diagnostic]:
    if not changes:
        return []
    named = ", ".join(sorted(change.owner for change in changes))
    return [
        Diagnostic(
            code="source-changed",
            message=f"changed since the lock was made, and taken as they are now: {named}",
        )
    ]


def with_snapshots(work: Work, graph: Graph) -> Graph:
    """The graph with the integrity of each snapshot as its folder is now: no lock holds it."""
    nodes: dict[str, Node] = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        if is_snapshot(manifest.origin):
            now = work.elsewhere.files.package(manifest.origin, local=manifest.name)
            integrity = now.manifest.integrity
            nodes[node.id] = replace(node, manifest=replace(manifest, integrity=integrity))
    return replace(graph, nodes={**graph.nodes, **nodes}) if nodes else graph


def _local_nodes(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes.values() if node.manifest.origin.startswith(FILE)]


def _integrity_now(work: Work, node: Node) -> str:
    try:
        package = work.elsewhere.files.package(node.manifest.origin, local=node.manifest.name)
    except GraftError as error:
        return error.diagnostic.code  # said later, by whoever needs it
    return package.manifest.integrity


def _is_stored(work: Work, manifest: Manifest) -> bool:
    if not is_archive_path(manifest.origin):
        return False
    return has_object(work.store, required_integrity(manifest))
