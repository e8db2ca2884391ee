"""Folders beside the project that are linked to, and the commands ``link`` and ``unlink``."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for package in ("lib@1.0.0", "lib@1.5.0", "lib@2.0.0", "a@1.0.0"):
        registry.publish(package)


def library(project: Project, name: str = "lib", **fields: Any) -> None:
    project.write(f"../{name}/package.json", {"name": name, "version": "1.2.0", **fields})
    project.write(f"../{name}/index.js", "exports.said = 'linked'")


def notes(project: Project, *command: str) -> list[str]:
    said = project.graft(*(command or ("install",)), "--json").json["notes"]
    return [note["message"] for note in said if note["code"] == "link-bare"]


# Folders that are linked to


def test_a_folder_that_lacks_what_it_asks_for_is_noted_until_it_has_it(project: Project) -> None:
    library(
        project,
        dependencies={"a": "1"},
        peerDependencies={"peer": "1", "choice": "1"},
        peerDependenciesMeta={"choice": {"optional": True}},
        optionalDependencies={"maybe": "1"},
        devDependencies={"peer": "1", "choice": "1", "tool": "1"},
    )
    project.manifest(dependencies={"lib": "link:../lib"})
    message = "../lib is linked to, and what it asks for is not installed there: a, peer"
    assert notes(project, "install", "--dry-run") == [message]
    assert notes(project) == [message]
    assert notes(project) == [message]  # up to date, and still so
    assert not project.exists("node_modules/.graft/stamp")
    project.write("../lib/node_modules/a/package.json", {})
    project.write("../node_modules/peer/package.json", {})
    assert notes(project) == []
    assert project.exists("node_modules/.graft/stamp")


def test_an_edit_of_the_folders_manifest_is_seen(project: Project) -> None:
    """It decides what is linked, though it lies outside of the project."""
    project.write("../lib/index.js", "")
    project.manifest(dependencies={"lib": "link:../lib"})
    for _ in range(2):  # a lock that was written just now is too young for a stamp
        project.graft("install")
    assert "../lib/package.json" in project.read("node_modules/.graft/stamp")
    library(project, bin={"tool": "index.js"})
    project.graft("install")
    assert ".bin/tool" in project.links()
    assert project.graft("install", "--json").json["upToDate"]
    library(project, bin={"other": "index.js"})
    assert not project.graft("ci", "--json").json["upToDate"]
    assert ".bin/other" in project.links() and ".bin/tool" not in project.links()
