"""Overrides that count below a package: on each path, what node loads is what the rules say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.project.override_rules import Parent, Rule
from graft.project.overrides import Overrides
from harness.project import Project
from harness.registry import LocalRegistry

SHOW = (
    "const m = process.argv.slice(1).reduce((at, name) => at.requires(name), {requires: require});"
)


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    """a and z both reach leaf by way of mid; leaf has three versions, and mid has two."""
    registry.publish("a@1.0.0", dependencies={"mid": "^1"})
    registry.publish("z@1.0.0", dependencies={"mid": "^2"})
    registry.publish("mid@1.0.0", dependencies={"leaf": "^1"})
    registry.publish("mid@2.0.0", dependencies={"leaf": "^1"})
    for version in ("1.0.0", "1.5.0", "2.0.0", "3.0.0"):
        registry.publish(f"leaf@{version}")
    registry.publish("fork@1.0.0")


def installed(project: Project, overrides: dict[str, Any], **fields: Any) -> Project:
    project.manifest(**({"dependencies": {"a": "1", "z": "1"}} | fields), overrides=overrides)
    project.graft("install")
    assert project.graft("ci", "--json").json["upToDate"]
    return project


def loaded(project: Project, path: str) -> str:
    """``a>mid>leaf`` -> the version that is loaded there, by node."""
    return project.node(f"{SHOW} console.log(m.version)", *path.split(">"))


def test_a_rule_below_a_package_counts_there_at_any_depth(project: Project) -> None:
    installed(project, {"a": {"leaf": "2.0.0"}, "mid": "1.0.0"})
    assert loaded(project, "a>mid>leaf") == "2.0.0"
    assert loaded(project, "z>mid>leaf") == "1.5.0"
    # Only what really differs is there twice.
    assert sorted(project.lock["nodes"]) == [
        *("a@1.0.0", "leaf@1.5.0", "leaf@2.0.0", "mid@1.0.0", "mid@1.0.0(below a)", "z@1.0.0"),
    ]
    assert project.lock["overrides"] == {"a >> leaf": "2.0.0", "mid": "1.0.0"}


def test_a_rule_that_makes_no_difference_leaves_no_trace_in_names(project: Project) -> None:
    installed(project, {"a": {"leaf": "1.5.0"}, "mid": "1.0.0"})
    assert sorted(project.lock["nodes"]) == ["a@1.0.0", "leaf@1.5.0", "mid@1.0.0", "z@1.0.0"]


def test_peers_tell_apart_what_lies_below_the_same_package(
    project: Project, registry: LocalRegistry
) -> None:
    """Then its name does not speak of that package: it would say nothing."""
    registry.publish("plug@1.0.0", peers={"leaf": "*"})
    registry.publish("kit@1.0.0", dependencies={"deep": "1"})
    registry.publish("deep@1.0.0", dependencies={"plug": "1"})
    registry.publish("one@1.0.0", dependencies={"kit": "1", "leaf": "1.0.0"})
    registry.publish("two@1.0.0", dependencies={"kit": "1", "leaf": "2.0.0"})
    dependencies = {"one": "1", "two": "1"}
    project.manifest(dependencies=dependencies)
    project.graft("install")
    before = set(project.lock["nodes"])
    installed(project, {"kit": {"nobody": "1"}}, dependencies=dependencies)
    assert set(project.lock["nodes"]) == before


def test_the_dot_is_the_package_itself(project: Project, registry: LocalRegistry) -> None:
    registry.publish("top@1.0.0", dependencies={"mid": "*", "leaf": "*"})
    overrides = {"mid": {".": "1.0.0", "leaf": "2.0.0"}}
    installed(project, overrides, dependencies={"top": "1"})
    assert loaded(project, "top>mid") == "1.0.0"
    assert loaded(project, "top>mid>leaf") == "2.0.0"
    assert loaded(project, "top>leaf") == "3.0.0"


def test_a_parent_may_be_limited_to_a_range(project: Project) -> None:
    installed(project, {"mid@^2": {"leaf": "3.0.0"}})
    assert loaded(project, "a>mid>leaf") == "1.5.0"
    assert loaded(project, "z>mid>leaf") == "3.0.0"


def test_a_parent_that_the_rule_itself_put_there_counts(project: Project) -> None:
    installed(project, {"mid@^1": {".": "2.0.0", "leaf": "3.0.0"}})
    assert loaded(project, "a>mid") == "2.0.0"
    assert loaded(project, "a>mid>leaf") == "3.0.0"


def test_nested_twice(project: Project) -> None:
    installed(project, {"a": {"mid": {"leaf": "2.0.0"}}, "mid": {"leaf": "3.0.0"}})
    assert loaded(project, "a>mid>leaf") == "2.0.0"
    assert loaded(project, "z>mid>leaf") == "3.0.0"


def test_the_innermost_rule_goes_first(project: Project) -> None:
    overrides = {"mid": {"leaf": "1.0.0"}, "a": {"leaf": "2.0.0"}, "leaf": "3.0.0"}
    installed(project, overrides, dependencies={"a": "1", "z": "1"})
    assert loaded(project, "a>mid>leaf") == loaded(project, "z>mid>leaf") == "1.0.0"


def test_a_nested_rule_may_repeat_the_projects_own_line(project: Project) -> None:
    dependencies = {"a": "1", "z": "1", "leaf": "~2.0.0"}
    installed(project, {"a": {"leaf": "$leaf"}}, dependencies=dependencies)
    assert loaded(project, "a>mid>leaf") == "2.0.0"
    assert loaded(project, "z>mid>leaf") == "1.5.0"


def test_another_package_in_its_place_counts_as_the_parent(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("fork@1.0.0", dependencies={"leaf": "^1"})
    installed(project, {"mid": {".": "npm:fork@1", "leaf": "2.0.0"}}, dependencies={"a": "1"})
    assert project.node(f"{SHOW} console.log(m.name)", "a", "mid") == "fork"
    assert loaded(project, "a>mid>leaf") == "2.0.0"


def test_packages_on_a_cycle(project: Project, registry: LocalRegistry) -> None:
    registry.publish("x@1.0.0", dependencies={"y": "1", "leaf": "*"})
    registry.publish("y@1.0.0", dependencies={"x": "1", "leaf": "*"})
    overrides = {"x": {"leaf": "1.0.0"}, "y": {"leaf": "2.0.0"}, "z": {"x": {"leaf": "1.5.0"}}}
    installed(project, overrides, dependencies={"x": "1", "y": "1"})
    assert loaded(project, "x>leaf") == loaded(project, "y>x>leaf") == "1.0.0"
    assert loaded(project, "y>leaf") == loaded(project, "x>y>leaf") == "2.0.0"


def test_a_peer_below_a_package(project: Project, registry: LocalRegistry) -> None:
    """The host is what the path provides; the rule says what of it is in range there."""
    registry.publish("plug@1.0.0", peers={"leaf": "^1"})
    registry.publish("one@1.0.0", dependencies={"plug": "1", "leaf": "2.0.0"})
    registry.publish("two@1.0.0", dependencies={"plug": "1", "leaf": "2.0.0"})
    project.manifest(dependencies={"one": "1", "two": "1"}, overrides={"one": {"leaf": ">=1 <3"}})
    notes = project.graft("install", "--json").json["notes"]
    # One package with one context: the path is the shortest one to it, whatever rules lie on it.
    assert [note["where"] for note in notes] == ["one@1.0.0 > plug@1.0.0"]
    assert project.graft("ci", "--json").json["upToDate"]


def test_the_lock_is_checked_on_every_path(project: Project) -> None:
    installed(project, {"a": {"leaf": "2.0.0"}, "mid": "1.0.0"})
    text = project.read("graft-lock.json")
    project.write("graft-lock.json", text.replace('"^1","mid@1.0.0(below a)"', '"^1","mid@1.0.0"'))
    error = project.graft("ci", "--json", check=False).json["error"]
    assert error["code"] == "lock-stale"
    assert error["why"] == ["mid@1.0.0 asks for leaf@^1, and the lock gives it leaf@1.5.0"]
    project.graft("install")
    assert project.read("graft-lock.json") == text


def test_a_changed_rule_changes_what_it_concerns(project: Project, registry: LocalRegistry) -> None:
    installed(project, {"a": {"leaf": "2.0.0"}, "mid": "1.0.0"})
    registry.publish("leaf@1.6.0")
    installed(project, {"a": {"leaf": "3.0.0"}, "mid": "1.0.0"})
    assert loaded(project, "a>mid>leaf") == "3.0.0"
    assert loaded(project, "z>mid>leaf") == "1.5.0"
    installed(project, {})
    assert loaded(project, "a>mid>leaf") == "1.5.0"
    assert "overrides" not in project.lock


def test_adding_a_package_keeps_what_each_path_has(
    project: Project, registry: LocalRegistry
) -> None:
    installed(project, {"a": {"leaf": "1.0.0"}, "mid": "1.0.0"})
    before = project.lock["nodes"]
    registry.publish("leaf@1.6.0")
    project.graft("add", "fork")
    assert {id: node for id, node in project.lock["nodes"].items() if id != "fork@1.0.0"} == before


def test_a_deprecated_package_that_stands_there_twice_is_noted_once(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("mid@1.1.0", dependencies={"leaf": "^1"}, deprecated="old")
    project.manifest(
        dependencies={"a": "1", "z": "1"}, overrides={"a": {"leaf": "2.0.0"}, "mid": "1.1.0"}
    )
    notes = project.graft("install", "--json").json["notes"]
    assert [note["where"] for note in notes] == ["a@1.0.0 > mid@1.1.0"]
    assert "mid@1.1.0(below a)" in project.lock["nodes"]


def test_why_and_ls_tell_the_two_apart(project: Project) -> None:
    installed(project, {"a": {"leaf": "2.0.0"}, "mid": "1.0.0"})
    why = project.graft("why", "leaf").stdout
    overridden = "leaf@^1, which an override makes 2.0.0: leaf@2.0.0"
    assert f"mid@1.0.0(below a) asks for {overridden}" in why
    assert "mid@1.0.0 asks for leaf@^1: leaf@1.5.0" in why
    assert "mid@1.0.0(below a)" in project.graft("ls", "--depth", "1").stdout


def test_every_path_of_a_lock_is_what_the_rules_say(
    project: Project, registry: LocalRegistry
) -> None:
    """All paths of five steps in a graph of cycles, against the oracle below."""
    names = ("p", "q", "r", "s")
    for name in names:
        for major in (1, 2):
            others = {other: "*" for other in names if (other > name) == (major == 1)}
            registry.publish(f"{name}@{major}.0.0", dependencies={**others, "leaf": "*"})
    said: dict[str, Any] = {
        "p": {"q": "1", "leaf": "1.0.0", "r": {"leaf": "2.0.0", "s": {".": "1", "leaf": "1.5.0"}}},
        "q@2": {"r": "1", "leaf": "1.5.0"},
        "s@1": {"p": "1"},
        "leaf@1 || 2": "2.0.0",
    }
    installed(project, said, dependencies=dict.fromkeys(names, "*"))
    rules = [
        *(_rule("q", "1", "p"), _rule("leaf", "1.0.0", "p"), _rule("leaf", "2.0.0", "p", "r")),
        *(_rule("s", "1", "p", "r"), _rule("leaf", "1.5.0", "p", "r", "s")),
        *(_rule("r", "1", "q@2"), _rule("leaf", "1.5.0", "q@2"), _rule("p", "1", "s@1")),
        Rule(name="leaf", asked="1 || 2", replacement="2.0.0", place=""),
    ]
    lock = project.lock
    queue = [[(local, id)] for local, (_, _, id) in lock["importers"]["."].items()]
    seen = 0
    for path in queue:
        above = [(local, _manifest(id)) for local, id in path]
        for local, (text, id) in lock["nodes"][path[-1][1]].get("dependencies", {}).items():
            wanted = expected(rules, above, _asks(local, text))
            got = _manifest(id).version
            assert wanted in ("*", got) or got == f"{wanted}.0.0", (path, local)
            seen += 1
            if len(path) < 5:
                queue.append([*path, (local, id)])
    assert seen > 300


# The oracle: not states that are carried along, but all ways in which a path can match a rule.

Path = Sequence[tuple[str, Manifest]]
_NOBODY = "^7"


def expected(rules: Sequence[Rule], path: Path, requirement: Requirement) -> str:
    """``rules`` have no ranges but parents' majors, and what all requirements meet, or none."""
    best = []
    for rule in rules:
        if rule.name == requirement.local and rule.asked != _NOBODY:
            ends = [places[-1] for places in _embeddings(rule, path)] if rule.parents else [-1]
            if ends:
                ranged = bool(rule.parents and rule.parents[-1].range)
                order = (-max(ends), -len(rule.parents), not ranged, not rule.asked, rule.key)
                best.append((order, rule.replacement))
    return min(best)[1] if best else requirement.specifier


