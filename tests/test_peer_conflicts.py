"""Peer conflicts: who is told what of them, which settings decide, and the edits that mend them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


def publish(registry: LocalRegistry, name: str, *versions: str, **facts: Any) -> None:
    for version in versions:
        registry.publish(f"{name}@{version}", **facts)


def conflicts(project: Project, *flags: str) -> list[dict[str, Any]]:
    done = project.graft("peers", "check", "--json", *flags, check=False)
    assert done.code == (1 if done.json["conflicts"] else 0)
    found: list[dict[str, Any]] = done.json["conflicts"]
    return found


def make(project: Project, fix: str) -> None:
    """Do what a fix says."""
    if fix.startswith("graft "):
        project.graft(*shlex.split(fix)[1:])
        return
    line = fix.removeprefix("add to package.json: ")
    project.manifest(**json.loads(f"{{{line}}}"))
    project.graft("install")


@pytest.fixture
def mismatch(project: Project, registry: LocalRegistry) -> Project:
    """kit brings dom, which is content with react 17 alone, and so is every dom that there is."""
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("other@1.0.0", peers={"react": "^18.0.0"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1"})
    project.manifest(dependencies={"kit": "1", "other": "1", "react": "^18.0.0"})
    return project


# What is told


def test_who_asks_who_provides_and_what_mends_it(mismatch: Project) -> None:
    mismatch.graft("install")
    assert conflicts(mismatch) == [
        {
            "asks": "dom@1.0.0",
            "peer": "react",
            "range": "^17.0.0",
            "path": ["kit@1.0.0", "dom@1.0.0"],
            "provided": "react@18.0.0",
            "providedBy": "package.json",
            "why": "package.json provides react@18.0.0: it asks for ^18.0.0",
            "fix": 'add to package.json: "overrides": {"dom": {"react": "$react"}}',
        }
    ]
    shown = mismatch.graft("peers", "check", check=False).stdout
    assert shown == (
        "dom@1.0.0 asks for react@^17.0.0, got react@18.0.0\n"
        "  path  kit@1.0.0 > dom@1.0.0\n"
        "  why   package.json provides react@18.0.0: it asks for ^18.0.0\n"
        '  fix   add to package.json: "overrides": {"dom": {"react": "$react"}}\n'
    )


def test_a_project_without_conflicts(project: Project, registry: LocalRegistry) -> None:
    registry.publish("react@18.0.0")
    registry.publish("dom@1.0.0", peers={"react": ">=17"})
    project.manifest(dependencies={"dom": "1"})
    # It needs neither lock nor installation, and makes none.
    assert conflicts(project) == []
    assert not project.exists("graft-lock.json")


def test_the_provider_may_be_a_package_on_the_path(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^18.0.0"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1", "react": "17.0.0"})
    registry.publish("host@1.0.0", dependencies={"plugin": "1"})
    registry.publish("plugin@1.0.0", peers={"host": "^2"})
    project.manifest(dependencies={"kit": "1", "react": "18.0.0", "host": "1"})
    dom, plugin = conflicts(project)
    assert dom["providedBy"] == "kit@1.0.0"
    assert dom["why"] == "kit@1.0.0 provides react@17.0.0: it asks for 17.0.0"
    assert plugin["why"] == "host@1.0.0 is on the path itself: host@1.0.0"


def test_hazard_30_notes_come_from_the_lock_as_well(mismatch: Project) -> None:
    """In JSON too; and not where there is nothing to do."""
    first = mismatch.graft("install", "--json").json["notes"]
    assert [note["code"] for note in first] == ["peer-mismatch"]
    other = mismatch.sibling("other", dependencies=mismatch.json("package.json")["dependencies"])
    other.write("graft-lock.json", mismatch.read("graft-lock.json"))
    assert other.graft("ci", "--json").json["notes"] == first
    assert other.graft("ci", "--json").json["notes"] == []


def test_a_conflict_in_two_contexts_is_told_once(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "18.0.0")
    publish(registry, "theme", "1.0.0", "2.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0", "theme": "*"})
    for name, theme in (("one", "1.0.0"), ("two", "2.0.0")):
        registry.publish(f"{name}@1.0.0", dependencies={"dom": "1", "theme": theme})
    project.manifest(dependencies={"one": "1", "two": "1", "react": "18.0.0"})
    project.graft("install")
    assert len([id for id in project.lock["nodes"] if id.startswith("dom")]) == 2
    assert [found["path"] for found in conflicts(project)] == [["one@1.0.0", "dom@1.0.0"]]


# What mends it


def fixed(project: Project) -> str:
    """The fix of the one conflict that there is. It is tried: afterwards there is none."""
    (found,) = conflicts(project)
    make(project, found["fix"])
    assert conflicts(project) == []
    return str(found["fix"])


def test_the_newest_version_of_who_asks_that_is_content(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("dom@2.0.0", peers={"react": "^17.0.0 || ^18.0.0"})
    registry.publish("dom@2.1.0", peers={"react": "^18.0.0"})
    registry.publish("dom@2.2.0", peers={"react": "^18.0.0"}, deprecated="broken")
    registry.publish("dom@3.0.0", peers={"react": "^19.0.0"})
    project.manifest(dependencies={"react": "^18.0.0"}, devDependencies={"dom": "^1.0.0"})
    project.graft("install")
    assert fixed(project) == "graft add dom@^2.1.0"
    assert project.json("package.json")["devDependencies"] == {"dom": "^2.1.0"}


def test_behind_an_alias(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("dom@2.0.0", peers={"react": "^18.0.0"})
    project.manifest(dependencies={"react": "^18.0.0", "old": "npm:dom@^1.0.0"})
    assert fixed(project) == "graft add old@npm:dom@^2.0.0"


def test_an_update_where_the_ranges_allow_it(project: Project, registry: LocalRegistry) -> None:
    registry.max_age = 0
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("kit@1.0.0", dependencies={"dom": "^1.0.0"})
    project.manifest(dependencies={"kit": "1", "react": "^18.0.0"})
    project.graft("install")
    registry.publish("dom@1.1.0", peers={"react": "^18.0.0"})
    assert fixed(project) == "graft update dom"


def test_the_provider_in_a_version_with_which_all_are_content(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "eslint", "7.0.0", "8.0.0", "8.5.0", "9.0.0")
    registry.publish("plugin@1.0.0", peers={"eslint": "^7.0.0 || ^8.0.0"})
    registry.publish("config@1.0.0", peers={"eslint": ">=8"})
    project.manifest(devDependencies={"eslint": "^9.0.0", "plugin": "1", "config": "1"})
    project.graft("install")
    assert fixed(project) == "graft add eslint@^8.5.0"


def test_what_brings_another_conflict_is_not_proposed(
    project: Project, registry: LocalRegistry
) -> None:
    """The newer dom is content with react, and its helper is not."""
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("dom@2.0.0", peers={"react": "^18.0.0"}, dependencies={"helper": "1"})
    registry.publish("helper@1.0.0", peers={"react": "^16.0.0"})
    project.manifest(dependencies={"dom": "^1.0.0", "react": "^18.0.0"})
    assert fixed(project).startswith("add to package.json: ")


def test_a_newer_version_of_what_brings_the_one_that_asks(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("dom@2.0.0", peers={"react": "^18.0.0"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1.0.0"})
    registry.publish("kit@2.0.0", dependencies={"dom": "2.0.0"})
    project.manifest(dependencies={"kit": "^1.0.0", "react": "^18.0.0"})
    assert fixed(project) == "graft add kit@^2.0.0"


def test_an_older_version_is_proposed_if_it_says_that_it_is_content(
    project: Project, registry: LocalRegistry
) -> None:
    """And not one from before it said anything."""
    publish(registry, "eslint", "8.0.0", "9.0.0")
    registry.publish("plugin@1.0.0")
    registry.publish("plugin@2.0.0", peers={"eslint": "^8.0.0"})
    registry.publish("plugin@3.0.0", peers={"eslint": "^9.0.0"})
    registry.publish("old@1.0.0")
    registry.publish("old@2.0.0", peers={"eslint": "^7.0.0"})
    registry.publish("strict@1.0.0", peers={"eslint": "^8.0.0"})
    project.manifest(dependencies={"eslint": "8.0.0", "plugin": "3", "old": "2", "strict": "1"})
    old, plugin = conflicts(project)
    assert plugin["fix"] == "graft add plugin@^2.0.0"
    assert old["fix"].startswith("add to package.json: ")


def test_what_does_not_help_is_not_proposed(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    publish(registry, "kit", "1.0.0", "2.0.0", dependencies={"dom": "1.0.0"})
    project.manifest(dependencies={"kit": "^1.0.0", "react": "^18.0.0"})
    assert fixed(project).startswith("add to package.json: ")


def test_a_peer_that_no_registry_has(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", peers={"absent": "1"})
    registry.publish("b@1.0.0", peers={"c": "^9"})
    registry.publish("c@1.0.0")
    project.manifest(dependencies={"a": "1", "b": "1"})
    absent, c = conflicts(project)
    assert absent["fix"] == (
        'add to package.json: "packageExtensions": '
        '{"a": {"peerDependenciesMeta": {"absent": {"optional": true}}}}'
    )
    assert c["fix"] == 'add to package.json: "overrides": {"b": {"c": "^1.0.0"}}'
    for found in (absent, c):
        make(project, found["fix"])
    assert conflicts(project) == []


def test_without_the_registry_an_edit_of_package_json_is_left(mismatch: Project) -> None:
    mismatch.graft("install")
    mismatch.machine.run(["rm", "-rf", str(mismatch.machine.cache)])
    (found,) = conflicts(mismatch, "--offline")
    assert found["fix"].startswith('add to package.json: "overrides"')


# Strict


def test_strict_peer_deps_refuses_every_conflict_and_changes_nothing(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("lone@1.0.0", peers={"absent": "1"})
    project.manifest(dependencies={"dom": "1", "lone": "1", "react": "18.0.0"})
    done = project.graft("install", "--strict-peer-deps", "--json", check=False)
    assert done.code == 29
    error = done.json["error"]
    assert error["code"] == "peer-conflict"
    assert error["message"].startswith("2 peers are missing or out of range")
    assert [line for line in error["why"] if not line.startswith(" ")] == [
        "dom@1.0.0 asks for react@^17.0.0, got react@18.0.0 (dom@1.0.0)",
        "no version of absent is in '1', which lone@1.0.0 asks for (lone@1.0.0)",
    ]
    assert any("fix: " in line for line in error["why"])
    assert not project.exists("node_modules") and not project.exists("graft-lock.json")


def test_one_conflict_is_told_in_the_singular(mismatch: Project) -> None:
    said = mismatch.graft("install", "--strict-peer-deps", check=False).stderr
    assert "a peer is missing or out of range, and strict-peer-deps allows none" in said


@pytest.mark.parametrize("place", ["user", "project", "environment"])
def test_strict_peer_deps_as_a_setting(mismatch: Project, place: str) -> None:
    mismatch.graft("install")
    env = {"npm_config_strict_peer_deps": "true"} if place == "environment" else {}
    if place == "user":
        with mismatch.machine.npmrc.open("a") as file:
            file.write("strict-peer-deps=true\n")
    if place == "project":
        mismatch.write(".npmrc", "strict-peer-deps=true\n")
    # Also where all is installed, for a lock, and in a second folder: no road goes around it.
    for arguments in (["install"], ["ci"]):
        assert mismatch.graft(*arguments, env=env, check=False).code == 29
    mismatch.remove("node_modules")
    assert mismatch.graft("install", env=env, check=False).code == 29
    assert mismatch.graft("install", "--no-strict-peer-deps", env=env).code == 0


def test_strict_peer_deps_is_content_with_what_fits(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("react@18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "18", "vue": "*"}, optional_peers=["vue"])
    project.manifest(dependencies={"dom": "1"})
    project.graft("install", "--strict-peer-deps")
    assert project.graft("install", "--strict-peer-deps", "--json").json["upToDate"]


# Legacy


@pytest.fixture
def legacy(project: Project, registry: LocalRegistry) -> Project:
    publish(registry, "react", "17.0.0", "18.0.0")
    publish(registry, "vue", "3.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0", "vue": "3"})
    registry.publish("new@1.0.0", peers={"vue": "3"})
    project.manifest(dependencies={"dom": "1", "react": "18.0.0"})
    return project


def test_legacy_peer_deps_adds_none_and_says_nothing(legacy: Project) -> None:
    said = legacy.graft("install", "--legacy-peer-deps", "--json").json
    assert said["notes"] == []
    # What is there is linked all the same: nothing else would find it.
    assert set(legacy.lock["nodes"]) == {"dom@1.0.0(react@18.0.0)", "react@18.0.0"}
    assert legacy.lock["legacyPeers"] is True
    # Who asks is told.
    assert [(c["peer"], c.get("provided")) for c in conflicts(legacy)] == [
        ("react", "react@18.0.0"),
        ("vue", None),
    ]


def test_a_lock_remembers_legacy_peer_deps(legacy: Project) -> None:
    """So that an edit by somebody without that setting does not resolve the world."""
    legacy.graft("install", "--legacy-peer-deps")
    legacy.graft("add", "new")
    assert set(legacy.lock["nodes"]) == {"dom@1.0.0(react@18.0.0)", "react@18.0.0", "new@1.0.0"}
    legacy.graft("remove", "new")
    before = legacy.read("graft-lock.json")
    legacy.graft("install")
    assert legacy.read("graft-lock.json") == before


def test_a_flag_makes_a_lock_the_other_way(legacy: Project) -> None:
    legacy.graft("install")
    before = legacy.read("graft-lock.json")
    assert "vue@3.0.0" in legacy.lock["nodes"]
    legacy.graft("install", "--legacy-peer-deps")
    assert "vue@3.0.0" not in legacy.lock["nodes"]
    legacy.graft("install", "--no-legacy-peer-deps")
    assert legacy.read("graft-lock.json") == before


def test_a_setting_in_a_file_leaves_a_lock_that_answers_alone(legacy: Project) -> None:
    legacy.graft("install")
    before = legacy.read("graft-lock.json")
    legacy.write(".npmrc", "legacy-peer-deps=true\n")
    for flags in ([], ["--lockfile-only"]):
        assert legacy.graft("install", "--json", *flags).json["notes"] == []
        assert legacy.read("graft-lock.json") == before
    legacy.remove("graft-lock.json")
    legacy.graft("install")
    assert legacy.lock["legacyPeers"] is True


def test_ci_takes_a_lock_as_it_is_whatever_is_said_of_legacy_peers(legacy: Project) -> None:
    legacy.graft("install", "--lockfile-only")
    before = legacy.read("graft-lock.json")
    assert legacy.graft("ci", "--legacy-peer-deps", "--json").json["notes"] == []
    assert legacy.read("graft-lock.json") == before


def test_legacy_beats_strict(legacy: Project) -> None:
    legacy.graft("install", "--legacy-peer-deps", "--strict-peer-deps")


def test_what_is_remembered_of_resolving_is_not_taken_for_the_other_way(legacy: Project) -> None:
    legacy.graft("install")
    other = legacy.sibling("other", dependencies=legacy.json("package.json")["dependencies"])
    other.graft("install", "--legacy-peer-deps")
    assert other.lock["legacyPeers"] is True
    third = legacy.sibling("third", dependencies=legacy.json("package.json")["dependencies"])
    third.write(".npmrc", "legacy-peer-deps=true\n")
    third.graft("install")
    assert third.lock["legacyPeers"] is True


def test_a_peer_that_nobody_provides_is_named_with_the_version_to_add(legacy: Project) -> None:
    legacy.graft("install", "--legacy-peer-deps")
    vue = conflicts(legacy)[1]
    assert vue["fix"] == "graft add vue@^3.0.0"
    make(legacy, vue["fix"])
    assert [found["peer"] for found in conflicts(legacy)] == ["react"]
