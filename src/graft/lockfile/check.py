"""The check that needs no solver: does a lock answer what is asked?

It runs on every install, on locks that were just written too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from graft.base.http import without_user
from graft.base.records import Record
from graft.model.graph import Graph, Importer, Node
from graft.model.links import NO_LINKS, Links
from graft.model.manifest import Manifest
from graft.model.origins import INDEX, base_of, is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.versions.specifier import asks_for_anything, parse_specifier
from graft.versions.version import version_in_graph

State = tuple[tuple[int, int], ...]


class Unmet(Record, kw_only=False):
    """Something that is asked and that the lock does not answer. ``owner`` is a package.json or a
    node's id; ``asks`` and ``reason`` complete the sentence '<owner> …, and the lock …'."""

    owner: str
    asks: str
    reason: str

    def __str__(self) -> str:
        return f"{self.owner} {self.asks}, and the lock {self.reason}"


class InForce(Protocol):
    """The overrides that are in force now, by key, and what they leave of requirements: see
    ``project.overrides.Overrides``."""

    rules: dict[str, str]

    @property
    def is_flat(self) -> bool: ...
    def apply(self, requirement: Requirement, state: State = (), /) -> str | None: ...
    def of_importer(self, who: Manifest | None, requirement: Requirement, /) -> str | None: ...
    def state_of(self, who: Manifest | None, /) -> State: ...
    def step(self, state: State, local: str, manifest: Manifest, /) -> State: ...


def unmet(
    graph: Graph,
    asked: Mapping[str, Sequence[Requirement]],
    overrides: InForce,
    extensions: Mapping[str, str],
    links: Links = NO_LINKS,
    *,
    flat: bool = False,
) -> list[Unmet]:
    """Everything that is asked and not answered, in order.

    ``overrides`` and ``extensions`` are those in force now, ``links`` what leads to folders of the
    project; the graph says of these what they say of themselves. ``flat`` asks for one version of
    each package. Peers are a matter of notes, not
    of this check: they may be out of range."""
    found: list[Unmet] = []
    if flat is not graph.flat:
        ways = {True: "one version of each package", False: "versions side by side"}
        found.append(Unmet(_file("."), f"asks for {ways[flat]}", f"was made for {ways[not flat]}"))
    elif flat:
        # A merge of two locks may have brought them.
        for name, ids in several(graph):
            found.append(Unmet(_file("."), f"asks for one version of {name}", f"has {ids}"))
    for path, requirements in sorted(asked.items()):
        found += _of_importer(graph, path, requirements, overrides, links)
    for path in sorted(graph.importers.keys() - asked.keys()):
        found.append(Unmet(_file(path), "is no longer a part of the project", "still holds it"))
    found += changed_rules(graph.overrides, overrides.rules, "overrides", "that override")
    found += changed_rules(graph.extensions, extensions, "extends", "that extension")
    for id, state in states_of(graph, overrides, links):
        node = graph.nodes[id]
        for requirement in node.manifest.requirements:
            if requirement.kind is Kind.PEER:
                continue
            text = overrides.apply(requirement, state)
            link = links.target(id, requirement, text)
            base = base_of(node.manifest.origin)
            reason = _fault(graph, node.edges, requirement, text, base, link)
            if reason:
                found.append(Unmet(id, _asks(requirement), reason))
    return list(dict.fromkeys(found))


def several(graph: Graph) -> list[tuple[str, str]]:
    """The names of packages of which there is more than one, and which these are."""
    by_name: dict[str, set[str]] = {}
    for node in graph.nodes.values():
        by_name.setdefault(node.manifest.name, set()).add(node.manifest.id)
    return [(name, ", ".join(sorted(ids))) for name, ids in sorted(by_name.items()) if len(ids) > 1]


def changed_rules(
    had: Mapping[str, str], now: Mapping[str, str], verb: str, noun: str
) -> Iterator[Unmet]:
    """What the project's manifest says in place of what it said when the lock was made."""
    for key in sorted(had.keys() | now.keys()):
        if had.get(key) != now.get(key):
            reason = f"was made with '{had[key]}'" if key in had else f"was made without {noun}"
            asks = f"{verb} {key} with '{now[key]}'" if key in now else f"no longer {verb} {key}"
            yield Unmet(_file("."), asks, reason)


def states_of(graph: Graph, overrides: InForce, links: Links = NO_LINKS) -> list[tuple[str, State]]:
    """Each node with each state in which what it asks for is to be read."""
    flat: State = ()
    everywhere = [(id, flat) for id in graph.nodes]
    return everywhere if overrides.is_flat else _walk(graph, overrides, links)


