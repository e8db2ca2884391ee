"""Engines: packages, and the project, that are not for the node that runs here."""

from __future__ import annotations

from typing import Any

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry

_NODE = """#!/bin/sh
echo x >> {log}
printf '%s\\n' {program} {version} 108
"""

pytestmark = pytest.mark.usefixtures("old")


def give_node(machine: Machine, version: str) -> Any:
    """A node that can say what it is, first on the path; where it counts how often it was asked."""
    folder = machine.root / f"node-{version}"
    folder.mkdir()
    program, log = folder / "node", folder / "asked"
    program.write_text(_NODE.format(program=program, version=version, log=log))
    program.chmod(0o755)
    machine.env["PATH"] = f"{folder}:/usr/bin:/bin"
    return log


@pytest.fixture
def old(machine: Machine, registry: LocalRegistry) -> Any:
    registry.publish("new@1.0.0", engines={"node": ">=20"})
    registry.publish("kit@1.0.0", dependencies={"new": "1"}, engines={"node": ">=10"})
    registry.publish("plain@1.0.0")
    return give_node(machine, "18.20.0")


def notes(said: dict[str, Any]) -> list[tuple[str, str]]:
    found = [note for note in said["notes"] if note["code"] == "engine-unsupported"]
    return [(note["message"], note["where"]) for note in found]


def test_hazard_19_a_package_that_is_for_another_node_is_noted(project: Project, old: Any) -> None:
    project.manifest(dependencies={"kit": "1"})
    said = project.graft("install", "--json").json
    assert notes(said) == [("new@1.0.0 is for node >=20; this is 18.20.0", "kit@1.0.0 > new@1.0.0")]
    assert project.lock["nodes"]["new@1.0.0"]["node"] == ">=20"
    # For a lock as well; not where there is nothing to do.
    project.remove("node_modules")
    assert notes(project.graft("ci", "--json").json) == notes(said)
    assert notes(project.graft("ci", "--json").json) == []
    assert old.read_text().count("x") == 1


def test_engine_strict_is_an_error_that_lists_all(project: Project) -> None:
    project.manifest(dependencies={"kit": "1"}, engines={"node": ">=22"})
    with project.machine.npmrc.open("a") as file:
        file.write("engine-strict=true\n")
    done = project.graft("install", "--json", check=False)
    assert done.code == 22
    error = done.json["error"]
    assert error["code"] == "engine-unsupported"
    assert [line.partition(" (")[0] for line in error["why"]] == [
        "the project is for node >=22; this is 18.20.0",
        "new@1.0.0 is for node >=20; this is 18.20.0",
    ]
    assert not project.exists("node_modules") and not project.exists("graft-lock.json")
    assert project.graft("install", "--no-engine-strict").code == 0
    # No road goes around it, though all is installed.
    assert project.graft("install", check=False).code == 22
    project.remove("node_modules")
    assert project.graft("install", check=False).code == 22


