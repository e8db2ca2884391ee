"""``graft dedupe``: fewer versions, all of them locked before, and everybody content."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.lockfile.check import unmet
from graft.lockfile.format import write_lock
from graft.model.graph import Graph
from graft.model.links import NO_LINKS
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import NO_OVERRIDES
from graft.resolve.dedupe import deduped
from graft.resolve.locked import Locked
from graft.resolve.nested import resolve
from graft.resolve.question import Question
from graft.sources.packument import Packument
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def doubled(project: Project, registry: LocalRegistry) -> Project:
    """``b`` twice: ``a`` has had 1.0.0 since before 1.1.0 was there."""
    registry.publish("b@1.0.0", dependencies={"only-old": "1"})
    registry.publish("only-old@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "^1.0.0"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    registry.publish("b@1.1.0")
    registry.publish("c@1.0.0", dependencies={"b": "^1.1.0"})
    registry.publish("c@1.0.1", dependencies={"b": "^1.1.0"})
    project.manifest(dependencies={"a": "1", "c": "1.0.0"})
    project.graft("install")
    assert {"b@1.0.0", "b@1.1.0"} <= project.lock["nodes"].keys()
    registry.publish("b@1.2.0")
    registry.clear_log()
    return project


def test_dedupe_takes_what_is_locked_and_asks_nobody(
    doubled: Project, registry: LocalRegistry
) -> None:
    said = doubled.graft("dedupe", "--json").json
    assert [(each["change"], each["name"], each["from"]) for each in said["changes"]] == [
        ("removed", "b", "1.0.0"),
        ("removed", "only-old", "1.0.0"),
    ]
    assert sorted(doubled.lock["nodes"]) == ["a@1.0.0", "b@1.1.0", "c@1.0.0"]
    assert registry.requests == []
    assert doubled.node('console.log(require("a").requires("b").version)') == "1.1.0"
    before = snapshot(doubled.dir)
    again = doubled.graft("dedupe", "--json").json
    assert not again["lockChanged"] and again["changes"] == []
    assert "removed" not in doubled.graft("dedupe", "--check").stderr
    assert doubled.graft("install", "--json").json["upToDate"]
    assert before["graft-lock.json"] == snapshot(doubled.dir)["graft-lock.json"]


def test_the_check_changes_nothing_and_ends_with_one(doubled: Project) -> None:
    before = snapshot(doubled.dir)
    done = doubled.graft("dedupe", "--check", check=False)
    gone = ["removed b 1.0.0", "removed only-old 1.0.0"]
    assert (done.code, done.stderr.splitlines()[:2]) == (1, gone)
    assert doubled.graft("dedupe", "--dry-run").stderr.splitlines()[:2] == gone
    assert doubled.graft("dedupe", "--check", "--json", check=False).json["lockChanged"]
    assert snapshot(doubled.dir) == before


def test_what_somebody_needs_stays(doubled: Project, registry: LocalRegistry) -> None:
    registry.publish("d@1.0.0", dependencies={"b": "1.0.0"})
    doubled.graft("add", "d")
    before = doubled.lock
    assert doubled.graft("dedupe", "--check").code == 0
    doubled.graft("dedupe")
    assert doubled.lock == before


def test_a_peer_that_fits_goes_on_fitting(project: Project, registry: LocalRegistry) -> None:
    """host 1.1.0 would do for ``app``, and not for the plugin that it provides its host to."""
    registry.publish("host@1.0.0")
    registry.publish("plugin@1.0.0", peers={"host": "<1.1"})
    project.manifest(dependencies={"host": "^1", "plugin": "1"})
    project.graft("install")
    registry.publish("host@1.1.0")
    registry.publish("other@1.0.0", dependencies={"host": "^1.1"})
    project.graft("add", "other")
    before = project.lock
    assert {"host@1.0.0", "host@1.1.0"} <= before["nodes"].keys()
    assert project.graft("dedupe", "--check", check=False).code == 0
    assert project.lock == before


def test_overrides_have_their_say(doubled: Project) -> None:
    doubled.manifest(overrides={"a": {"b": "1.0.0"}})
    doubled.graft("install")
    assert doubled.graft("dedupe", "--check").code == 0


def test_dedupe_without_a_lock(project: Project) -> None:
    assert project.graft("dedupe", check=False).code == 10


# By property: two days of a registry, and a lock that remembers the first.

Catalog = Mapping[str, Mapping[str, Mapping[str, str]]]
_NAMES = ["p0", "p1", "p2", "p3", "p4"]
_VERSIONS = ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.1.0"]
_RANGES = ["*", "^1", "^2", ">=1.1", "~1.1.0", "1.0.0", "<2", "^1 || ^2", "2.0.0"]


class Source:
    """Packuments of a made registry, as resolving asks for them."""

    def __init__(self, catalog: Catalog) -> None:
        self._packuments = {
            name: Packument(_body(name, versions), name=name, registry="https://registry.invalid/")
            for name, versions in catalog.items()
        }

    def packument(self, name: str, *, full: bool = False) -> Packument:  # noqa: ARG002
        return self._packuments[name]

    refresh = packument

    def prefetch(self, name: str, *, full: bool = False) -> None:
        pass

    def on_packument(self, callback: Callable[[Packument], None]) -> None:
        pass


def _nowhere() -> NoReturn:
    raise AssertionError("nothing comes from elsewhere")


def _body(name: str, versions: Mapping[str, Mapping[str, str]]) -> bytes:
    document = {
        "name": name,
        "dist-tags": {"latest": max(versions)},
        "versions": {v: {"dependencies": dict(needs)} for v, needs in versions.items()},
    }
    return json.dumps(document).encode()


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Packages that ask for later ones; each has a version for every range that there is."""
    return {
        name: {
            version: draw(
                st.dictionaries(
                    st.sampled_from(_NAMES[at + 1 :]), st.sampled_from(_RANGES), max_size=3
                )
                if at + 1 < len(_NAMES)
                else st.just({})
            )
            for version in _VERSIONS
        }
        for at, name in enumerate(_NAMES)
    }


