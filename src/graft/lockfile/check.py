"""The check that needs no solver: does a lock answer what is asked?

It runs on every install, on locks that were just written too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from graft.base.records import Record
from graft.model.graph import Graph
from graft.model.requirement import Kind, Requirement
from graft.versions.specifier import asks_for_anything, parse_specifier
from graft.versions.version import parse_version


class Unmet(Record, kw_only=False):
    """Something that is asked and that the lock does not answer. ``owner`` is an importer's path or
    a node's id; ``asks`` and ``reason`` complete the sentence '<owner> …, and the lock …'."""

    owner: str
    asks: str
    reason: str

    def __str__(self) -> str:
        owner = "package.json" if self.owner == "." else self.owner
        return f"{owner} {self.asks}, and the lock {self.reason}"


def unmet(
    graph: Graph,
    asked: Mapping[str, Sequence[Requirement]],
    rules: Mapping[str, str],
    overridden: Callable[[Requirement], str],
) -> list[Unmet]:
    """Everything that is asked and not answered, in order.

    ``rules`` are the overrides in force now, ``overridden`` the specifier that they leave of a
    package's requirement. Peers are a matter of notes, not of this check: they may be out of range.
    """
    found: list[Unmet] = []
    for path, requirements in sorted(asked.items()):
        found += _of_importer(graph, path, requirements)
    for name in sorted(graph.overrides.keys() | rules.keys()):
        if graph.overrides.get(name) != rules.get(name):
            had = graph.overrides.get(name)
            reason = f"was made with '{had}'" if had else "was made without that override"
            asks = f"overrides {name} with '{rules[name]}'" if name in rules else ""
            found.append(Unmet(".", asks or f"no longer overrides {name}", reason))
    for id, node in graph.nodes.items():
        for requirement in node.manifest.requirements:
            if requirement.kind is Kind.PEER:
                continue
            reason = _fault(graph, node.edges, requirement, overridden(requirement))
            if reason:
                found.append(Unmet(id, _asks(requirement), reason))
    return found


def _of_importer(graph: Graph, path: str, requirements: Sequence[Requirement]) -> list[Unmet]:
    importer = graph.importers.get(path)
    locked = {r.local: r for r in importer.requirements} if importer else {}
    edges = importer.edges if importer else {}
    found = []
    for requirement in requirements:
        was = locked.pop(requirement.local, None)
        if was is None:
            reason = "has nothing for it"
        elif was.kind is not requirement.kind:
            reason = f"has it as {was.kind}, not as {requirement.kind}"
        elif was.specifier != requirement.specifier:
            reason = _changed(graph, edges, was, requirement)
        else:
            reason = _fault(graph, edges, requirement, requirement.specifier)
        if reason:
            found.append(Unmet(path, _asks(requirement), reason))
    found += [
        Unmet(path, f"no longer asks for {was.local}", f"still holds it ({was.specifier})")
        for was in locked.values()
    ]
    return found


def _asks(requirement: Requirement) -> str:
    return f"asks for {requirement.local}@{requirement.specifier}"


def _changed(graph: Graph, edges: Mapping[str, str], was: Requirement, now: Requirement) -> str:
    target = edges.get(was.local)
    got = f", which gave {graph.nodes[target].manifest.version}" if target else ""
    return f"answers '{was.specifier}'{got}, not '{now.specifier}'"


def _fault(graph: Graph, edges: Mapping[str, str], requirement: Requirement, specifier: str) -> str:
    target = edges.get(requirement.local)
    if target is None:
        return "" if requirement.optional else "has nothing for it"
    manifest = graph.nodes[target].manifest
    fits = _fits(manifest.name, manifest.version, requirement.local, specifier)
    return "" if fits else f"gives it {manifest.id}"


@lru_cache(maxsize=1 << 16)  # a lock that is made anew is mostly the one that was checked before
def _fits(package: str, chosen: str, local: str, text: str) -> bool:
    wanted = parse_specifier(local, text)
    if wanted.foreign or package != wanted.package:
        return False
    if wanted.range is None:
        return True  # what a dist-tag meant on the day of the lock is what the lock says
    version = parse_version(chosen)
    return wanted.range.contains(version) or asks_for_anything(wanted.range)
