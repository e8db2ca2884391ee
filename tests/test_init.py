"""``graft init``: a first ``package.json``."""

from __future__ import annotations

import pytest

from harness.machine import Machine
from harness.project import Project


@pytest.fixture
def empty(project: Project) -> Project:
    project.remove("package.json")
    return project


@pytest.mark.parametrize("arguments", [[], ["-y"], ["--yes"]])
def test_a_manifest_named_after_the_folder(empty: Project, arguments: list[str]) -> None:
    done = empty.graft("init", *arguments)
    assert done.stdout == ""
    assert done.stderr == f"wrote {empty.path('package.json')}: app\n"
    assert empty.read("package.json") == (
        '{\n  "name": "app",\n  "version": "1.0.0",\n  "main": "index.js",\n'
        '  "type": "commonjs"\n}\n'
    )
    empty.graft("install")


def test_json(empty: Project) -> None:
    said = empty.graft("init", "--json").json
    assert said == {
        "path": str(empty.path("package.json")),
        "manifest": empty.json("package.json"),
    }


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("My App", "my-app"),
        ("node-thing.js", "thing"),
        ("_.hidden", "hidden"),
        ("a(b)  c!", "a-b-c"),
        ("日本", "app"),
        ("node_modules", "app"),
    ],
)
def test_a_folder_whose_name_is_none(machine: Machine, folder: str, name: str) -> None:
    project = machine.project(folder)
    project.remove("package.json")
    project.graft("init")
    assert project.json("package.json")["name"] == name


@pytest.mark.parametrize(
    ("said", "name"), [("tool", "tool"), ("@acme/tool", "@acme/tool"), ("acme:tool", "@acme/tool")]
)
def test_a_name_that_is_given(empty: Project, said: str, name: str) -> None:
    empty.graft("init", said)
    assert empty.json("package.json")["name"] == name


@pytest.mark.parametrize("name", ["Upper", "a b", "../x", "_x", ".x", "é", "favicon.ico", "@a"])
def test_a_name_that_no_new_package_may_have(empty: Project, name: str) -> None:
    failed = empty.graft("init", name, check=False)
    assert failed.code == 26 and "bad-specifier" in failed.stderr
    assert not empty.exists("package.json")


@pytest.mark.parametrize(
    ("files", "main"),
    [
        (["z.js", "index.js", "main.js"], "index.js"),
        (["a.js", "main.js"], "main.js"),
        (["a.js", "app.js"], "app.js"),
        (["b.js", "a.ts"], "b.js"),
    ],
)
def test_the_main_file(empty: Project, files: list[str], main: str) -> None:
    for file in files:
        empty.write(file, "")
    empty.graft("init")
    assert empty.json("package.json")["main"] == main


def test_nothing_is_overwritten(project: Project) -> None:
    before = project.read("package.json")
    failed = project.graft("init", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (73, "manifest-exists")
    assert project.read("package.json") == before
    project.remove("package.json")
    project.path("package.json").symlink_to(project.path("nowhere"))
    assert project.graft("init", check=False).code == 73
    assert not project.exists("nowhere")
