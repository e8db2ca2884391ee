"""Peer conflicts, explained: who asks, along which path, and who provides what they get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.lockfile.peers import PeerFault
from graft.model.graph import Graph
from graft.model.requirement import Kind, Requirement
from graft.resolve.paths import Paths, path_names, show_path


class Conflict(Record):
    """``path`` leads from an importer's path to the node that asks for ``requirement`` in
    ``range``. ``provided`` is the node that it got, empty for none; ``provider`` leads to who
    provides that: an importer, a package that depends on it as ``provided_as``, or the provided
    package itself. It is empty for what was added because somebody missed it."""

    path: tuple[str, ...]
    requirement: Requirement
    range: str
    provided: str
    provider: tuple[str, ...]
    provided_as: str

    @property
    def asker(self) -> str:
        return self.path[-1]


def explain(graph: Graph, faults: Sequence[PeerFault]) -> list[Conflict]:
    """One for each package that asks and each that it got, whatever the number of contexts."""
    if not faults:
        return []
    paths = Paths(graph)
    found: dict[tuple[str, str, str], Conflict] = {}
    for fault in faults:
        path = paths.to(fault.node)
        provider, provided_as = provider_of(graph, path, fault.requirement.local, fault.provided)
        conflict = Conflict(
            path=path,
            requirement=fault.requirement,
            range=fault.range,
            provided=fault.provided,
            provider=provider,
            provided_as=provided_as,
        )
        key = _identity(graph, conflict)
        if key not in found or len(path) < len(found[key].path):
            found[key] = conflict
    return [found[key] for key in sorted(found)]


def _identity(graph: Graph, conflict: Conflict) -> tuple[str, str, str]:
    provided = graph.nodes[conflict.provided].manifest.id if conflict.provided else ""
    return graph.nodes[conflict.asker].manifest.id, conflict.requirement.local, provided


def provider_of(
    graph: Graph, path: tuple[str, ...], name: str, provided: str
) -> tuple[tuple[str, ...], str]:
    """Who on the path to one that asks for a peer provides it, nearest first; and the text that
    asks for it there. Nobody provides what was added, and what lies on the path has no text."""
    for at in range(len(path) - 2, 0, -1):
        node = graph.nodes[path[at]]
        if node.edges.get(name) == provided:
            text = _text(node.manifest.requirements, name)
            if text is not None:
                return path[: at + 1], text
        if path[at] == provided:
            return path[: at + 1], ""
    importer = graph.importers[path[0]]
    if importer.edges.get(name) == provided:
        return path[:1], next(r.specifier for r in importer.requirements if r.local == name)
    return (), ""


def _text(requirements: Iterable[Requirement], name: str) -> str | None:
    return next(
        (r.specifier for r in requirements if r.local == name and r.kind is not Kind.PEER), None
    )


def conflict_notes(graph: Graph, conflicts: Iterable[Conflict]) -> list[Diagnostic]:
    return [
        Diagnostic(
            code="peer-mismatch" if conflict.provided else "peer-missing",
            message=asks(graph, conflict),
            where=show_path(graph, conflict.path),
        )
        for conflict in conflicts
    ]


def asks(graph: Graph, conflict: Conflict) -> str:
    """``dom@1.0.0 asks for react@^18, got react@17.0.0``."""
    id, name = graph.nodes[conflict.asker].manifest.id, conflict.requirement.local
    if conflict.provided:
        got = graph.nodes[conflict.provided].manifest.id
        return f"{id} asks for {name}@{conflict.range}, got {got}"
    if graph.legacy_peers:
        return f"{id} asks for {name}@{conflict.range}, which nobody provides"
    return f"no version of {name} is in '{conflict.range}', which {id} asks for"


def why_provided(graph: Graph, conflict: Conflict) -> str:
    """The reason that the asker got what it got; empty if it got nothing."""
    if not conflict.provided:
        return ""
    got = graph.nodes[conflict.provided].manifest.id
    if not conflict.provider:
        return f"{got} was added, as nobody on the path provides {conflict.requirement.local}"
    owner = provider_name(graph, conflict.provider)
    if not conflict.provided_as:
        return f"{got} is on the path itself: {show_path(graph, conflict.provider)}"
    return f"{owner} provides {got}: it asks for {conflict.provided_as}"


def provider_name(graph: Graph, provider: tuple[str, ...]) -> str:
    """Who provides: ``package.json``, or the path to the package; empty for nobody."""
    if not provider:
        return ""
    steps = path_names(graph, provider)
    return " > ".join(steps) if len(provider) > 1 else "/".join([*steps, "package.json"])
