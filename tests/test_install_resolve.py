"""Which versions an install chooses: ranges, tags, prereleases, aliases, and what is shared."""

from __future__ import annotations

import random

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


@pytest.mark.parametrize(
    ("specifier", "chosen"),
    [
        ("^1.0.0", "1.4.0"),
        ("~1.2", "1.2.9"),
        ("1.0.0", "1.0.0"),
        ("<1.2.5 || 3.x", "1.2.0"),
        ("", "2.0.0"),
        ("latest", "2.0.0"),
        ("next", "3.0.0-rc.1"),
        (">=3.0.0-0", "3.0.0-rc.1"),
    ],
)
def test_the_newest_version_in_the_range_is_chosen(
    project: Project, registry: LocalRegistry, specifier: str, chosen: str
) -> None:
    for version in ("1.0.0", "1.2.0", "1.2.9", "1.4.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("a@3.0.0-rc.1", tag="next")
    project.manifest(dependencies={"a": specifier})
    assert project.graft("install", "--json").json["direct"] == {"a": chosen}
    assert project.node("console.log(require('a').version)") == chosen


def test_hazard_14_latest_is_the_tag_and_not_the_highest_version(
    project: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0", "2.0.0"):
        registry.publish(f"a@{version}")
        registry.publish(f"b@{version}")
    registry.tag("a", "latest", "1.1.0")
    registry.tag("b", "latest", "1.1.0")
    project.manifest(dependencies={"a": "^1.0.0", "b": ">=1.2.0"})
    # In the range, the tag wins over what is newer; outside of it, it does not count.
    assert project.graft("install", "--json").json["direct"] == {"a": "1.1.0", "b": "2.0.0"}


def test_hazard_13_a_range_that_names_a_prerelease_gets_one(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("@babel/core@7.26.0", dependencies={"gensync": "^1.0.0-beta.2"})
    registry.publish("gensync@1.0.0-beta.1")
    registry.publish("gensync@1.0.0-beta.2")
    registry.publish("canary@0.0.0-a1")
    registry.publish("canary@0.0.0-a2")
    project.manifest(dependencies={"@babel/core": "^7.26.0", "canary": "*"})
    project.graft("install")
    assert nodes(project) == {"@babel/core@7.26.0", "gensync@1.0.0-beta.2", "canary@0.0.0-a2"}


def test_a_prerelease_behind_a_star_is_kept_by_the_lock(
    project: Project, registry: LocalRegistry
) -> None:
    registry.max_age = 0
    registry.publish("canary@0.0.0-a1")
    registry.publish("b@1.0.0", dependencies={"canary": "*"})
    registry.publish("c@1.0.0", dependencies={"canary": "^0.0.1"})
    project.manifest(dependencies={"canary": "*"})
    project.graft("install")
    registry.publish("canary@0.0.0-a2")
    registry.clear_log()
    project.graft("add", "b")
    assert nodes(project) == {"canary@0.0.0-a1", "b@1.0.0"}
    assert registry.count("/canary") == 0
    # A release that others need is no reason to move either.
    registry.publish("canary@0.0.1")
    project.graft("add", "c")
    project.graft("remove", "b")
    assert nodes(project) == {"canary@0.0.0-a1", "c@1.0.0", "canary@0.0.1"}
    assert project.node("console.log(require('canary').version)") == "0.0.0-a1"


def test_hazard_14_deprecated_versions_are_a_last_resort_and_noted(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0", deprecated="broken")
    registry.publish("b@1.0.0", deprecated="use c")
    project.manifest(dependencies={"a": "^1", "b": "^1"})
    said = project.graft("install", "--json").json
    assert said["direct"] == {"a": "1.0.0", "b": "1.0.0"}
    assert said["notes"] == [{"code": "deprecated", "message": "use c", "where": "b@1.0.0"}]


def test_hazard_14_a_deprecated_version_is_reported_once_with_a_path_that_asks_for_it(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("old@1.0.0", deprecated="use new")
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0", dependencies={"old": "1"})
    registry.publish("c@1.0.0", dependencies={"b": "1", "old": "1"})
    # What is left out is not spoken of.
    registry.publish("left@1.0.0", deprecated="broken", dependencies={"absent": "1"})
    project.manifest(dependencies={"a": "1", "c": "1"}, optionalDependencies={"left": "1"})
    said = project.graft("install", "--json").json
    assert said["notes"] == [
        {"code": "deprecated", "message": "use new", "where": "c@1.0.0 > old@1.0.0"}
    ]
    project.remove("node_modules")
    assert project.graft("install", "--json").json["notes"] == []


def test_hazard_12_aliases_at_the_root_and_below(project: Project, registry: LocalRegistry) -> None:
    registry.publish("lodash@3.0.0")
    registry.publish("lodash@4.0.0")
    registry.publish("@acme/real@1.0.0")
    registry.publish("user@1.0.0", dependencies={"hidden": "npm:@acme/real@^1"})
    project.manifest(dependencies={"old": "npm:lodash@^3", "lodash": "^4", "user": "1"})
    project.graft("install")
    assert nodes(project) == {"lodash@3.0.0", "lodash@4.0.0", "@acme/real@1.0.0", "user@1.0.0"}
    assert set(project.links()) == {"app", "lodash", "old", "user"}
    shown = project.node(
        "console.log(require('old').version, require('lodash').version, "
        "require('user').requires('hidden').name)"
    )
    assert shown == "3.0.0 4.0.0 @acme/real"
    assert registry.count("/old") == registry.count("/hidden") == 0


def test_hazard_15_the_root_keeps_its_older_version_beside_a_newer_one(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("b@1.0.0")
    registry.publish("b@2.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "^2"})
    project.manifest(dependencies={"a": "1", "b": "^1"})
    project.graft("install")
    script = "console.log(require('b').version, require('a').requires('b').version)"
    assert project.node(script) == "1.0.0 2.0.0"


def test_a_diamond_shares_what_is_already_chosen(project: Project, registry: LocalRegistry) -> None:
    registry.publish("left@1.0.0", dependencies={"shared": "1.2.0"})
    registry.publish("right@1.0.0", dependencies={"middle": "1"})
    registry.publish("middle@1.0.0", dependencies={"shared": "^1.0.0"})
    for version in ("1.2.0", "1.3.0"):
        registry.publish(f"shared@{version}")
    project.manifest(dependencies={"left": "1", "right": "1"})
    project.graft("install")
    assert {id for id in nodes(project) if id.startswith("shared")} == {"shared@1.2.0"}


def test_dependency_beats_peer_in_one_package(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"}, peers={"b": "^2"})
    registry.publish("b@1.0.0")
    registry.publish("b@2.0.0")
    project.manifest(dependencies={"a": "1", "b": "2"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", "b@1.0.0", "b@2.0.0"}
    assert project.node("console.log(require('a').requires('b').version)") == "1.0.0"


@pytest.mark.parametrize("field", ["bundleDependencies", "bundledDependencies"])
@pytest.mark.parametrize("names", [["inside"], True])
def test_hazard_29_bundled_dependencies_are_used_as_they_lie_in_the_archive(
    project: Project, registry: LocalRegistry, field: str, names: list[str] | bool
) -> None:
    inner = {
        "node_modules/inside/package.json": '{"name":"inside","version":"9.0.0"}',
        "node_modules/inside/index.js": "exports.version = '9.0.0'",
    }
    out = {"out": "1"} if names is not True else {}
    registry.publish(
        "a@1.0.0", dependencies={"inside": "^9", **out}, extra={field: names}, files=inner
    )
    registry.publish("inside@9.9.9")
    registry.abbreviated = field == "bundleDependencies"  # npm's own spelling, which that form has
    registry.publish("out@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", *(f"{name}@1.0.0" for name in out)}
    assert project.lock["nodes"]["a@1.0.0"]["bundled"] == ["inside"]
    assert registry.count("/inside") == 0
    script = "console.log(require('a').requires('inside').version)"
    assert project.node(script) == "9.0.0"
    # From the lock as well.
    before = project.read("graft-lock.json")
    project.graft("add", "out")
    assert project.read("graft-lock.json").count('"bundled":["inside"]') == 1
    project.graft("remove", "out")
    assert project.read("graft-lock.json") == before
    assert project.node(script) == "9.0.0"


def _publish_tangle(registry: LocalRegistry) -> dict[str, str]:
    """Packages whose shared dependencies could be had in several versions."""
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        registry.publish(f"leaf@{version}")
    for number in range(8):
        registry.publish(
            f"p{number}@1.0.0",
            dependencies={"leaf": ["^1", "1.0.0", "*", ">=1.5"][number % 4], "hub": "1"},
            peers={"host": "*"},
        )
    registry.publish("hub@1.0.0", dependencies={"leaf": "<2", "extra": "1"})
    registry.publish("extra@1.0.0", optional={"leaf": "^2"}, peers={"host": "^1"})
    registry.publish("host@1.0.0")
    registry.publish("host@2.0.0")
    return {f"p{number}": "1" for number in range(8)}


def test_hazard_20_the_order_of_arrival_does_not_matter(
    machine: Machine, project: Project, registry: LocalRegistry
) -> None:
    project.manifest(dependencies=_publish_tangle(registry))
    chance = random.Random(20)
    locks = set()
    for round in range(4):
        for name in ("leaf", "hub", "extra", "host", *(f"p{number}" for number in range(8))):
            registry.fault(f"/{name}", delay=chance.random() * 0.15)
        project.graft(
            "install", "--lockfile-only", env={"GRAFT_HOME": str(machine.root / f"{round}")}
        )
        locks.add(project.read("graft-lock.json"))
        project.remove("graft-lock.json")
        registry.clear_faults()
    assert len(locks) == 1


def test_the_order_of_the_manifest_does_not_matter(
    project: Project, registry: LocalRegistry
) -> None:
    wanted = _publish_tangle(registry)
    project.manifest(dependencies=wanted, devDependencies={"leaf": "*"})
    project.graft("install", "--lockfile-only")
    other = project.sibling("other", devDependencies={"leaf": "*"})
    other.manifest(dependencies=dict(reversed(wanted.items())))
    other.graft("install", "--lockfile-only")
    assert other.read("graft-lock.json") == project.read("graft-lock.json")