def test_an_optional_package_for_another_node_is_left_out(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("speedup@1.0.0", dependencies={"new": "1"})
    registry.publish("host@1.0.0", optional={"speedup": "1", "plain": "1"})
    project.manifest(dependencies={"host": "1"}, optionalDependencies={"new": "1"})
    project.write(".npmrc", "engine-strict=true\n")
    assert notes(project.graft("install", "--json").json) == []
    # The lock has it, for those with another node; here only what runs is linked.
    assert "new@1.0.0" in project.lock["nodes"]
    assert set(project.links()) == {"app", "host"}
    assert registry.count("/speedup/-/speedup-1.0.0.tgz") <= 1
    script = project.path("node_modules/host").resolve().parent
    assert sorted(entry.name for entry in script.iterdir()) == ["host", "plain"]


def test_another_node_gets_what_was_left_out(project: Project, machine: Machine) -> None:
    project.manifest(optionalDependencies={"new": "1"})
    project.graft("install")
    assert set(project.links()) == {"app"}
    lock = project.read("graft-lock.json")
    give_node(machine, "22.1.0")
    project.graft("install", "--force")
    assert set(project.links()) == {"app", "new"}
    assert project.read("graft-lock.json") == lock


def test_what_is_required_too_is_not_left_out(project: Project) -> None:
    project.manifest(dependencies={"kit": "1"}, optionalDependencies={"new": "1"})
    said = project.graft("install", "--json").json
    assert len(notes(said)) == 1
    assert set(project.links()) == {"app", "kit", "new"}


def test_node_is_asked_only_where_a_package_has_engines(project: Project, old: Any) -> None:
    project.manifest(dependencies={"plain": "1"})
    project.graft("install")
    assert not old.exists()


def test_without_node_nothing_is_checked(project: Project, machine: Machine) -> None:
    machine.env["PATH"] = str(machine.root)
    project.manifest(dependencies={"kit": "1"}, optionalDependencies={"new": "1"})
    said = project.graft("install", "--engine-strict", "--json").json
    assert notes(said) == []
    assert set(project.links()) == {"app", "kit", "new"}


def test_a_prerelease_of_node_is_as_good_as_a_release(project: Project, machine: Machine) -> None:
    give_node(machine, "21.0.0-nightly1")
    project.manifest(dependencies={"kit": "1"})
    assert notes(project.graft("install", "--json").json) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"engines": {"node": ">=22"}}, ["the project is for node >=22; this is 18.20.0"]),
        ({"engines": {"node": ">=18"}}, []),
        (
            {"devEngines": {"runtime": {"name": "node", "version": "^20"}}},
            ["the project is for node ^20; this is 18.20.0"],
        ),
        ({"devEngines": {"runtime": [{"name": "deno", "version": "^2"}]}}, []),
        ({"devEngines": {"runtime": {"name": "node", "version": "^20", "onFail": "ignore"}}}, []),
        (
            {"devEngines": {"packageManager": [{"name": "pnpm"}, {"name": "npm"}]}},
            ["the project is to be installed by pnpm or npm; this is graft"],
        ),
        ({"engines": "any", "devEngines": [1]}, []),
    ],
)
def test_what_the_project_says_of_itself(
    project: Project, fields: dict[str, Any], told: list[str]
) -> None:
    project.manifest(dependencies={"plain": "1"}, **fields)
    said = project.graft("install", "--json").json
    assert [message for message, _ in notes(said)] == told


@pytest.mark.parametrize("engines", [["node >=99"], "node", {"node": 1}, {"node": "huh?"}, {}])
def test_old_forms_of_engines_say_nothing(
    project: Project, registry: LocalRegistry, engines: Any
) -> None:
    registry.publish("odd@1.0.0", engines=engines)
    project.manifest(dependencies={"odd": "1"})
    assert notes(project.graft("install", "--json").json) == []
    assert "node" not in project.lock["nodes"]["odd@1.0.0"]


def test_a_lock_without_engines_stays_as_it_is(project: Project) -> None:
    """As graft wrote it before it knew of them."""
    project.manifest(dependencies={"kit": "1"})
    project.graft("install")
    before = project.read("graft-lock.json")
    bare = before.replace(',"node":">=20"', "").replace(',"node":">=10"', "")
    assert bare != before and '"node"' not in bare
    project.write("graft-lock.json", bare)
    assert notes(project.graft("install", "--json").json) == []
    assert project.read("graft-lock.json") == bare


def test_full_and_short_packuments_give_the_same_lock(
    project: Project, registry: LocalRegistry
) -> None:
    project.manifest(dependencies={"kit": "1"})
    project.graft("install", "--lockfile-only")
    registry.plain()
    other = project.sibling("other", dependencies={"kit": "1"})
    other.graft("install", "--lockfile-only", env={"GRAFT_HOME": str(project.dir / "home")})
    assert other.read("graft-lock.json") == project.read("graft-lock.json")
