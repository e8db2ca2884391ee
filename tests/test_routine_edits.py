"""Routine edits keep what they are not about, and the lock says the same whatever the order.

By property, on made registries whose packages all have newer versions at the time of the edit.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from graft.base.records import replace
from graft.lockfile.format import read_lock, write_lock
from graft.model.graph import Graph
from graft.model.requirement import Kind, Requirement
from harness.shelf import Shelf, Versions

ROOT = "."
NAMES = ("a", "b", "c", "d", "e", "f")
RANGES = ("*", "^1.0.0", ">=1.1.0", "~1.1.0", "^2.0.0", "1.0.0 || ^2.0.0")
BEFORE = ("1.0.0", "1.1.0", "2.0.0")
LATER = ("1.1.9", "1.9.0", "2.9.0", "3.0.0")
SLOWLY = settings(max_examples=settings().max_examples // 4)

Choice = tuple[str, str, str]


class World(NamedTuple):
    """What the registry has, what it has at the time of the edit, and what is asked for."""

    before: Versions
    later: Versions
    asked: tuple[Requirement, ...]


def requirement(local: str, specifier: str) -> Requirement:
    return Requirement(local=local, specifier=specifier, kind=Kind.PROD)


@st.composite
def worlds(draw: st.DrawFn, *, peers: bool) -> World:
    def document() -> dict[str, Any]:
        lines = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(RANGES), max_size=3)
        said: dict[str, Any] = {"dependencies": draw(lines)}
        if peers:
            said["peerDependencies"] = draw(lines)
        return said

    before = {name: {version: document() for version in BEFORE} for name in NAMES}
    later = {
        name: {**documents, **{version: document() for version in LATER}}
        for name, documents in before.items()
    }
    asked = draw(
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(RANGES), min_size=2, max_size=4)
    )
    return World(before, later, tuple(requirement(k, v) for k, v in sorted(asked.items())))


def choices(graph: Graph) -> dict[Choice, str]:
    """Which package each requirement got: (owner, local name, specifier) -> package."""
    ids = {id: node.manifest.id for id, node in graph.nodes.items()}
    found = {}
    owners = [(p, i.requirements, i.edges) for p, i in graph.importers.items()]
    owners += [(ids[n.id], n.manifest.requirements, n.edges) for n in graph.nodes.values()]
    for owner, requirements, edges in owners:
        for r in requirements:
            # A peer is what the path provides: an edit of the project's may well change that.
            if r.kind is not Kind.PEER and r.local in edges:
                found[owner, r.local, r.specifier] = ids[edges[r.local]]
    return found


def edits(asked: tuple[Requirement, ...], chance: random.Random) -> list[tuple[Requirement, ...]]:
    """One requirement more, one less, and one that reads otherwise."""
    at = chance.randrange(len(asked))
    others = (*asked[:at], *asked[at + 1 :])
    free = [name for name in NAMES if name not in {r.local for r in asked}]
    more = requirement(chance.choice(free), chance.choice(RANGES))
    other = replace(asked[at], specifier=chance.choice(RANGES))
    return [(*asked, more), others, (*others, other)]


def locked(graph: Graph) -> Graph:
    """As it comes back from the lock's text."""
    return read_lock(write_lock(graph), where="graft-lock.json")


@given(worlds(peers=True), st.randoms(use_true_random=False))
@SLOWLY
def test_hazard_18_an_edit_keeps_every_choice_that_it_is_not_about(
    world: World, chance: random.Random
) -> None:
    before = locked(Shelf(world.before).resolve({ROOT: world.asked}))
    had = choices(before)
    for edited in edits(world.asked, chance):
        now = choices(Shelf(world.later).resolve({ROOT: edited}, before))
        assert {key: now[key] for key in now.keys() & had.keys()} == {
            key: had[key] for key in now.keys() & had.keys()
        }


@given(worlds(peers=False), st.randoms(use_true_random=False))
@SLOWLY
def test_hazard_18_an_edit_asks_for_nothing_that_the_lock_answers(
    world: World, chance: random.Random
) -> None:
    before = locked(Shelf(world.before).resolve({ROOT: world.asked}))
    had = choices(before)
    more, fewer, other = edits(world.asked, chance)
    for edited in (more, fewer, other):
        shelf = Shelf(world.later)
        now = choices(shelf.resolve({ROOT: edited}, before))
        new = {local for _, local, _ in now.keys() - had.keys()}
        assert set(shelf.asked) <= new
        if edited is fewer:
            assert shelf.asked == []


@given(worlds(peers=True))
@SLOWLY
def test_no_edit_changes_nothing_be_there_peers_or_not(world: World) -> None:
    before = Shelf(world.before).resolve({ROOT: world.asked})
    again = Shelf(world.later).resolve({ROOT: world.asked}, locked(before))
    assert write_lock(again) == write_lock(before)


@given(worlds(peers=False))
@SLOWLY
def test_no_edit_changes_nothing_and_asks_for_nothing(world: World) -> None:
    before = Shelf(world.before).resolve({ROOT: world.asked})
    shelf = Shelf(world.later)
    again = shelf.resolve({ROOT: world.asked}, locked(before))
    assert write_lock(again) == write_lock(before)
    assert shelf.asked == []


@given(worlds(peers=True), st.randoms(use_true_random=False))
@SLOWLY
def test_hazard_20_the_lock_is_the_same_whatever_the_order(
    world: World, chance: random.Random
) -> None:
    def mixed(table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return {key: mixed(table[key]) for key in chance.sample(sorted(table), len(table))}

    first = write_lock(Shelf(world.before).resolve({ROOT: world.asked}))
    asked = tuple(chance.sample(world.asked, len(world.asked)))
    assert write_lock(Shelf(mixed(world.before)).resolve({ROOT: asked})) == first
    # Nor does it matter in which order an edited manifest, or the lock before it, was written.
    edited = edits(world.asked, chance)[0]
    had = locked(Shelf(world.before).resolve({ROOT: world.asked}))
    turned = replace(had, nodes=dict(reversed(list(had.nodes.items()))))
    one = Shelf(world.later).resolve({ROOT: edited}, had)
    two = Shelf(mixed(world.later)).resolve({ROOT: tuple(reversed(edited))}, turned)
    assert write_lock(one) == write_lock(two)


@given(worlds(peers=True))
@SLOWLY
def test_hazard_17_what_is_removed_leaves_no_trace(world: World) -> None:
    """What is left is the graph of what is left to ask for: no entry of the lock goes stale."""
    before = locked(Shelf(world.before).resolve({ROOT: world.asked}))
    left = Shelf(world.before).resolve({ROOT: world.asked[1:]}, before)
    reached, queue = set(), list(left.importers[ROOT].edges.values())
    while queue:
        id = queue.pop()
        if id not in reached:
            reached.add(id)
            queue += left.nodes[id].edges.values()
    assert reached == left.nodes.keys()