requirements = st.dictionaries(
    st.sampled_from(_NAMES), st.sampled_from(_RANGES), min_size=1, max_size=4
)


@given(catalogs(), requirements, requirements)
def test_nothing_is_unmet_and_the_graph_never_grows(
    catalog: Catalog, first: Mapping[str, str], second: Mapping[str, str]
) -> None:
    young = {name: dict(list(versions.items())[::2]) for name, versions in catalog.items()}
    exact = ("~1.1.0", "2.0.0")
    early = {name: range for name, range in first.items() if range not in exact}
    day_one = {
        name: {v: {n: r for n, r in needs.items() if r not in exact} for v, needs in own.items()}
        for name, own in young.items()
    }

    def answered(asked: Mapping[str, str], made: Catalog, locked: Locked) -> Graph:
        lines = tuple(
            Requirement(local=name, specifier=range, kind=Kind.PROD)
            for name, range in sorted(asked.items())
        )
        source: Any = Source(made)
        question = Question(asked={".": lines}, source=source, elsewhere=_nowhere, locked=locked)
        return resolve(question).graph

    before = answered(early, day_one, Locked(None))
    both = {**second, **early}
    graph = answered(both, catalog, Locked(before))
    fewer = deduped(
        graph,
        lambda had, without: answered(both, catalog, Locked(had, without=without)),
        NO_OVERRIDES,
        NO_LINKS,
    )
    asked = {path: importer.requirements for path, importer in graph.importers.items()}
    assert unmet(fewer, asked, NO_OVERRIDES, {}) == []
    assert fewer.package_ids <= graph.package_ids and len(fewer.nodes) <= len(graph.nodes)
    again = deduped(
        fewer,
        lambda had, without: answered(both, catalog, Locked(had, without=without)),
        NO_OVERRIDES,
        NO_LINKS,
    )
    assert write_lock(again) == write_lock(fewer)
