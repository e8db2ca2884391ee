"""Homes, stores and projects that are not where they were, or go by several names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import Mounts

RUNS = "console.log(require('a').requires('b').version)"
# As most users have it: the store lies below HOME.
BELOW_HOME = dict.fromkeys(("GRAFT_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"))


@pytest.fixture
def project(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b``, and something of others' in ``node_modules``."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"}, scripts={"x": "true"})
    project.write("node_modules/.cache/mine.txt", "mine")
    project.write("node_modules/mine/index.js", "")
    return project


def is_well(project: Project) -> bool:
    """It runs, what others keep is where it was, and nothing has come beside."""
    names = {path.name for path in project.modules.iterdir()}
    return (
        project.node(RUNS) == "1.0.0"
        and project.read("node_modules/.cache/mine.txt") == "mine"
        and names == {"a", project.dir.name, ".bin", ".graft", ".cache", "mine"}
        and not project.exists(".graft-staging")
    )


def inside(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("layout", ["virtual", "isolated"])
def test_a_home_that_was_renamed_with_all_that_is_in_it(
    project: Project, registry: LocalRegistry, layout: str
) -> None:
    project.graft("config", "set", "layout", layout)
    old, new = project.machine.home, project.machine.root / "new home"
    there = Project(old / "work/app", project.machine)
    shutil.copytree(project.dir, there.dir)
    there.graft("install", env={**BELOW_HOME, "HOME": str(old)})
    registry.clear_log()
    for home, before in ((new, old), (old, new)) * 2:
        before.rename(home)
        there = Project(home / "work/app", project.machine)
        env = {**BELOW_HOME, "HOME": str(home)}
        said = "note: node_modules/a leads to nothing (2 in all): 'graft install' mends that\n"
        assert there.graft("run", "x", env=env).stderr.startswith(said) == (layout == "virtual")
        there.graft("install", env=env)
        assert is_well(there)
        assert "up to date" in there.graft("install", env=env).stderr
        assert not registry.tarball_requests


def test_a_store_that_was_moved(project: Project, registry: LocalRegistry) -> None:
    project.graft("install")
    registry.clear_log()
    moved = project.machine.root / "disk" / "størage"
    moved.parent.mkdir()
    project.machine.graft_home.rename(moved)
    project.graft("install", env={"GRAFT_HOME": str(moved)})
    assert is_well(project)
    assert not registry.requests
    assert not project.machine.graft_home.exists()


@pytest.mark.parametrize("layout", ["virtual", "isolated"])
def test_two_homes_take_turns_in_one_folder(project: Project, layout: str) -> None:
    """A host, and a container that has the project mounted and a home of its own."""
    stores = [project.machine.root / name for name in ("host", "container")]
    seen: dict[Path, set[str]] = {}
    for turn in range(3):
        for store in stores:
            env = {"GRAFT_HOME": str(store)}
            project.graft("install", "--layout", layout, env=env)
            assert is_well(project)
            now = inside(store) - {"store/v1/collected"}
            assert turn == 0 or now == seen[store]
            seen[store] = now


def test_a_project_that_a_container_sees_at_another_path(project: Project) -> None:
    """With one store, at one path for both."""
    project.graft("install")
    seen: list[set[str]] = []
    mounts = Mounts().bind(project.dir, Path("/mnt"))
    for _ in range(3):
        mounts.run(project, "-C", "/mnt", "install")
        assert is_well(project)
        project.graft("install")
        assert is_well(project)
        seen.append(inside(project.store))
    assert seen[0] == seen[1] == seen[2]


def test_one_store_by_many_names_is_one(project: Project, machine: Machine) -> None:
    home = machine.root / "größe"
    link = machine.root / "link"
    link.symlink_to(home)
    project.graft("install", env={"GRAFT_HOME": str(home)})
    for name in (f"{home}/", f"{home}/../{home.name}", str(link), f"{link}//", str(home)):
        report = project.graft("install", "--json", env={"GRAFT_HOME": name}).json
        assert (report["upToDate"], report["steps"]) == (True, []), name
        other = project.sibling("other", dependencies={"a": "1"})
        shutil.copy(project.path("graft-lock.json"), other.dir)
        shutil.rmtree(other.modules, ignore_errors=True)
        other.graft("install", env={"GRAFT_HOME": name})
        assert other.links()["a"].startswith(f"{home}/store/v1/slots/a@"), name
    assert len(list((home / "store/v1/graphs").glob("*"))) == 4  # two projects' own, each seen


@pytest.mark.parametrize("variable", ["GRAFT_HOME", "XDG_DATA_HOME"])
def test_a_store_that_would_be_another_in_each_folder_is_refused(
    project: Project, variable: str
) -> None:
    """A repository could bring what lies there."""
    project.graft("install")
    shutil.copytree(project.machine.graft_home, project.path("own/graft"), symlinks=True)
    shutil.rmtree(project.modules)
    relative = "own/graft" if variable == "GRAFT_HOME" else "own"
    env = {"GRAFT_HOME": None, variable: relative}
    for flags in ((), ("--json",)):
        result = project.graft("install", *flags, env=env, check=False)
        assert result.code == 33
    error = result.json["error"]
    assert error["code"] == "store-unwritable"
    assert "'own/graft' is no absolute path" in error["message"]
    assert "GRAFT_HOME" in error["fix"]
    assert not project.exists("node_modules")


def test_files_of_another_file_system_are_copied_and_that_is_said_once(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("c@1.0.0")
    mounts = Mounts().small(project.machine.graft_home, "8m")
    project.machine.graft_home.mkdir()
    result = mounts.run(project, "add", "c", "--layout", "isolated", "--json")
    (note,) = result.json["notes"]
    assert note["code"] == "copied"
    assert str(project.machine.graft_home) in note["message"]
    assert "GRAFT_HOME" in note["fix"]
    registry.publish("d@1.0.0")
    again = mounts.run(project, "add", "d", "--layout", "isolated", "--json").json
    assert again["notes"] == []
    same = project.sibling("same", dependencies={"a": "1"})
    env = {"GRAFT_HOME": str(project.machine.root / "own")}
    for layout in ("virtual", "isolated", "hoisted"):
        report = same.graft("install", "--layout", layout, "--json", env=env).json
        assert report["notes"] == []
    virtual = project.sibling("virtual", dependencies={"a": "1"})
    assert mounts.run(virtual, "install", "--json").json["notes"] == []
