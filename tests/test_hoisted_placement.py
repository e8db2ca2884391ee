"""Whoever walks up from where it lies finds just what the graph gives it (link/hoist.py)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from graft.link.hoist import Hoisted, hoist

Edges = Mapping[str, str]
World = tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]

NAMES = ("a", "b", "c", "@s/d")
IMPORTERS = (".", "packages/m", "packages/n", "packages/m/inner", "z")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Importers and nodes with any edges: cycles, aliases, peers, and a package that asks for
    another version of itself are all just edges by some local name."""
    ids = draw(
        st.lists(
            st.builds("{}@{}".format, st.sampled_from(NAMES), st.integers(1, 3)),
            unique=True,
            min_size=1,
            max_size=8,
        )
    )
    edges = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ids), max_size=3)
    members = draw(st.lists(st.sampled_from(IMPORTERS[1:]), unique=True, max_size=3))
    importers = {importer: draw(edges) for importer in (".", *members)}
    return importers, {id: draw(edges) for id in ids}


def files(hoisted: Hoisted) -> tuple[dict[str, str], dict[str, str]]:
    """What would be on disk, by path from the project's folder: packages and links."""
    packages, links = {}, {}
    for importer, entries in hoisted.packages.items():
        for path, id in entries.items():
            packages[posixpath.normpath(f"{importer}/node_modules/{path}")] = id
    for importer, loops in hoisted.loops.items():
        for path, (to, inside) in loops.items():
            target = posixpath.normpath(f"{to}/node_modules/{inside}")
            links[posixpath.normpath(f"{importer}/node_modules/{path}")] = target
    return packages, links


def found(folder: str, name: str, packages: Edges, links: Edges) -> str | None:
    """What Node.js finds from ``folder``: the real path of the first ``node_modules/<name>``."""
    while True:
        if posixpath.basename(folder) != "node_modules":
            path = posixpath.normpath(f"{folder}/node_modules/{name}")
            if path in packages or path in links:
                return links.get(path, path)
        if folder == ".":
            return None
        folder = posixpath.dirname(folder) or "."


def check(importers: Mapping[str, Edges], nodes: Mapping[str, Edges], hoisted: Hoisted) -> None:
    packages, links = files(hoisted)
    assert packages.keys().isdisjoint(links)
    asked = [
        (importer, local, id) for importer in importers for local, id in importers[importer].items()
    ]
    asked += [(path, local, to) for path, id in packages.items() for local, to in nodes[id].items()]
    for folder, local, id in asked:
        real = found(folder, local, packages, links)
        assert real is not None and packages[real] == id, (folder, local, id, real)
    for path in (*packages, *links):
        # Each lies in its importer, or in a package.
        above = path.rpartition("/node_modules/")[0] if "/node_modules/" in path else "."
        assert above in importers or above in packages


@given(worlds())
def test_everyone_finds_what_the_graph_gives_it(world: World) -> None:
    check(*world, hoist(*world))


@given(worlds(), st.randoms())
def test_the_order_of_the_input_does_not_count(world: World, random: object) -> None:
    def shuffled(mapping: Mapping[str, Edges]) -> dict[str, dict[str, str]]:
        keys = list(mapping)
        random.shuffle(keys)  # type: ignore[attr-defined]
        return {key: dict(reversed(list(mapping[key].items()))) for key in keys}

    importers, nodes = world
    assert hoist(shuffled(importers), shuffled(nodes)) == hoist(importers, nodes)


@given(worlds())
def test_direct_dependencies_of_the_project_are_on_top(world: World) -> None:
    importers, nodes = world
    top = hoist(importers, nodes).packages["."]
    assert {local: top.get(local) for local in importers["."]} == importers["."]


def test_hazard_25_both_majors_of_a_package_reach_those_that_asked() -> None:
    nodes: dict[str, Edges] = {
        "x@1": {"dep": "dep@1"},
        "y@1": {"dep": "dep@2"},
        "z@1": {"dep": "dep@2"},
        "dep@1": {},
        "dep@2": {},
    }
    importers = {".": {"x": "x@1", "y": "y@1", "z": "z@1"}}
    assert hoist(importers, nodes).packages["."] == {
        "x": "x@1",
        "x/node_modules/dep": "dep@1",
        "y": "y@1",
        "z": "z@1",
        "dep": "dep@2",  # the most wanted one
    }


def test_a_peer_is_the_one_of_this_context() -> None:
    nodes: dict[str, Edges] = {
        "ui@1(r@1)": {"r": "r@1"},
        "ui@1(r@2)": {"r": "r@2"},
        "old@1": {"ui": "ui@1(r@1)", "r": "r@1"},
        "r@1": {},
        "r@2": {},
    }
    importers = {".": {"r": "r@2", "ui": "ui@1(r@2)", "old": "old@1"}}
    assert hoist(importers, nodes).packages["."] == {
        "r": "r@2",
        "ui": "ui@1(r@2)",
        "old": "old@1",
        "old/node_modules/r": "r@1",
        "old/node_modules/ui": "ui@1(r@1)",
    }


def test_a_member_s_own_version_lies_in_the_member() -> None:
    importers: dict[str, Edges] = {
        ".": {"a": "a@1"},
        "packages/m": {"a": "a@2", "b": "b@1"},
        "packages/n": {"b": "b@1"},
    }
    found = hoist(importers, {"a@1": {}, "a@2": {}, "b@1": {"a": "a@1"}}).packages
    assert found == {
        ".": {"a": "a@1", "b": "b@1"},
        "packages/m": {"a": "a@2"},
        "packages/n": {},
    }


def test_a_cycle_of_versions_that_has_no_end_in_folders_is_closed_by_a_link() -> None:
    nodes = {"a@1": {"b": "b@1"}, "b@1": {"a": "a@2"}, "a@2": {"b": "b@2"}, "b@2": {"a": "a@1"}}
    importers = {".": {"a": "a@1", "b": "b@1"}}
    hoisted = hoist(importers, nodes)
    assert sum(map(len, hoisted.loops.values())) > 0
    check(importers, nodes, hoisted)
