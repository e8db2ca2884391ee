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


# Without a package.json


@pytest.fixture
def alone(project: Project, registry: LocalRegistry) -> Project:
    registry.publish(
        "tool@1.0.0", bin={"tool": "cli.sh"}, files={"cli.sh": ("#!/bin/sh\necho told\n", 0o755)}
    )
    project.remove("package.json")
    project.write(
        "graft.toml",
        '[package]\nname = "app"\n[dependencies]\nb = "1"\n"@acme/tool" = "*"\ntool = "1"\n',
    )
    return project


def links_in(project: Project, folder: str) -> dict[str, str]:
    """By path, without what graft keeps there."""
    root = project.path(folder)
    return {
        str(path.relative_to(root)): str(path.readlink())
        for path in sorted(root.rglob("*"))
        if path.is_symlink() and ".graft" not in path.relative_to(root).parts
    }


def test_packages_appear_in_a_folder_of_their_own(alone: Project) -> None:
    alone.graft("install")
    assert set(links_in(alone, "packages")) == {"b", "@acme/tool", "tool", ".bin/tool"}
    assert alone.json("packages/b/package.json")["version"] == "1.0.0"
    assert not alone.exists("node_modules") and not alone.exists("package.json")
    assert alone.graft("ci", "--json").json["upToDate"]


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
def test_every_command_takes_the_same_road(alone: Project, layout: str) -> None:
    alone.write(".npmrc", f"layout={layout}\n")
    alone.graft("install")
    assert alone.json("packages/b/package.json")["version"] == "1.0.0"
    assert alone.graft("exec", "tool").stdout == "told\n"
    assert "b@1.0.0" in alone.graft("ls").stdout
    assert alone.graft("why", "a").stdout.startswith("a@1.5.0")
    alone.graft("remove", "tool")
    assert not alone.exists("packages/tool") and not alone.exists("packages/.bin/tool")
    alone.remove("packages/b")
    alone.graft("install")
    assert alone.exists("packages/b")
    assert alone.graft("doctor", check=False).code == 0
    assert not alone.exists("node_modules")


def test_the_folder_has_the_name_that_the_file_says(alone: Project) -> None:
    alone.write("graft.toml", alone.read("graft.toml") + '[install]\nfolder = "third-party"\n')
    alone.graft("install")
    assert set(links_in(alone, "third-party")) == {"b", "@acme/tool", "tool", ".bin/tool"}
    assert not alone.exists("packages")


@pytest.mark.parametrize("name", ['"a/b"', '".."', '".git"', '""', "1", '"node_modules"', '"@a"'])
def test_a_folder_that_cannot_be_is_refused(alone: Project, name: str) -> None:
    alone.write("graft.toml", f"[install]\nfolder = {name}\n")
    assert error_of(alone, "install")["code"] == "manifest-invalid"


def test_a_folder_that_is_somebody_elses_is_left_alone(alone: Project) -> None:
    alone.write("packages/mine/README", "mine")
    error = error_of(alone, "install")
    assert (error["code"], error["where"]) == ("link-refused", str(alone.path("packages")))
    assert alone.read("packages/mine/README") == "mine"
    assert not alone.exists("graft-lock.json")


def test_with_a_package_json_there_is_javascript_again(alone: Project) -> None:
    alone.graft("install")
    alone.manifest()
    alone.graft("install")
    assert set(alone.links()) == {"app", "b", "@acme/tool", "tool", ".bin/tool"}


def test_the_launcher_knows_the_folder(alone: Project) -> None:
    alone.graft("install")
    for name in ("graft-lock.json", "graft.toml"):
        os.utime(alone.path(name))
    wait_for_stamp(alone, "packages")
    assert not needs_python(alone)
    alone.remove("packages/b")
    assert needs_python(alone)
    alone.graft("install")
    wait_for_stamp(alone, "packages")
    alone.manifest()
    assert needs_python(alone)


def test_collecting_knows_the_folder(alone: Project) -> None:
    alone.write("graft.toml", alone.read("graft.toml") + '[install]\nfolder = "deps"\n')
    alone.graft("install")
    alone.sibling("other", dependencies={"a": "2"}).graft("install")
    for record in alone.store.glob("projects/*"):
        # Nothing but what lies in the project says what it needs now.
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("graph")))
    alone.graft("store", "gc", "--older-than", "0")
    assert alone.json("deps/b/package.json")["version"] == "1.0.0"


def test_a_folder_beside_it_is_an_importer_with_the_same_folder(alone: Project) -> None:
    alone.write("graft.toml", '[dependencies]\nlib = { path = "lib" }\n')
    alone.write("lib/graft.toml", '[package]\nname = "lib"\n[dependencies]\na = "1"\n')
    for layout in ("virtual", "isolated", "hoisted"):
        alone.write(".npmrc", f"layout={layout}\n")
        alone.graft("install")
        assert links_in(alone, "packages")["lib"] == "../lib"
        path = "packages/a" if layout == "hoisted" else "packages/lib/packages/a"
        assert alone.json(f"{path}/package.json")["version"] == "1.5.0"


def test_whoever_says_who_asks_names_the_file(alone: Project) -> None:
    alone.graft("install")
    assert alone.graft("why", "a").stdout.splitlines()[1].startswith("  graft.toml asks for b@1: ")
    alone.write("graft.toml", '[dependencies]\nb = "2"\n')
    assert "graft.toml asks for b@2, and the lock" in str(error_of(alone, "ci")["why"])


def test_a_copy_has_its_packages_in_that_folder_too(alone: Project) -> None:
    alone.graft("install")
    alone.graft("deploy", str(alone.dir.parent / "copy"))
    assert (alone.dir.parent / "copy/packages/b/package.json").exists()
    assert not (alone.dir.parent / "copy/node_modules").exists()


def test_what_has_its_place_in_a_package_json_says_that_there_is_none(
    alone: Project, registry: LocalRegistry
) -> None:
    registry.publish("built@1.0.0", scripts={"install": "true"})
    alone.graft("add", "built")
    error = error_of(alone, "approve-builds", "built")
    assert (error["code"], error["where"]) == ("manifest-missing", str(alone.dir))