def _embeddings(rule: Rule, path: Path) -> Iterator[tuple[int, ...]]:
    for places in combinations(range(len(path)), len(rule.parents)):
        after = [*places[1:], len(path)]
        if all(
            _is_at(parent, path[place]) and (not parent.direct or follower == place + 1)
            for parent, place, follower in zip(rule.parents, places, after, strict=True)
        ):
            yield places


def _is_at(parent: Parent, step: tuple[str, Manifest]) -> bool:
    local, manifest = step
    return local == parent.name and manifest.version.startswith(parent.range)


def _manifest(id: str) -> Manifest:
    name, version = re.split("[@(]", id)[:2]
    return Manifest(name=name, version=version)


def _asks(local: str, text: str) -> Requirement:
    return Requirement(local=local, specifier=text, kind=Kind.PROD)


def _rule(name: str, replacement: str, *above: str) -> Rule:
    parents = tuple(
        Parent(name=parent.partition("@")[0], range=parent.partition("@")[2]) for parent in above
    )
    return Rule(name=name, asked="", replacement=replacement, place="", parents=parents)


_NAMES = st.sampled_from("ab")
_PARENTS = st.builds(
    Parent, name=_NAMES, range=st.sampled_from(["", "1", "2"]), direct=st.booleans()
)
_STEPS = st.tuples(_NAMES, st.sampled_from(["1.0.0", "2.0.0"])).map(
    lambda step: (step[0], Manifest(name=step[0], version=step[1]))
)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    shapes = draw(
        st.lists(
            st.tuples(
                st.lists(_PARENTS, max_size=2).map(tuple),
                _NAMES,
                st.sampled_from(["", "*", _NOBODY]),
            ),
            min_size=2,
            max_size=9,
        )
    )
    rules = {}
    for count, (parents, name, asked) in enumerate(shapes):
        rule = Rule(name=name, asked=asked, replacement=f"{count}.0.0", place="", parents=parents)
        rules[rule.key] = rule
    return list(rules.values())


@given(rule_sets(), st.lists(_STEPS, max_size=6), _NAMES)
def test_states_say_what_all_ways_to_match_a_path_say(
    rules: list[Rule], path: list[tuple[str, Manifest]], name: str
) -> None:
    overrides = Overrides(rules)
    state: tuple[tuple[int, int], ...] = ()
    for local, manifest in path:
        state = overrides.step(state, local, manifest)
    asked = _asks(name, "^9")
    assert overrides.apply(asked, state) == expected(rules, path, asked)
