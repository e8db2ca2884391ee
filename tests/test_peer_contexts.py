"""Peer contexts by property: every peer is what a walk along the path to it finds."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from graft.lockfile.peers import satisfies
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.resolve.assemble import assemble
from graft.resolve.peers import Instance, PeerContexts, resolve_peers
from harness.shelf import Shelf, Versions

ROOT = "."
_NAMES = ("a", "b", "c", "d", "e")
_DEPTH = 5


class World(NamedTuple):
    """``children`` by owner: local name -> package id; ``added`` as in ``resolve_peers``."""

    packages: dict[str, Manifest]
    children: dict[str, dict[str, str]]
    added: dict[tuple[str, str], list[str]]

    def walk(self) -> PeerContexts:
        return resolve_peers(self.packages, self.children, [ROOT], self.added)

    def shuffled(self, chance: random.Random) -> World:
        def mixed(table: dict[str, str]) -> dict[str, str]:
            return dict(chance.sample(list(table.items()), len(table)))

        owners = chance.sample(list(self.children), len(self.children))
        return World(
            {
                id: self.packages[id]
                for id in chance.sample(list(self.packages), len(self.packages))
            },
            {owner: mixed(self.children[owner]) for owner in owners},
            dict(chance.sample(list(self.added.items()), len(self.added))),
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to ten packages of five names, in two versions, with cycles of every kind."""
    ids = draw(
        st.lists(
            st.sampled_from([f"{name}@{major}.0.0" for name in _NAMES for major in (1, 2)]),
            min_size=2,
            unique=True,
        )
    )
    by_name: dict[str, list[str]] = {}
    for id in ids:
        by_name.setdefault(id[0], []).append(id)
    packages = {}
    children = {}
    for owner in [ROOT, *ids]:
        names = draw(st.lists(st.sampled_from(sorted(by_name)), max_size=3, unique=True))
        children[owner] = {name: draw(st.sampled_from(by_name[name])) for name in names}
        if owner != ROOT:
            packages[owner] = _manifest(owner, names, draw(_peers(by_name)))
    names = draw(st.lists(st.sampled_from(sorted(by_name)), max_size=2, unique=True))
    added = {(ROOT, name): by_name[name] for name in names}
    return World(packages, children, added)


def _peers(by_name: Mapping[str, list[str]]) -> st.SearchStrategy[dict[str, tuple[str, bool]]]:
    said = st.tuples(st.sampled_from(["*", "^1", "^2"]), st.booleans())
    return st.dictionaries(st.sampled_from([*sorted(by_name), "nobody"]), said, max_size=2)


def _manifest(id: str, own: list[str], peers: Mapping[str, tuple[str, bool]]) -> Manifest:
    requirements = [Requirement(local=name, specifier="*", kind=Kind.PROD) for name in own] + [
        Requirement(local=name, specifier=text, kind=Kind.PEER, optional=optional)
        for name, (text, optional) in peers.items()
        if name not in own
    ]
    name, _, version = id.partition("@")
    return Manifest(name=name, version=version, requirements=tuple(requirements))


Path = tuple[str, ...]  # package ids from the project down, by dependencies


def expected_peer(world: World, path: Path, requirement: Requirement) -> Path | None:
    """Where the peer of the last package on a path is, by asking each dependent in turn."""
    name = requirement.local
    for end in range(len(path) - 1, 0, -1):
        dependent = path[end - 1]
        if name in world.children[dependent]:
            return (*path[:end], world.children[dependent][name])
        if dependent != ROOT and world.packages[dependent].name == name:
            return path[:end]
    for id in world.added.get((ROOT, name), ()):
        if satisfies(world.packages[id], name, requirement.specifier):
            return (ROOT, id)
    return None


def check(world: World, contexts: PeerContexts) -> None:
    """Follow every path of dependencies, in the answer and in the world at once; at each package
    compare its peers, and theirs."""
    queue: deque[tuple[Instance, Path]] = deque([(contexts.importers[ROOT], (ROOT,))])
    while queue:
        instance, path = queue.popleft()
        if path != (ROOT,):
            for local, found in compare_peers(world, instance, path).items():
                compare_peers(world, instance.peers[local], found)
        below = world.children[path[-1]]
        assert {k: v.package for k, v in instance.children.items()} == below
        if len(path) <= _DEPTH:
            queue += [(child, (*path, child.package)) for child in instance.children.values()]


def compare_peers(world: World, instance: Instance, path: Path) -> dict[str, Path]:
    peers = {
        requirement.local: found
        for requirement in world.packages[path[-1]].requirements
        if requirement.kind is Kind.PEER
        and (found := expected_peer(world, path, requirement)) is not None
    }
    got = {local: target.package for local, target in instance.peers.items()}
    assert got == {local: found[-1] for local, found in peers.items()}, path
    return peers


@given(worlds())
def test_every_peer_is_what_its_path_provides(world: World) -> None:
    check(world, world.walk())


@given(worlds(), st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_input(world: World, chance: random.Random) -> None:
    own = world.children[ROOT]
    asked = {ROOT: [Requirement(local=n, specifier="*", kind=Kind.PROD) for n in own]}
    graph = assemble(world.packages, world.walk(), asked, {})
    other = world.shuffled(chance)
    again = assemble(other.packages, other.walk(), asked, {})
    assert again == graph


@given(worlds())
def test_what_is_missing_is_required_and_nowhere_on_the_path(world: World) -> None:
    contexts = world.walk()
    lacking = {
        (instance.package, requirement.local)
        for instance in contexts.instances
        for requirement in world.packages[instance.package].requirements
        if requirement.kind is Kind.PEER
        and not requirement.optional
        and requirement.local not in instance.peers
    }
    assert {(missing.package, missing.requirement.local) for missing in contexts.missing} == lacking


# Several importers


def prod(local: str, specifier: str) -> Requirement:
    return Requirement(local=local, specifier=specifier, kind=Kind.PROD)


_REACTS: Versions = {
    "react": {"17.0.0": {}, "18.0.0": {}},
    "hooks": {"1.0.0": {"peerDependencies": {"react": ">=17"}}},
    "kit": {"1.0.0": {"dependencies": {"hooks": "1"}}},
}


def test_react_17_and_18_side_by_side_in_two_members() -> None:
    """Each member's packages get the react of that member, two levels down as well."""
    asked = {
        path: (prod("kit", "1"), prod("hooks", "1"), prod("react", version))
        for path, version in (("packages/old", "17.0.0"), ("packages/new", "18.0.0"))
    }
    graph = Shelf(_REACTS).resolve(asked)
    for path, version in (("packages/old", "17.0.0"), ("packages/new", "18.0.0")):
        edges = graph.importers[path].edges
        below = graph.nodes[graph.nodes[edges["kit"]].edges["hooks"]]
        assert below.id == edges["hooks"] == f"hooks@1.0.0(react@{version})"
        assert below.edges == {"react": f"react@{version}"}
    assert len(graph.nodes) == 6


def test_a_peer_that_is_missing_in_one_member_is_added_for_that_one() -> None:
    asked = {
        "packages/a": (prod("hooks", "1"), prod("react", "17.0.0")),
        "packages/b": (prod("hooks", "1"),),
    }
    graph = Shelf(_REACTS).resolve(asked)
    assert graph.importers["packages/a"].edges["hooks"] == "hooks@1.0.0(react@17.0.0)"
    b = graph.importers["packages/b"].edges
    assert set(b) == {"hooks"}
    # What the other member has already is good enough, as it is in the range.
    assert graph.nodes[b["hooks"]].edges == {"react": "react@17.0.0"}
