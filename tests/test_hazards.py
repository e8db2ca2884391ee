"""Hazards of a store that all projects share, and of older package managers, that no other module
of tests is about. Each bears the number that it has in the list of hazards."""

from __future__ import annotations

import shutil

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def pair(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("leaf@1.0.0")
    registry.publish("tool@1.0.0", dependencies={"leaf": "1"}, bin={"tool": "bin.js"})
    project.manifest(dependencies={"tool": "1"})
    return project


def test_hazard_2_a_change_of_the_store_is_no_up_to_date(pair: Project, machine: Machine) -> None:
    """The project's links lead to the store that is in force now, not to another that exists."""
    pair.graft("install")
    other = machine.root / "other"
    said = pair.graft("install", "--json", env={"GRAFT_HOME": str(other)}).json
    assert not said["upToDate"]
    assert pair.path("node_modules/tool").resolve().is_relative_to(other)


def test_hazard_9_a_store_may_move_as_a_whole(
    pair: Project, machine: Machine, registry: LocalRegistry
) -> None:
    """Nothing in it names the place where it is; a project needs new links and no more."""
    pair.graft("install")
    moved = machine.root / "elsewhere" / "graft"
    moved.parent.mkdir()
    shutil.move(machine.graft_home, moved)
    machine.env["GRAFT_HOME"] = str(moved)
    registry.clear_log()
    said = pair.graft("install", "--json").json
    assert said["slots"] == 0 and registry.tarball_requests == []
    assert pair.node("console.log(require('tool').requires('leaf').version)") == "1.0.0"
    for link in (moved / "store").rglob("*"):
        if link.is_symlink():
            assert not link.readlink().is_absolute(), link


def test_hazard_9_names_of_slots_are_short_enough_for_every_file_system(
    project: Project, registry: LocalRegistry
) -> None:
    name = f"@{'s' * 100}/{'n' * 100}"
    version = f"1.0.0-{'x' * 200}.1"
    registry.publish("peer@1.0.0")
    registry.publish(f"{name}@{version}", dependencies={"peer": "1"})
    project.manifest(dependencies={name: version})
    project.graft("install")
    assert all(len(slot.name) <= 160 for slot in (project.store / "slots").iterdir())
    assert project.node(f"console.log(require('{name}').requires('peer').version)") == "1.0.0"


def test_hazard_8_an_archive_that_contradicts_its_packument_changes_no_graph(
    project: Project, registry: LocalRegistry, machine: Machine
) -> None:
    """What is linked is the packument's word and then the lock's, cold and warm alike; an archive
    that asks for other peers than was said gets none of them."""
    registry.publish("react@18.0.0")
    registry.publish("vue@3.0.0")
    lie = '{"name":"dom","version":"1.0.0","peerDependencies":{"vue":"3"}}'
    registry.publish("dom@1.0.0", peers={"react": "18"}, files={"package.json": lie})
    project.manifest(dependencies={"dom": "1", "react": "18", "vue": "3"})
    project.graft("install")
    slot = project.path("node_modules/dom").resolve().parents[1].name
    assert project.lock["nodes"]["dom@1.0.0(react@18.0.0)"].keys() == {"integrity", "peers"}
    for home in ("graft", "cold"):
        project.remove("node_modules")
        project.graft("ci", env={"GRAFT_HOME": str(machine.root / home)})
        assert project.path("node_modules/dom").resolve().parents[1].name == slot


def test_hazard_29_a_manifest_with_a_byte_order_mark_and_other_line_ends(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    text = '\ufeff{\r\n\t"name": "app",\r\n\t"dependencies": {\r\n\t\t"a": "^1.0.0"\r\n\t}\r\n}\r\n'
    project.write("package.json", text.encode())
    project.graft("install")
    assert set(project.links()) == {"a", "app"}
    project.graft("add", "b")
    expected = text.replace('"^1.0.0"', '"^1.0.0",\r\n\t\t"b": "^1.0.0"')
    assert project.path("package.json").read_bytes() == expected.encode()


def test_hazard_30_with_json_stdout_is_one_document_whatever_there_is_to_say(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("react@17.0.0", deprecated="old")
    registry.publish("dom@1.0.0", peers={"react": "^18"}, integrity="sha1")
    project.manifest(dependencies={"dom": "1", "react": "17"})
    project.write("node_modules/dom/mine.txt", "a folder in the way")
    done = project.graft("install", "--json")
    assert {note["code"] for note in done.json["notes"]} == {
        *("deprecated", "peer-mismatch", "weak-integrity", "displaced"),
    }
    assert done.stderr == ""
