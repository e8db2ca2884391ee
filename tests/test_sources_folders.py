"""Folders beside the project, asked for by ``file:``: snapshots of what npm would publish."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.archive import pack_files
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")


def library(project: Project, name: str = "lib", *, said: str = "first", **fields: Any) -> None:
    folder = f"../{name}"
    project.write(f"{folder}/package.json", {"name": name, "version": "1.0.0", **fields})
    project.write(f"{folder}/index.js", f"exports.said = {said!r}; exports.requires = require")


def said(project: Project, name: str = "lib") -> str:
    return project.node(f"console.log(require('{name}').said)")


def test_a_folder_with_what_it_asks_for(project: Project, registry: LocalRegistry) -> None:
    library(project, dependencies={"a": "^1"}, bin="index.js", devDependencies={"absent": "1"})
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    assert said(project) == "first" and ".bin/lib" in project.links()
    assert project.node("console.log(require('lib').requires('a').version)") == "1.0.0"
    entry = project.lock["nodes"]["lib@file:../lib#1.0.0"]
    assert entry["origin"] == "file:../lib" and "integrity" not in entry
    registry.clear_log()
    assert project.graft("install", "--json").json["upToDate"]
    assert project.graft("ci", "--json").json["upToDate"]
    assert registry.requests == []


def test_an_edit_of_a_file_is_taken_by_every_install_and_no_lock_changes(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    lock = project.read("graft-lock.json")
    for command, text in (("install", "second"), ("ci", "third")):
        library(project, said=text)
        report = project.graft(command, "--json").json
        assert not report["upToDate"] and report["notes"] == []
        assert said(project) == text and project.read("graft-lock.json") == lock
        assert project.graft(command, "--json").json["upToDate"]


def test_an_edit_of_what_it_asks_for_changes_the_lock(project: Project) -> None:
    library(project, dependencies={"a": "^1"})
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    library(project, dependencies={"a": "^2"})
    failed = project.graft("ci", "--json", check=False)
    assert failed.json["error"]["code"] == "lock-stale"
    assert "lib@file:../lib#1.0.0 has changed" in failed.json["error"]["why"][0]
    report = project.graft("install", "--json").json
    assert [note["code"] for note in report["notes"]] == ["source-changed"]
    assert project.node("console.log(require('lib').requires('a').version)") == "2.0.0"
    assert project.graft("ci", "--json").json["upToDate"]


def test_it_holds_what_npm_would_publish(project: Project) -> None:
    library(project, files=["dist"], bundleDependencies=["inside"], dependencies={"inside": "1"})
    for path in ("dist/x.js", "src/x.ts", "node_modules/other/package.json", ".npmrc", "README"):
        project.write(f"../lib/{path}", "{}")
    project.write("../lib/node_modules/inside/package.json", {"name": "inside", "version": "1.0.0"})
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    folder = project.path("node_modules/lib")
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {"README", "dist/x.js", "node_modules/inside/package.json", "package.json"}


def test_paths_within_are_relative_to_who_names_them(project: Project) -> None:
    library(project, "lib", dependencies={"near": "file:./near", "beside": "file:../beside"})
    library(project, "lib/near", said="near")
    project.write("../lib/near/package.json", {"name": "near", "version": "1.0.0"})
    library(project, "beside", said="beside", dependencies={"packed": "file:packed.tgz"})
    manifest = json.dumps({"name": "packed", "version": "1.0.0", "dependencies": {"a": "^1"}})
    project.write("../beside/packed.tgz", pack_files({"package.json": manifest, "index.js": ""}))
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    script = "const l = require('lib').requires; console.log(l('near').said, l('beside').said)"
    assert project.node(script) == "near beside"
    origins = {entry.get("origin", "") for entry in project.lock["nodes"].values()}
    assert origins == {"", "file:../lib", "file:../lib/near", "file:../beside"} | {
        "file:../beside/packed.tgz"
    }
    assert project.graft("ci", "--json").json["upToDate"]


def test_two_projects_beside_one_folder_share_its_slot(project: Project, machine: Machine) -> None:
    library(project)
    other = machine.project("other")
    for each in (project, other):
        each.manifest(dependencies={"lib": "file:../lib"})
        each.graft("install")
    assert other.links()["lib"] == project.links()["lib"]
    library(project, said="second")
    project.graft("install")
    assert (said(project), said(other)) == ("second", "first")


def test_a_second_folder_with_other_neighbours_gets_its_own(
    project: Project, machine: Machine
) -> None:
    """The same manifest and the same lock mean another folder there."""
    library(project)
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    other = machine.project("elsewhere/app")
    library(other, said="another")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    other.graft("install")
    assert (said(project), said(other)) == ("first", "another")


def test_a_folder_that_is_gone(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install")
    project.remove("../lib")
    for command in ("install", "ci"):
        failed = project.graft(command, "--json", check=False)
        assert (failed.code, failed.json["error"]["code"]) == (34, "source-missing")
    assert said(project) == "first"


def test_add_and_remove(project: Project) -> None:
    library(project)
    project.graft("add", "../lib")
    assert project.json("package.json")["dependencies"] == {"lib": "file:../lib"}
    project.graft("add", str(project.path("../lib").resolve()), "-D")
    assert project.json("package.json")["devDependencies"] == {"lib": "file:../lib"}
    project.graft("remove", "lib")
    assert not project.exists("node_modules/lib")


def test_force_and_dry_run(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "file:../lib"})
    project.graft("install", "--dry-run")
    assert not project.exists("node_modules") and not project.exists("graft-lock.json")
    project.graft("install", "--lockfile-only")
    project.graft("install", "--force")
    assert said(project) == "first"


@pytest.mark.parametrize("protocol", ["link", "portal"])
def test_a_link_to_a_folder_beside_the_project_is_a_link(
    project: Project, registry: LocalRegistry, protocol: str
) -> None:
    library(project, dependencies={"absent": "1"}, bin="index.js")
    registry.publish("user@1.0.0", peers={"lib": "^1"})
    project.manifest(dependencies={"lib": f"{protocol}:../lib", "user": "1"})
    project.graft("install")
    assert ".bin/lib" in project.links()
    assert project.path("node_modules/lib").resolve() == project.path("../lib").resolve()
    assert "lib@link:../lib" in project.lock["nodes"]
    library(project, said="edited")
    assert said(project) == "edited"
    assert project.node("console.log(require('user').requires('lib').said)") == "edited"
    project.graft("ci")
    assert project.graft("ci", "--json").json["upToDate"]
    project.graft("remove", "lib", "user")
    assert project.exists("../lib/index.js")
