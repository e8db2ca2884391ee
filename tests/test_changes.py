"""What is said of a lock that changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.lockfile.differences import differences, paired
from graft.model.difference import Difference
from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from harness.project import Project
from harness.registry import LocalRegistry


def changes(said: dict[str, Any]) -> list[str]:
    """``upgraded a 1.0.0 2.0.0 direct major``."""
    flags = ("direct", "shared", "major", "unanticipated")
    return [
        " ".join(
            [each["change"], each["name"]]
            + [each[key] for key in ("from", "to", "as") if key in each]
            + [flag for flag in flags if each[flag]]
        )
        for each in said["changes"]
    ]


def lines(text: str) -> list[str]:
    """What stands before the line that counts."""
    return text.splitlines()[:-1]


@pytest.fixture
def locked(project: Project, registry: LocalRegistry) -> Project:
    """``a`` and ``b`` at 1.0.0, each with something below it; newer ones have come since."""
    registry.publish("a@1.0.0", dependencies={"below": "1.0.0", "gone": "1"})
    registry.publish("b@1.0.0", dependencies={"low": "^1"})
    registry.publish("below@1.0.0")
    registry.publish("below@2.0.0")
    registry.publish("gone@1.0.0")
    registry.publish("low@1.0.0")
    project.manifest(dependencies={"a": "^1", "b": "^1"})
    project.graft("install")
    registry.publish("a@1.1.0", dependencies={"below": "^2", "fresh": "1"})
    registry.publish("fresh@1.0.0-beta.1")
    registry.publish("fresh@1.0.0")
    registry.publish("low@1.0.5")
    return project


def test_an_update_says_what_became_of_each_package(locked: Project) -> None:
    dry = locked.graft("update", "--dry-run")
    done = locked.graft("update")
    assert lines(done.stderr) == [
        "upgraded a from 1.0.0 to 1.1.0",
        "upgraded below from 1.0.0 to 2.0.0 *",
        "upgraded low from 1.0.0 to 1.0.5",
        "removed gone 1.0.0",
        "added fresh 1.0.0",
        "(* another major version)",
    ]
    assert lines(dry.stderr)[:6] == lines(done.stderr)
    assert "1 added, 3 upgraded and 1 removed in the lock" in done.stderr
    assert done.stdout == ""
    assert "in the lock" not in locked.graft("install").stderr


def test_json_has_the_same_in_stable_words(locked: Project) -> None:
    said = locked.graft("update", "--json").json
    assert changes(said) == [
        "upgraded a 1.0.0 1.1.0 direct",
        "upgraded below 1.0.0 2.0.0 major",
        "upgraded low 1.0.0 1.0.5",
        "removed gone 1.0.0",
        "added fresh 1.0.0",
    ]
    assert locked.graft("add", "a@1.0.0", "--json").json["changes"][0]["change"] == "downgraded"


def test_a_prerelease_is_marked_unless_it_was_asked_for(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"odd": "^2.0.0-beta.1"})
    registry.publish("b@1.0.0", dependencies={"odd": "^2.0.0-beta.1"})
    registry.publish("odd@2.0.0-beta.2")
    registry.publish("meant@1.0.0-rc.1")
    project.manifest(dependencies={"a": "1", "meant": "^1.0.0-rc.1"})
    assert changes(project.graft("install", "--json").json) == [
        "added a 1.0.0 direct",
        "added meant 1.0.0-rc.1 direct",
        "added odd 2.0.0-beta.2 unanticipated",
    ]
    # What the lock has already is no surprise any more.
    assert changes(project.graft("add", "b", "--json").json) == ["added b 1.0.0 direct"]
    project.manifest(dependencies={"a": "1", "meant": "^1.0.0-rc.1", "odd": "*"})
    said = project.graft("install", "--json").json
    assert changes(said) == ["removed b 1.0.0 direct", "added odd 2.0.0-beta.2 direct shared"]
    project.graft("remove", "a", "odd")
    project.manifest(dependencies={}, overrides={"odd": "2.0.0-beta.2"})
    assert "added odd 2.0.0-beta.2" in changes(project.graft("add", "a", "--json").json)
    project.manifest(dependencies={}, overrides={})
    project.graft("install")
    assert lines(project.graft("add", "a").stderr) == [
        "added a 1.0.0",
        "added odd 2.0.0-beta.2 +",
        "(+ a prerelease that the project does not ask for)",
    ]


def test_a_first_install_lists_what_the_project_asks_for(
    project: Project, registry: LocalRegistry
) -> None:
    below = {f"x{at:02}": "1" for at in range(20)}
    for name in below:
        registry.publish(f"{name}@1.0.0")
    registry.publish("a@1.0.0", dependencies=below)
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "1", "also": "npm:b@1"})
    done = project.graft("install")
    assert lines(done.stderr) == ["added a 1.0.0", "added b 1.0.0 (as also)"]
    assert "22 added in the lock" in done.stderr
    # Later, what was there already is news.
    project.graft("add", "x00@1", "-D")
    registry.publish("a@1.1.0", dependencies={**below, "more": "1"})
    registry.publish("more@1.0.0")
    for name in below:
        registry.publish(f"{name}@1.0.1")
    said = lines(project.graft("update").stderr)
    assert said[:2] == ["upgraded a from 1.0.0 to 1.1.0", "upgraded x00 from 1.0.0 to 1.0.1"]
    assert said[2] == "upgraded x01 from 1.0.0 to 1.0.1"
    assert (said[-1], len(said)) == ("and 5 more; --json has all", 18)
    said = lines(project.graft("remove", "a").stderr)
    assert said == ["removed a 1.1.0", "and 20 more; --json has all"]


def test_a_dependency_that_others_have_too_says_so(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0")
    registry.publish("b@2.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    done = project.graft("add", "b@1")
    assert lines(done.stderr) == ["added b 1.0.0 (others had it)"]
    assert "in the lock" not in done.stderr
    assert lines(project.graft("add", "b@2").stderr)[0] == "upgraded b from 1.0.0 to 2.0.0 *"
    assert lines(project.graft("add", "b@1").stderr)[0] == "downgraded b from 2.0.0 to 1.0.0 *"
    assert lines(project.graft("remove", "b").stderr) == [
        "removed b 1.0.0 (others still ask for it)"
    ]


def test_members_that_move_to_one_version_are_told_once(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0-rc.1")
    registry.publish("b@1.0.0", dependencies={"a": "2.0.0-rc.1"})
    project.manifest(workspaces=["m*"], dependencies={"b": "1"})
    for name, asked in (("m1", {"a": "1"}), ("m2", {"a": "1"}), ("m3", {})):
        project.manifest(name, name=name, dependencies=asked)
    project.graft("install", "--lockfile-only")
    for name in ("m1", "m2", "m3"):
        project.manifest(name, name=name, dependencies={"a": "2.0.0-rc.1"})
    said = project.graft("install", "--json").json
    assert changes(said) == ["upgraded a 1.0.0 2.0.0-rc.1 direct major"]


def test_an_import_that_replaces_a_lock_says_what_changed(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0")
    project.manifest(dependencies={"a": "^1"})
    project.write("yarn.lock", '# yarn lockfile v1\n\na@^1:\n  version "1.0.0"\n')
    assert "added" not in project.graft("import").stderr
    project.remove("graft-lock.json")
    project.remove("yarn.lock")
    project.graft("install")
    project.write("yarn.lock", '# yarn lockfile v1\n\na@^1:\n  version "1.0.0"\n')
    assert "downgraded a from 1.1.0 to 1.0.0\n" in project.graft("import", "--force").stderr


# By property

_VERSIONS = st.builds(
    "{}.{}.{}{}".format,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(["", "", "-rc.1"]),
)
_PACKAGES = st.builds(
    lambda name, version, origin: Manifest(name=name, version=version, origin=origin),
    st.sampled_from("ab"),
    _VERSIONS,
    st.sampled_from(["", "", "https://registry.example.com/"]),
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    manifests = {m.id: m for m in draw(st.lists(_PACKAGES, max_size=6))}
    nodes = {id: Node(id=id, manifest=m, edges={}) for id, m in manifests.items()}
    edges = {}
    if nodes:
        locals = st.sampled_from(["a", "b", "alias"])
        edges = draw(st.dictionaries(locals, st.sampled_from(sorted(nodes)), max_size=3))
    asked = tuple(Requirement(local=each, specifier="*", kind=Kind.PROD) for each in edges)
    return Graph(importers={".": Importer(path=".", requirements=asked, edges=edges)}, nodes=nodes)


@given(before=graphs(), after=graphs())
def test_all_that_left_and_all_that_came_is_told(before: Graph, after: Graph) -> None:
    found = differences(before, after)
    had, has = _texts(before), _texts(after)
    assert had - has <= {(each.name, each.before) for each in found}
    assert has - had <= {(each.name, each.after) for each in found}
    rest = [each for each in found if not each.direct]
    for texts, side in ((had - has, "before"), (has - had, "after")):
        told = [(each.name, getattr(each, side)) for each in rest if getattr(each, side)]
        assert len(told) == len(set(told)) and set(told) <= texts
    # Of a name, some came besides those that were replaced or some went, not both.
    assert not {each.name for each in rest if each.change == "added"} & {
        each.name for each in rest if each.change == "removed"
    }
    assert differences(after, after) == ()


@given(before=graphs(), after=graphs())
def test_the_way_back_is_the_way_there_turned_round(before: Graph, after: Graph) -> None:
    there, back = differences(before, after), differences(after, before)
    turned = {"added": "removed", "upgraded": "downgraded", "replaced": "replaced"}
    turned |= {to: word for word, to in turned.items()}

    def ends(each: Difference) -> tuple[str, ...]:
        return each.name, each.local, each.change, each.before, each.after

    assert sorted(map(ends, back)) == sorted(
        (each.name, each.local, turned[each.change], each.after, each.before) for each in there
    )


@given(
    gone=st.sets(_VERSIONS, max_size=5), came=st.sets(_VERSIONS, max_size=5), chance=st.randoms()
)
def test_pairs_do_not_depend_on_the_order(gone: set[str], came: set[str], chance: Any) -> None:
    left = [Manifest(name="a", version=each) for each in sorted(gone - came)]
    right = [Manifest(name="a", version=each) for each in sorted(came - gone)]
    expected = {(old and old.id, new and new.id) for old, new in paired(left, right)}
    chance.shuffle(left)
    chance.shuffle(right)
    assert {(old and old.id, new and new.id) for old, new in paired(left, right)} == expected


@pytest.mark.parametrize(
    ("gone", "came", "expected"),
    [
        ("1.0.0 2.0.0", "3.0.0", {("2.0.0", "3.0.0"), ("1.0.0", "")}),
        ("1.0.0 2.0.0", "1.1.0 2.1.0", {("1.0.0", "1.1.0"), ("2.0.0", "2.1.0")}),
        ("1.0.0", "1.1.0 1.2.0", {("1.0.0", "1.1.0"), ("", "1.2.0")}),
        ("1.9.0 2.0.0", "1.9.1", {("1.9.0", "1.9.1"), ("2.0.0", "")}),
        ("1.0.0 2.0.0", "1.5.0", {("1.0.0", "1.5.0"), ("2.0.0", "")}),
        ("1.1.0 1.2.0", "1.1.5", {("1.1.0", "1.1.5"), ("1.2.0", "")}),
        ("2.0.0 2.1.0", "3.0.0", {("2.1.0", "3.0.0"), ("2.0.0", "")}),
        ("1.1.0", "1.0.0 1.2.0", {("1.1.0", "1.2.0"), ("", "1.0.0")}),
    ],
)
def test_a_version_is_paired_with_the_nearest(
    gone: str, came: str, expected: set[tuple[str, str]]
) -> None:
    pairs = paired(
        *([Manifest(name="a", version=v) for v in side.split()] for side in (gone, came))
    )
    told = {(old.version if old else "", new.version if new else "") for old, new in pairs}
    assert told == expected


def _texts(graph: Graph) -> set[tuple[str, str]]:
    manifests = [node.manifest for node in graph.nodes.values()]
    return {(m.name, f"{m.version} ({m.origin})" if m.origin else m.version) for m in manifests}