def _walk(graph: Graph, overrides: InForce, links: Links) -> list[tuple[str, State]]:
    """Each node with each state in which some path of requirements reaches it; sorted.

    Peers are not below those who ask for them. A node that only they lead to was added for them
    and lies, like what the project asks for, below nothing.
    """
    found: set[tuple[str, State]] = set()
    queue: list[tuple[str, State]] = []

    def enter(owner: Importer | Node, state: State, requirements: Sequence[Requirement]) -> None:
        for requirement in requirements:
            target = owner.edges.get(requirement.local)
            if target is not None:
                manifest = graph.nodes[target].manifest
                reached = (target, overrides.step(state, requirement.local, manifest))
                if reached not in found:
                    found.add(reached)
                    queue.append(reached)

    def run() -> None:
        while queue:
            id, state = queue.pop()
            node = graph.nodes[id]
            below = [r for r in node.manifest.requirements if r.kind is not Kind.PEER]
            enter(node, state, below)

    for path, importer in graph.importers.items():
        enter(importer, overrides.state_of(links.importers.get(path)), importer.requirements)
    run()
    while True:
        seen = {id for id, _ in found}
        for id in sorted(seen):
            node = graph.nodes[id]
            peers = [
                r
                for r in node.manifest.requirements
                if r.kind is Kind.PEER and node.edges.get(r.local, id) not in seen
            ]
            enter(node, (), peers)
        if not queue:
            return sorted(found)
        run()


def _of_importer(
    graph: Graph,
    path: str,
    requirements: Sequence[Requirement],
    overrides: InForce,
    links: Links,
) -> list[Unmet]:
    importer = graph.importers.get(path)
    if importer is None:
        return [Unmet(_file(path), "is a part of the project", "does not know it")]
    who = links.importers.get(path)
    locked = {r.local: r for r in importer.requirements}
    edges = importer.edges
    found = []
    for requirement in requirements:
        was = locked.pop(requirement.local, None)
        if was is None:
            reason = "has nothing for it"
        elif was.kind is not requirement.kind:
            reason = f"has it as {was.kind}, not as {requirement.kind}"
        elif (was.specifier, was.catalog) != (requirement.specifier, requirement.catalog):
            reason = _changed(graph, edges, was, requirement)
        else:
            text = overrides.of_importer(who, requirement)
            link = links.target(path, requirement, text)
            reason = _fault(graph, edges, requirement, text, path, link)
        if reason:
            found.append(Unmet(_file(path, requirement.file), _asks(requirement), reason))
    found += [
        Unmet(
            _file(path),
            f"no longer asks for {was.local}",
            f"still holds it ({without_user(was.specifier)})",
        )
        for was in locked.values()
    ]
    return found


def _file(path: str, name: str = "") -> str:
    name = name or "package.json"
    return name if path == "." else f"{path}/{name}"


def _asks(requirement: Requirement) -> str:
    catalog = f" ({requirement.catalog})" if requirement.catalog else ""
    return f"asks for {requirement.local}@{without_user(requirement.specifier)}{catalog}"


def _changed(graph: Graph, edges: Mapping[str, str], was: Requirement, now: Requirement) -> str:
    target = edges.get(was.local)
    got = f", which gave {graph.nodes[target].manifest.version}" if target else ""
    return f"answers '{without_user(was.specifier)}'{got}, not '{without_user(now.specifier)}'"


def _fault(
    graph: Graph,
    edges: Mapping[str, str],
    requirement: Requirement,
    specifier: str | None,
    base: str | None,
    link: Manifest | None,
) -> str:
    """What is wrong with what a requirement got; ``specifier`` is the text that counts, and None
    if the requirement was taken away. ``base`` is the folder of who asks, None for who has none,
    and ``link`` the project's own folder that the requirement leads to, if it does."""
    target = edges.get(requirement.local)
    if target is None:
        return "" if requirement.optional or specifier is None else "has nothing for it"
    manifest = graph.nodes[target].manifest
    if specifier is None:
        return f"still gives it {manifest.id}"
    if link is not None or manifest.is_link:
        return "" if link is not None and target == link.id else f"gives it {manifest.id}"
    if specifier != requirement.specifier:
        base = "."  # rules are the project's
    local, origin = requirement.local, manifest.origin
    fits = _fits(manifest.name, manifest.version, origin, local, specifier, base)
    return "" if fits else f"gives it {manifest.id}"


@lru_cache(maxsize=1 << 16)  # a lock that is made anew is mostly the one that was checked before
def _fits(package: str, chosen: str, origin: str, local: str, text: str, base: str | None) -> bool:
    wanted = parse_specifier(local, text)
    if wanted.foreign:
        from graft.versions.source_text import answers  # few locks need what it loads

        return answers(origin, text, base)
    is_index = origin.startswith(INDEX)
    if package != wanted.package or not (is_index or is_from_registry(origin)):
        return False
    if text.startswith(INDEX) and not is_index:
        return False
    if wanted.range is None:
        return True  # what a dist-tag meant on the day of the lock is what the lock says
    version = version_in_graph(chosen)
    return wanted.range.contains(version) or asks_for_anything(wanted.range)
