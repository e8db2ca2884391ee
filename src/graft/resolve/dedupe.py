"""Fewer versions of the same packages: what is chosen already, chosen more often.

A version goes if everybody who has it is content with another that stays; the oldest go first, so
those who move get the newest that is left. Nothing comes in that the graph did not have. Where an
answer has fewer packages, and yet more nodes, as more peer contexts came of it, or a peer that fits
no longer, it is not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.lockfile.check import InForce, states_of
from graft.lockfile.peers import peer_faults, satisfies
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.resolve.pick import admits
from graft.versions.specifier import parse_specifier
from graft.versions.version import version_in_graph

Again = Callable[[Graph, Collection[str]], Graph]


class _Wish(Record, kw_only=False):
    """Somebody who has ``manifest``, and what else would do."""

    manifest: Manifest
    allows: Callable[[Manifest], bool]


def deduped(graph: Graph, again: Again, overrides: InForce, links: Links) -> Graph:
    """``again`` resolves anew, preferring a graph but for the packages of those ids."""

    def tried(without: Collection[str]) -> Graph | None:
        try:
            found = again(graph, without)
        except GraftError:
            return None  # it takes something that nobody has chosen yet
        return found if _is_better(found, graph, overrides, links) else None

    while True:
        spare = _spare(graph, overrides, links)
        together = sorted(id for ids in spare.values() for id in ids)
        attempts = [together, *(sorted(spare[name]) for name in sorted(spare))]
        better = next((found for ids in attempts if ids and (found := tried(ids))), None)
        if better is None:
            return graph
        graph = better


def _is_better(new: Graph, old: Graph, overrides: InForce, links: Links) -> bool:
    return (
        new.package_ids < old.package_ids
        and len(new.nodes) <= len(old.nodes)
        and _faults(new, overrides, links) <= _faults(old, overrides, links)
    )


def _faults(graph: Graph, overrides: InForce, links: Links) -> set[tuple[str, str]]:
    return {
        (graph.nodes[fault.node].manifest.id, fault.requirement.local)
        for fault in peer_faults(graph, overrides, links)
    }


def _spare(graph: Graph, overrides: InForce, links: Links) -> Mapping[str, list[str]]:
    """By name, the ids of packages that nobody needs."""
    versions: dict[tuple[str, str], dict[str, Manifest]] = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        if is_from_registry(manifest.origin):
            versions.setdefault((manifest.name, manifest.origin), {})[manifest.id] = manifest
    wishes: dict[str, list[_Wish]] = {}
    for wish in _wishes(graph, overrides, links):
        wishes.setdefault(wish.manifest.id, []).append(wish)
    spare: dict[str, list[str]] = {}
    for (name, _), by_id in versions.items():
        staying = sorted(by_id.values(), key=lambda m: version_in_graph(m.version).key)
        for manifest in list(staying):
            others = [other for other in staying if other is not manifest]
            moves = [
                (wish, max(map(others.index, filter(wish.allows, others)), default=-1))
                for wish in wishes.get(manifest.id, ())
            ]
            if others and all(at >= 0 for _, at in moves):
                staying = others
                spare.setdefault(name, []).append(manifest.id)
                for wish, at in moves:
                    wishes.setdefault(others[at].id, []).append(wish)
    return spare


def _wishes(graph: Graph, overrides: InForce, links: Links) -> Iterator[_Wish]:
    for path, importer in graph.importers.items():
        who = links.importers.get(path)
        for requirement in importer.requirements:
            text = overrides.of_importer(who, requirement)
            yield from _wish(graph, importer.edges, requirement, text)
    for id, state in states_of(graph, overrides, links):
        node = graph.nodes[id]
        for requirement in node.manifest.requirements:
            text = overrides.apply(requirement, state)
            yield from _wish(graph, node.edges, requirement, text)


def _wish(
    graph: Graph, edges: Mapping[str, str], requirement: Requirement, text: str | None
) -> Iterator[_Wish]:
    target = edges.get(requirement.local)
    if target is None or text is None:
        return
    manifest = graph.nodes[target].manifest
    wanted = parse_specifier(requirement.local, text)
    range = wanted.range
    if requirement.kind is Kind.PEER:
        # One that does not fit anyway asks for nothing more.
        if satisfies(manifest, requirement.local, text):
            yield _Wish(manifest, lambda other: satisfies(other, requirement.local, text))
    elif range is None or wanted.package != manifest.name:
        yield _Wish(manifest, lambda other: other.id == manifest.id)
    else:
        yield _Wish(manifest, lambda other: admits(range, other.version))
