"""``overrides``: what a project says about everybody's requirements for a name."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    """``a`` takes b in version 1, ``z`` takes b in version 2; there is a third."""
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("z@1.0.0", dependencies={"b": "^2"})
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        registry.publish(f"b@{version}")
    registry.publish("fork@1.0.0")


def seen(project: Project, **fields: Any) -> dict[str, str]:
    """Which b a and z get."""
    project.manifest(**({"dependencies": {"a": "1", "z": "1"}} | fields))
    project.graft("install")
    said = project.lock["nodes"]
    return {owner: said[f"{owner}@1.0.0"]["dependencies"]["b"][1] for owner in "az"}


def test_hazard_11_an_override_by_name_holds_for_everybody(project: Project) -> None:
    assert seen(project, overrides={"b": "3.0.0"}) == {"a": "b@3.0.0", "z": "b@3.0.0"}
    # What the package itself asks for stays on record.
    assert project.lock["nodes"]["a@1.0.0"]["dependencies"]["b"][0] == "^1"
    assert project.lock["overrides"] == {"b": "3.0.0"}
    assert project.graft("ci", "--json").json["upToDate"]


def test_an_override_by_name_and_range_holds_for_whom_it_meets(project: Project) -> None:
    assert seen(project, overrides={"b@^1": "3.0.0"}) == {"a": "b@3.0.0", "z": "b@2.0.0"}


def test_an_override_with_a_range_beats_the_one_without(project: Project) -> None:
    overrides = {"b": "3.0.0", "b@^1": "1.0.0"}
    assert seen(project, overrides=overrides) == {"a": "b@1.0.0", "z": "b@3.0.0"}


def test_an_override_may_refer_to_what_the_project_asks_for(project: Project) -> None:
    dependencies = {"a": "1", "z": "1", "b": "~2.0.0"}
    wanted = {"a": "b@2.0.0", "z": "b@2.0.0"}
    assert seen(project, dependencies=dependencies, overrides={"b": "$b"}) == wanted


def test_an_override_may_name_another_package(project: Project) -> None:
    wanted = {"a": "fork@1.0.0", "z": "fork@1.0.0"}
    assert seen(project, overrides={"b": "npm:fork@1"}) == wanted
    assert project.node("console.log(require('a').requires('b').name)") == "fork"


def test_the_project_itself_is_not_overridden(project: Project) -> None:
    dependencies = {"a": "1", "z": "1", "b": "^1"}
    seen(project, dependencies=dependencies, overrides={"b": "3.0.0"})
    assert project.lock["importers"]["."]["b"] == ["prod", "^1", "b@1.0.0"]


def test_an_override_of_a_peer_decides_what_is_added_for_it(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("p@1.0.0", peers={"b": ">=1"})
    registry.publish("q@1.0.0", peers={"b": "^1"})
    project.manifest(dependencies={"p": "1", "q": "1"}, overrides={"b": "2.0.0"})
    assert project.graft("install", "--json").json["notes"] == []
    assert {id for id in project.lock["nodes"] if id.startswith("b@")} == {"b@2.0.0"}


def test_a_changed_override_resolves_again(project: Project) -> None:
    seen(project)
    project.manifest(overrides={"b": "3.0.0"})
    stale = project.graft("ci", "--json", check=False)
    assert stale.code == 11
    assert stale.json["error"]["why"] == [
        "package.json overrides b with '3.0.0', and the lock was made without that override",
        "a@1.0.0 asks for b@^1, and the lock gives it b@1.0.0",
        "z@1.0.0 asks for b@^2, and the lock gives it b@2.0.0",
    ]
    assert seen(project, overrides={"b": "3.0.0"}) == {"a": "b@3.0.0", "z": "b@3.0.0"}
    assert seen(project, overrides={"b": "1.0.0"}) == {"a": "b@1.0.0", "z": "b@1.0.0"}
    assert seen(project, overrides={}) == {"a": "b@1.0.0", "z": "b@2.0.0"}
    assert "overrides" not in project.lock


@pytest.mark.parametrize(
    ("overrides", "about"),
    [
        ({"a": {"b": ["3.0.0"]}}, "the override of 'b' is not a single replacement"),
        ({"a@next": {"b": "3.0.0"}}, "limits a to 'next', which is not a range"),
        ({"a>b": "3.0.0"}, "does not begin with a package name: 'a>b'"),
        ({"b": "-"}, "is '-', which npm does not know"),
        ({"b": 3}, "the override of 'b' is not a single replacement"),
        ({"b": None}, "the override of 'b' is not a single replacement"),
        ({"b": {".": None}}, "the override of 'b' is not a single replacement"),
        ({"b": "$c"}, "refers to '$c', which is not a dependency"),
    ],
)
def test_hazard_11_an_override_that_cannot_be_kept_is_refused(
    project: Project, overrides: dict[str, Any], about: str
) -> None:
    project.manifest(dependencies={"a": "1"}, overrides=overrides)
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (23, "override-unsupported")
    assert about in error["message"]
    assert not project.exists("graft-lock.json")


def test_an_override_that_nothing_can_meet_says_that_it_is_one(project: Project) -> None:
    project.manifest(dependencies={"a": "1"}, overrides={"b": "^9"})
    error = project.graft("install", "--json", check=False).json["error"]
    assert error["why"][:2] == [
        "a@1.0.0 asks for b@^9",
        "an override replaces its own '^1'",
    ]
