"""A store that is deleted under projects, all of it or a part: the next install brings it back."""

from __future__ import annotations

import os
import shutil

import pytest

from graft.base.files import remove_tree
from harness.launcher import needs_python, wait_for_stamp
from harness.project import Project
from harness.registry import LocalRegistry

RUNS = "console.log(require('a').requires('b').version, require('c').version)"
EMPTY = ("locks", "journals", "leases", "trash")
PARTS = ("slots", "objects", "graphs", "projects", "slots/b@*", "objects/*-*", "objects/*.json")


@pytest.fixture
def project(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b``, and ``c``."""
    registry.publish("b@1.0.0")
    registry.publish("c@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1", "c": "1"}, scripts={"b": "a"})
    return project


def lose(project: Project, *parts: str) -> None:
    for part in parts:
        for path in project.store.glob(part) if part else [project.machine.graft_home]:
            remove_tree(str(path))


@pytest.mark.parametrize(
    ("layout", "parts"),
    [
        *(("virtual", part) for part in (("",), EMPTY, *zip(PARTS, strict=True))),
        ("isolated", ("",)),
        ("isolated", ("objects",)),
        ("hoisted", ("",)),
    ],
)
def test_an_install_brings_it_back(project: Project, layout: str, parts: tuple[str, ...]) -> None:
    project.graft("config", "set", "layout", layout)
    project.graft("install")
    project.write("node_modules/.cache/mine.txt", "mine")
    lock = project.read("graft-lock.json")
    lose(project, *parts)
    project.graft("install")
    assert project.node(RUNS) == "1.0.0 1.0.0"
    assert project.read("graft-lock.json") == lock
    assert project.read("node_modules/.cache/mine.txt") == "mine"
    assert not project.exists("node_modules/.ignored")
    assert "up to date" in project.graft("install").stderr
    # And so do the others: a second checkout is linked to nothing that is not there.
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        shutil.copy(project.path(name), other.path(name))
    lose(project, *parts)
    other.graft("install")
    assert other.node(RUNS) == "1.0.0 1.0.0"


@pytest.mark.parametrize("part", ["", "slots", "objects", "graphs", "projects", "slots/b@*"])
def test_the_launcher_does_not_take_it_for_up_to_date(project: Project, part: str) -> None:
    project.graft("install")
    for name in ("package.json", "graft-lock.json"):
        os.utime(project.path(name))
    wait_for_stamp(project)
    assert not needs_python(project)
    lose(project, part)
    assert needs_python(project)


@pytest.mark.parametrize("part", ["", "slots", "objects", "graphs", "projects"])
def test_what_is_wrong_is_said(project: Project, part: str) -> None:
    project.graft("install")
    lose(project, part)
    assert "b@1.0.0" in project.graft("ls", "--all").stdout
    assert "b@1.0.0" in project.graft("why", "b").stdout
    if part == "objects":
        said = "note: node_modules/c leads to nothing: 'graft install' mends that"
        assert said in project.graft("run", "b").stderr.splitlines()
    if part in ("", "slots"):
        result = project.graft("run", "b", check=False)
        assert result.code == 127
        said = "note: node_modules/c leads to nothing (3 in all): 'graft install' mends that"
        assert said in result.stderr.splitlines()
        error = project.graft("exec", "--json", "a", check=False).json["error"]
        said = "run 'graft install': the link to 'a' leads to nothing"
        assert (error["code"], error["fix"]) == ("command-missing", said)
    result = project.graft("doctor", check=False)
    assert result.code == 1
    assert "'graft install" in result.stdout


def test_a_project_that_needs_no_store_is_not_told_of_it(project: Project) -> None:
    project.graft("install", "--layout", "isolated")
    lose(project, "")
    assert project.graft("run", "b").stderr == "$ a\n"
