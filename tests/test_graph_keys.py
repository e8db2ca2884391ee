"""Graph keys against oracles: equal where the same graph unfolds, different everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.store.keys import components, graph_keys

Edges = dict[Any, dict[str, Any]]


@dataclass
class Drawn:
    """A graph with few different fields and names, so that parts of it are often alike."""

    fields: dict[Any, tuple[str, ...]]
    edges: Edges

    @property
    def keys(self) -> dict[Any, str]:
        return graph_keys(self.fields, self.edges)

    def renamed(self, tag: str) -> Drawn:
        return Drawn(
            {(tag, node): values for node, values in self.fields.items()},
            {
                (tag, node): {local: (tag, child) for local, child in children.items()}
                for node, children in self.edges.items()
            },
        )

    def __or__(self, other: Drawn) -> Drawn:
        return Drawn(self.fields | other.fields, self.edges | other.edges)


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    nodes = range(draw(st.integers(1, 9)))
    names = st.dictionaries(st.sampled_from("abc"), st.sampled_from(nodes), max_size=3)
    value = st.sampled_from(["x", "x", "y"])
    return Drawn(
        {node: (draw(value),) for node in nodes},
        {node: draw(names) for node in nodes},
    )


def unfoldings(graph: Drawn) -> dict[Any, int]:
    """The coarsest partition in which nodes of one part have the same fields and, by the same local
    names, children of the same parts: the oracle, in the most naive way there is."""
    parts: dict[Any, int] = dict.fromkeys(graph.fields, 0)
    while True:
        looks = {
            node: (graph.fields[node], sorted((k, parts[c]) for k, c in graph.edges[node].items()))
            for node in graph.fields
        }
        seen: list[Any] = []
        for look in looks.values():
            if look not in seen:
                seen.append(look)
        finer = {node: seen.index(look) for node, look in looks.items()}
        if len(set(finer.values())) == len(set(parts.values())):
            return finer
        parts = finer


def reach(edges: Edges, node: Any) -> set[Any]:
    found = {node}
    queue = [node]
    while queue:
        for child in edges[queue.pop()].values():
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


@given(graph=graphs())
def test_keys_are_equal_where_the_same_graph_unfolds_and_nowhere_else(graph: Drawn) -> None:
    keys, parts = graph.keys, unfoldings(graph)
    for one in graph.fields:
        for two in graph.fields:
            assert (keys[one] == keys[two]) == (parts[one] == parts[two]), (one, two)


@given(one=graphs(), two=graphs())
def test_keys_of_different_graphs_are_equal_where_the_same_unfolds(one: Drawn, two: Drawn) -> None:
    one, two = one.renamed("one"), two.renamed("two")
    keys, parts = one.keys | two.keys, unfoldings(one | two)
    for left in one.fields:
        for right in two.fields:
            assert (keys[left] == keys[right]) == (parts[left] == parts[right])


@given(graph=graphs(), random=st.randoms())
def test_keys_depend_neither_on_names_of_nodes_nor_on_order(graph: Drawn, random: Any) -> None:
    nodes = list(graph.fields)
    random.shuffle(nodes)
    other = Drawn(
        {f"n{nodes[node]}": graph.fields[node] for node in nodes},
        {
            f"n{nodes[node]}": {
                k: f"n{nodes[graph.edges[node][k]]}"
                for k in random.sample(sorted(graph.edges[node]), len(graph.edges[node]))
            }
            for node in random.sample(nodes, len(nodes))
        },
    )
    keys = other.keys
    assert {node: keys[f"n{nodes[node]}"] for node in nodes} == graph.keys


@given(one=graphs(), two=graphs())
def test_keys_do_not_depend_on_what_else_is_in_the_graph(one: Drawn, two: Drawn) -> None:
    one, two = one.renamed("one"), two.renamed("two")
    assert (one | two).keys == one.keys | two.keys == (two | one).keys


@given(graph=graphs(), at=st.integers(0, 100))
def test_hazard_8_a_difference_changes_the_keys_above_it_and_no_others(
    graph: Drawn, at: int
) -> None:
    changed = at % len(graph.fields)
    other = Drawn({**graph.fields, changed: ("new",)}, graph.edges)
    before, after = graph.keys, other.keys
    for node in graph.fields:
        assert (before[node] != after[node]) == (changed in reach(graph.edges, node))


def ring(length: int, *, below: Edges, **fields: str) -> Drawn:
    """``a -> b -> a -> b …``, every ``b`` with what ``below`` holds: ``d1 -> d2 -> d3``."""
    edges: Edges = {n: {"next": (n + 1) % length} for n in range(length)}
    for n in range(1, length, 2):
        edges[n]["below"] = "d1"
    values: dict[Any, tuple[str, ...]] = {n: ("ab"[n % 2],) for n in range(length)}
    values |= {d: (fields.get(d, d),) for d in below}
    return Drawn(values, {**edges, **below})


CHAIN: Edges = {"d1": {"d2": "d2"}, "d2": {"d3": "d3"}, "d3": {}}


@pytest.mark.parametrize("length", [4, 6, 20])
def test_a_cycle_unrolled_is_the_cycle(length: int) -> None:
    once, more = ring(2, below=CHAIN).keys, ring(length, below=CHAIN).keys
    assert [more[n] for n in range(length)] == [once[n % 2] for n in range(length)]


def test_what_leads_into_a_cycle_and_looks_like_it_is_a_part_of_it() -> None:
    tail = Drawn({"t": ("b",)}, {"t": {"next": 0, "below": "d1"}})
    keys = (ring(2, below=CHAIN) | tail).keys
    assert keys["t"] == keys[1]


def test_hazard_8_a_difference_three_levels_below_a_cycle() -> None:
    one, two = ring(4, below=CHAIN).keys, ring(4, below=CHAIN, d3="other").keys
    assert all(one[node] != two[node] for node in one)


def test_hazard_8_a_difference_three_levels_down_inside_a_cycle() -> None:
    def keys(last: str) -> dict[Any, str]:
        members = {"a": "b", "b": "c", "c": "d", "d": "a"}
        return graph_keys(
            {n: (last if n == "d" else "same",) for n in members},
            {n: {"next": child} for n, child in members.items()},
        )

    one, two = keys("1"), keys("2")
    assert len(set(one.values())) == 4
    assert not set(one.values()) & set(two.values())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", ""), ("a",)),
        (("1:a",), ("a",)),
        (("a", "1:b"), ("a1:b",)),
        (("a\0b",), ("a", "b")),
    ],
)
def test_parts_never_run_together(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert graph_keys({0: one}, {0: {}}) != graph_keys({0: two}, {0: {}})


def test_local_names_and_fields_never_run_together() -> None:
    leaf = graph_keys({1: ("x",)}, {1: {}})[1]
    edge = graph_keys({0: ("a",), 1: ("x",)}, {0: {"n": 1}, 1: {}})[0]
    assert edge != graph_keys({0: ("a", "n", leaf)}, {0: {}})[0]
    other = graph_keys({0: ("a",), 1: ("x",)}, {0: {"m": 1}, 1: {}})[0]
    assert edge != other


def test_keys_are_32_hex_digits_and_the_same_for_ever() -> None:
    """A changed key is a store in which nothing is found: a new format, not a detail."""
    keys = ring(2, below=CHAIN).keys
    assert keys["d3"] == "ad4b265f384fc461d7183cc68f525de6"
    assert keys[0] == "cc5feefa6f0cbbfd39251acf0dd81ccf"


def test_a_graph_deeper_than_the_stack() -> None:
    size = 5000
    edges: Edges = {n: {"next": n + 1} for n in range(size)}
    edges[size] = {}
    fields = dict.fromkeys(range(size + 1), ("x",))
    assert len(set(graph_keys(fields, edges).values())) == size + 1
    edges[size] = {"next": 0}
    assert len(set(graph_keys(fields, edges).values())) == 1


@given(graph=graphs())
def test_components_are_what_reaches_each_other_children_first(graph: Drawn) -> None:
    reached = {node: reach(graph.edges, node) for node in graph.edges}
    found = list(components(graph.edges))
    assert sorted(node for part in found for node in part) == sorted(graph.edges)
    done: set[Any] = set()
    for part in found:
        (oracle,) = {
            frozenset(n for n in graph.edges if n in reached[node] and node in reached[n])
            for node in part
        }
        assert set(part) == oracle
        done |= oracle
        assert all(reached[node] <= done for node in part)
