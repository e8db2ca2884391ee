"""``graft prune``."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin="cli.js")
    registry.publish("b@1.0.0")
    registry.publish("c@1.0.0")
    registry.publish("tester@1.0.0", bin="cli.js")
    project.manifest(dependencies={"a": "1", "c": "1"}, devDependencies={"tester": "1"})
    project.graft("install")
    registry.clear_log()
    return project


def test_what_is_no_longer_asked_for_goes_without_a_network(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.manifest(dependencies={"c": "1"})
    before = snapshot(installed.dir)
    said = installed.graft("prune", "--dry-run", "--json").json
    assert [each["name"] for each in said["changes"]] == ["a", "b"] and snapshot(
        installed.dir
    ) == before
    said = installed.graft("prune", "--json").json
    assert [step["path"] for step in said["steps"] if step["action"] == "remove"] == [
        *(".bin/a", "a")
    ]
    assert sorted(installed.lock["nodes"]) == ["c@1.0.0", "tester@1.0.0"]
    assert sorted(installed.links()) == [".bin/tester", "app", "c", "tester"]
    assert registry.requests == []


def test_prune_for_production(installed: Project) -> None:
    lock = installed.read("graft-lock.json")
    installed.graft("prune", "--prod")
    assert sorted(installed.links()) == [".bin/a", "a", "app", "c"]
    assert installed.read("graft-lock.json") == lock
    installed.graft("install")
    assert "tester" in installed.links()


def test_what_others_made_is_named_and_left(installed: Project) -> None:
    installed.write("node_modules/theirs/package.json", {"name": "theirs"})
    installed.write("node_modules/@own/theirs/package.json", {"name": "@own/theirs"})
    installed.write("node_modules/.cache/tool/data", "x")
    installed.manifest(dependencies={"c": "1"})
    said = installed.graft("prune", "--json").json
    assert said["foreign"] == ["node_modules/@own/theirs", "node_modules/theirs"]
    assert installed.exists("node_modules/theirs/package.json")
    assert installed.exists("node_modules/.cache/tool/data")
    assert "left there: node_modules/theirs" in installed.graft("prune").stderr


def test_prune_adds_nothing(installed: Project) -> None:
    installed.manifest(dependencies={"a": "1", "b": "1"})
    before = snapshot(installed.dir)
    done = installed.graft("prune", "--json", check=False)
    assert (done.code, done.json["error"]["code"]) == (11, "lock-stale")
    assert done.json["error"]["why"] == [
        "package.json asks for b@1, and the lock has nothing for it"
    ]
    assert snapshot(installed.dir) == before
    installed.remove("graft-lock.json")
    assert installed.graft("prune", check=False).code == 10
