"""Projects that have a ``graft.toml``, with a ``package.json`` beside it or without one."""

from __future__ import annotations

import os

import pytest

from harness.launcher import needs_python, wait_for_stamp
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("b@1.0.0", dependencies={"a": "^1"})
    registry.publish("@acme/tool@1.0.0")


def error_of(project: Project, *arguments: str) -> dict[str, object]:
    error: dict[str, object] = project.graft(*arguments, "--json", check=False).json["error"]
    return error


# Both files


def test_both_files_ask_and_one_lock_answers(project: Project) -> None:
    project.manifest(dependencies={"a": "^1"})
    project.write("graft.toml", '[dependencies]\nb = "1"\n[dev-dependencies]\n"@acme/tool" = ""\n')
    project.graft("install")
    assert set(project.links()) == {"app", "a", "b", "@acme/tool"}
    assert project.graft("ci", "--json").json["upToDate"]
    project.graft("install", "--omit=dev")
    assert "@acme/tool" not in project.links()


def test_one_dependency_in_both_files_is_an_error_that_names_both_places(
    project: Project,
) -> None:
    project.manifest(devDependencies={"a": "^1"}, dependencies={"@acme/tool": "1"})
    toml = '[dependencies]\na = "2"\nb = "1"\n"acme:tool" = "1"\n'
    project.write("graft.toml", toml)
    project.write(".npmrc", f"@acme:registry={project.machine.npmrc.read_text()[9:]}")
    error = error_of(project, "install")
    assert error["code"] == "dependency-twice" and error["where"] == str(project.dir)
    assert error["why"] == [
        'package.json has "@acme/tool": "1" in dependencies',
        "graft.toml has it on line 4, in [dependencies]",
        'package.json has "a": "^1" in devDependencies',
        "graft.toml has it on line 2, in [dependencies]",
    ]
    assert not project.exists("graft-lock.json")


def test_a_scope_that_npmrc_binds_is_a_namespace(project: Project) -> None:
    project.write("graft.toml", '[dependencies.acme]\ntool = "^1"\n')
    error = error_of(project, "install")
    assert error["code"] == "namespace-undeclared"
    project.write(".npmrc", f"@acme:registry={project.machine.npmrc.read_text()[9:]}")
    project.graft("install")
    assert set(project.links()) == {"app", "@acme/tool"}


def test_a_member_may_have_either_file(project: Project) -> None:
    project.manifest(workspaces=["packages/*"])
    project.write("packages/x/package.json", {"name": "x", "version": "1.0.0"})
    project.write("packages/x/graft.toml", '[dependencies]\ny.workspace = true\na = "1.0.0"\n')
    project.write("packages/y/graft.toml", '[package]\nname = "y"\nversion = "2.0.0"\n')
    project.graft("install")
    assert project.links("packages/x")["y"] == "../../y"
    assert "a@1.0.0" in project.links("packages/x")["a"]
    project.write("packages/y/graft.toml", '[package]\nname = "y"\n[dependencies]\na = "2"\n')
    project.graft("install")
    assert "a@2.0.0" in project.links("packages/y")["a"]


def test_a_path_leads_to_a_folder_of_the_project(project: Project) -> None:
    project.write("graft.toml", '[dependencies]\nlib = { path = "lib" }\n')
    project.write("lib/graft.toml", '[package]\nname = "lib"\n[dependencies]\na = "1"\n')
    project.graft("install")
    assert project.links()["lib"] == "../lib"
    assert "a@1.5.0" in project.links("lib")["a"]


def test_notes_are_said_each_time(project: Project) -> None:
    project.write("graft.toml", '[dependancies]\na = "1"\n')
    for _ in range(3):
        (note,) = project.graft("install", "--json").json["notes"]
        assert note["code"] == "manifest-key-unknown"
        assert note["where"] == f"{project.dir}/graft.toml:1"
    assert not project.exists("node_modules/.graft/stamp")


# A change of the file is seen on every road


@pytest.mark.parametrize("has_toml", [False, True])
def test_the_launcher_sees_a_graft_toml_that_changes(project: Project, has_toml: bool) -> None:
    project.manifest(dependencies={"b": "1"})
    if has_toml:
        project.write("graft.toml", '[dependencies]\na = "1"\n')
    project.graft("install")
    for name in ("package.json", "graft-lock.json", "graft.toml"):
        if project.exists(name):
            os.utime(project.path(name))
    wait_for_stamp(project)
    assert not needs_python(project)
    project.write("graft.toml", '[dependencies]\na = "2"\n')
    assert needs_python(project)
    project.graft("install")
    assert "a@2.0.0" in project.links()["a"]


def test_the_launcher_sees_a_graft_toml_in_a_member(project: Project) -> None:
    project.manifest(workspaces=["packages/*"])
    project.write("packages/x/package.json", {"name": "x"})
    project.graft("install")
    wait_for_stamp(project)
    assert not needs_python(project)
    project.write("packages/x/graft.toml", '[dependencies]\na = "2"\n')
    assert needs_python(project)


def test_the_launcher_sees_namespaces_that_a_user_declares(project: Project) -> None:
    project.write("graft.toml", "[dependencies]\n")
    project.graft("install")
    wait_for_stamp(project)
    assert not needs_python(project)
    config = project.machine.home / ".config/graft/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[indices]\nacme = "https://example.com/acme.git"\n')
    assert needs_python(project)


def test_a_second_folder_with_a_graft_toml_gets_what_that_asks_for(project: Project) -> None:
    project.manifest(dependencies={"b": "1"})
    project.graft("install")
    second = project.sibling("second")
    for name in ("package.json", "graft-lock.json"):
        second.write(name, project.read(name))
    second.write("graft.toml", '[dependencies]\na = "2"\n')
    error = error_of(second, "ci")
    assert error["code"] == "lock-stale"
    second.graft("install")
    assert "a@2.0.0" in second.links()["a"]


def test_a_remembered_resolution_is_of_both_files(project: Project) -> None:
    manifest = project.manifest(dependencies={"b": "1"})
    project.write("graft.toml", '[dependencies]\na = "1"\n')
    project.graft("install")
    for number, asked in enumerate(('a = "2"', 'a = "1"', "")):
        other = project.sibling(f"other{number}")
        other.write("package.json", manifest)
        other.write("graft.toml", f"[dependencies]\n{asked}\n")
        other.graft("install")
        version = {'a = "2"': "a@2.0.0", 'a = "1"': "a@1.5.0", "": ""}[asked]
        assert version in other.links().get("a", "")


def test_a_line_of_the_same_text_may_mean_another_package_later(project: Project) -> None:
    """What is declared is no part of the file, and decides what it says all the same."""
    project.write("graft.toml", '[dependencies]\n"acme.tool" = "^1"\n')
    assert error_of(project, "install")["code"] == "package-not-found"
    project.write(".npmrc", f"@acme:registry={project.machine.npmrc.read_text()[9:]}")
    project.graft("install")
    assert "@acme/tool" in project.links()
    project.write(".npmrc", "")
    assert error_of(project, "install")["code"] == "package-not-found"
