"""``graft outdated``."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    for name in ("a", "b", "c", "same"):
        registry.publish(f"{name}@1.0.0")
    project.manifest(
        dependencies={"a": "^1", "same": "^1"},
        devDependencies={"b": "~1.0.0", "old": "npm:c@^1"},
    )
    project.graft("install")
    for spec in ("a@1.1.0", "a@2.0.0", "b@1.1.0", "c@1.2.0"):
        registry.publish(spec)
    return project


def fresh(project: Project, *arguments: str, code: int = 1) -> list[str]:
    """What it prints once nothing is known from before."""
    project.machine.env["GRAFT_HOME"] = str(project.machine.root / "elsewhere")
    done = project.graft("outdated", *arguments, check=False)
    assert done.code == code, str(done)
    return done.stdout.splitlines()


def test_what_is_not_the_newest_is_listed_and_ends_with_one(installed: Project) -> None:
    before = snapshot(installed.dir)
    assert fresh(installed) == [
        "package  current  wanted  latest  kind",
        "a        1.0.0    1.1.0   2.0.0   prod",
        "b        1.0.0    1.0.0   1.1.0   dev",
        "old (c)  1.0.0    1.2.0   1.2.0   dev",
    ]
    assert snapshot(installed.dir) == before


def test_nothing_is_outdated(installed: Project) -> None:
    assert fresh(installed, "same", code=0) == []
    assert installed.graft("outdated", "same", "--json").json == {}


def test_outdated_as_json(installed: Project) -> None:
    fresh(installed)
    done = installed.graft("outdated", "--json", check=False)
    assert done.code == 1
    assert done.json["a"] == {
        "current": "1.0.0",
        "wanted": "1.1.0",
        "latest": "2.0.0",
        "package": "a",
        "specifier": "^1",
        "kind": "prod",
        "importer": ".",
    }
    assert done.json["old"]["package"] == "c" and list(done.json) == ["a", "b", "old"]


def test_kinds_are_chosen(installed: Project) -> None:
    fresh(installed)
    prod = installed.graft("outdated", "--prod", "--json", check=False).json
    dev = installed.graft("outdated", "--dev", "--json", check=False).json
    assert (list(prod), list(dev)) == (["a"], ["b", "old"])
    assert installed.graft("outdated", "--prod", "--dev", check=False).code == 2


def test_one_packument_for_each_direct_dependency(
    installed: Project, registry: LocalRegistry
) -> None:
    registry.clear_log()
    fresh(installed)
    asked = sorted(request.path for request in registry.requests)
    assert asked == ["/a", "/b", "/c", "/same"]
    registry.clear_log()
    assert installed.graft("outdated", check=False).code == 1
    assert registry.requests == []  # what was heard a moment ago still counts


def test_wanted_is_what_an_update_gives(project: Project, registry: LocalRegistry) -> None:
    """Latest before newest, and what is not deprecated before what is."""
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        registry.publish(f"tagged@{version}")
        registry.publish(f"worn@{version}", deprecated="broken" if version == "1.2.0" else "")
        registry.publish(f"forced@{version}")
    registry.tag("tagged", "latest", "1.1.0")
    project.manifest(
        dependencies={"tagged": "1.0.0", "worn": "1.0.0", "forced": "1.0.0"},
        overrides={"forced": "1.0.0"},
    )
    project.graft("install")
    project.manifest(dependencies={"tagged": "^1", "worn": "^1", "forced": "1.0.0"})
    said = project.graft("outdated", "--json", check=False).json
    assert {name: entry["wanted"] for name, entry in said.items()} == {
        "forced": "1.0.0",
        "tagged": "1.1.0",
        "worn": "1.1.0",
    }
    project.graft("update")
    assert project.graft("outdated", "tagged").code == 0


def test_a_deprecated_version_is_marked_even_if_it_is_the_latest(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("gone@1.0.0", deprecated="use something else")
    project.manifest(dependencies={"gone": "1"})
    project.graft("install")
    done = project.graft("outdated", check=False)
    assert done.code == 1
    assert done.stdout.splitlines()[1].split() == [
        *("gone", "1.0.0", "(deprecated)", "1.0.0", "1.0.0", "prod")
    ]
    said = project.graft("outdated", "--json", check=False).json
    assert said["gone"]["deprecated"] == "use something else"


def test_a_newer_version_than_the_latest_is_not_outdated(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0-rc.1", tag="next")
    registry.tag("a", "latest", "1.0.0")
    project.manifest(dependencies={"a": "next"})
    project.graft("install")
    assert project.graft("outdated").stdout == ""


def test_what_is_not_installed_is_missing(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    done = project.graft("outdated", check=False)
    assert done.code == 1 and done.stdout.splitlines()[1].split()[:3] == ["a", "missing", "1.0.0"]
    assert not project.exists("graft-lock.json") and not project.store.exists()


def test_all_members_of_a_workspace_are_looked_at(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")
    project.manifest(workspaces=["packages/*"], dependencies={"a": "1"})
    project.manifest("packages/one", name="one", dependencies={"a": "1"})
    project.manifest("packages/two", name="two", dependencies={"a": "2", "one": "workspace:*"})
    project.graft("install")
    done = project.graft("outdated", check=False)
    assert [line.split()[-1] for line in done.stdout.splitlines()] == [
        *("importer", ".", "packages/one")
    ]
    said = project.graft("outdated", "--json", check=False).json
    assert [entry["importer"] for entry in said["a"]] == [".", "packages/one"]


def test_a_name_that_nobody_asks_for(installed: Project) -> None:
    done = installed.graft("outdated", "sam", "--json", check=False)
    assert done.code == 25
    assert done.json["error"]["fix"] == "did you mean 'same'?"


def test_offline_it_needs_what_is_cached(installed: Project, registry: LocalRegistry) -> None:
    registry.clear_log()
    assert installed.graft("outdated", "--offline").code == 0  # as of the install
    installed.machine.env["GRAFT_HOME"] = str(installed.machine.root / "elsewhere")
    done = installed.graft("outdated", "--offline", "--json", check=False)
    assert (done.code, done.json["error"]["code"]) == (44, "offline-missing")
    assert registry.requests == []
