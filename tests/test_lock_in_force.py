"""What the lock is for: the same graph again, and no more change than was asked for."""

from __future__ import annotations

import json

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    """a and b share c; meanwhile everything was published anew, and no cache is trusted."""
    registry.max_age = 0
    for name, below in (("a", {"c": "^1"}), ("b", {"c": "^1"}), ("c", {})):
        registry.publish(f"{name}@1.0.0", dependencies=below)
    project.manifest(dependencies={"a": "^1", "b": "^1"})
    project.graft("install")
    for name, below in (("a", {"c": "^1", "d": "1"}), ("b", {"c": "^1"}), ("c", {})):
        registry.publish(f"{name}@1.1.0", dependencies=below)
    registry.publish("d@1.0.0", dependencies={"c": "*"})
    registry.clear_log()
    return project


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


def asked(registry: LocalRegistry) -> set[str]:
    return {request.path for request in registry.requests}


def test_hazard_18_adding_keeps_every_other_choice(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.graft("add", "d")
    assert nodes(installed) == {"a@1.0.0", "b@1.0.0", "c@1.0.0", "d@1.0.0"}
    assert asked(registry) == {"/d", "/d/-/d-1.0.0.tgz"}


def test_hazard_18_removing_keeps_every_other_choice(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.graft("remove", "a")
    assert nodes(installed) == {"b@1.0.0", "c@1.0.0"}
    assert registry.requests == []


def test_hazard_17_changed_range_is_not_served_from_the_lock(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.manifest(dependencies={"a": "^1.1.0", "b": "^1"})
    installed.graft("install")
    assert nodes(installed) == {"a@1.1.0", "b@1.0.0", "c@1.0.0", "d@1.0.0"}
    assert asked(registry) == {"/a", "/d", "/a/-/a-1.1.0.tgz", "/d/-/d-1.0.0.tgz"}


def test_hazard_17_entries_that_nobody_needs_are_dropped(installed: Project) -> None:
    lock = installed.lock
    lock["nodes"]["stale@1.0.0"] = lock["nodes"]["c@1.0.0"]
    installed.write("graft-lock.json", lock)
    installed.graft("install")
    assert nodes(installed) == {"a@1.0.0", "b@1.0.0", "c@1.0.0"}


def test_a_requirement_that_moves_between_sections_keeps_its_version(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.manifest(dependencies={"a": "^1"}, devDependencies={"b": "^1"})
    installed.graft("install")
    assert installed.lock["importers"]["."]["b"] == ["dev", "^1", "b@1.0.0"]
    assert registry.requests == []


@pytest.mark.parametrize("command", [["ci"], ["install", "--frozen-lockfile"]])
def test_hazard_18_a_frozen_lock_that_is_stale_says_why(
    installed: Project, registry: LocalRegistry, command: list[str]
) -> None:
    installed.manifest(dependencies={"a": "^1.1.0", "new": "1"}, devDependencies={"c": "^1"})
    before = snapshot(installed.dir)
    failed = installed.graft(*command, "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (11, "lock-stale")
    assert error["why"] == [
        "package.json asks for a@^1.1.0, and the lock answers '^1', which gave 1.0.0, not '^1.1.0'",
        "package.json asks for c@^1, and the lock has nothing for it",
        "package.json asks for new@1, and the lock has nothing for it",
        "package.json no longer asks for b, and the lock still holds it (^1)",
    ]
    assert snapshot(installed.dir) == before and registry.requests == []


def test_a_lock_that_was_edited_is_checked_below_the_project_too(installed: Project) -> None:
    text = installed.read("graft-lock.json").replace('"^1","c@', '"^2","c@', 1)
    installed.write("graft-lock.json", text)
    error = installed.graft("ci", "--json", check=False).json["error"]
    assert error["why"] == ["a@1.0.0 asks for c@^2, and the lock gives it c@1.0.0"]


def test_a_frozen_lock_is_never_written(installed: Project) -> None:
    """Not even to bring its text, here with other white space, to the usual form."""
    text = json.dumps(installed.lock, indent=2).replace("\n", "\r\n")
    installed.write("graft-lock.json", text)
    installed.remove("node_modules")
    installed.graft("ci")
    assert installed.path("graft-lock.json").read_bytes() == text.encode()
    assert installed.graft("ci", "--json").json["upToDate"]
    installed.graft("install", "--force")
    assert installed.path("graft-lock.json").read_bytes() != text.encode()


def test_frozen_without_a_lock(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("ci", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (10, "lock-missing")
    assert registry.requests == [] and not project.exists("node_modules")


def test_offline_installs_what_was_installed_before(
    installed: Project, registry: LocalRegistry
) -> None:
    links = installed.links()
    installed.remove("node_modules")
    installed.graft("install", "--offline")
    assert installed.links() == links and registry.requests == []
    # Without the lock too: the packuments are in the cache.
    installed.remove("node_modules")
    installed.remove("graft-lock.json")
    installed.graft("install", "--offline")
    assert installed.links() == links and registry.requests == []


def test_offline_says_what_is_not_there(
    machine: Machine, installed: Project, registry: LocalRegistry
) -> None:
    before = snapshot(installed.dir)
    failed = installed.graft("add", "d", "--offline", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (44, "offline-missing")
    assert "packument of d" in failed.json["error"]["message"]
    assert snapshot(installed.dir) == before
    installed.remove("node_modules")
    elsewhere = {"GRAFT_HOME": str(machine.root / "empty")}
    failed = installed.graft("ci", "--offline", "--json", check=False, env=elsewhere)
    assert (failed.code, failed.json["error"]["code"]) == (44, "offline-missing")
    assert not installed.exists("node_modules") and registry.requests == []


def test_prefer_offline_uses_what_the_cache_has_and_asks_for_the_rest(
    installed: Project, registry: LocalRegistry
) -> None:
    installed.remove("graft-lock.json")
    installed.manifest(dependencies={"a": "^1", "d": "1"})
    installed.graft("install", "--prefer-offline")
    assert nodes(installed) == {"a@1.0.0", "c@1.0.0", "d@1.0.0"}
    assert asked(registry) == {"/d", "/d/-/d-1.0.0.tgz"}


def test_lockfile_only_writes_the_lock_and_nothing_else(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    project.manifest()
    project.graft("add", "a", "--lockfile-only")
    assert sorted(path.name for path in project.dir.iterdir()) == [
        "graft-lock.json",
        "package.json",
    ]
    assert project.json("package.json")["dependencies"] == {"a": "^1.0.0"}
    assert registry.tarball_requests == []
    project.graft("ci")
    assert project.node("console.log(require('a').version)") == "1.0.0"
