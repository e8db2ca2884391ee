"""``graft x``: a tool for this once, from the project, from the cache, or from a registry."""

from __future__ import annotations

import os
import time

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture(autouse=True)
def tools(registry: LocalRegistry) -> None:
    registry.publish("lib@1.0.0")
    registry.publish("tool@1.0.0", bin="cli.js", dependencies={"lib": "1"})
    registry.publish("tool@2.0.0", bin="cli.js", dependencies={"lib": "1"})
    registry.publish("@acme/many@1.0.0", bin={"many": "many.js", "more": "more.js"})
    registry.publish("@acme/one@1.0.0", bin={"single": "single.js"})
    registry.publish("several@1.0.0", bin={"first": "a.js", "second": "b.js"})


def test_a_tool_is_fetched_and_leaves_the_project_alone(project: Project) -> None:
    before = snapshot(project.dir)
    words = ["a b", "--json", "-p", "x"]
    done = project.graft("x", "tool", *words)
    assert done.stdout == f"tool@2.0.0 {' '.join(words)}\n"
    assert done.stderr.startswith("tool 2.0.0: 2 packages, 2 fetched")
    assert snapshot(project.dir) == before


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("tool@1", "tool@1.0.0"),
        ("tool@latest", "tool@2.0.0"),
        ("tool@^1.0.0", "tool@1.0.0"),
        ("@acme/many", "@acme/many@1.0.0"),
        ("acme:one", "@acme/one@1.0.0"),
        ("alias@npm:tool@1", "tool@1.0.0"),
        ("alias@npm:tool", "tool@2.0.0"),
    ],
)
def test_which_package_and_which_command(project: Project, package: str, said: str) -> None:
    assert project.graft("x", "--yes", "--silent", package, "x").stdout == f"{said} x\n"


def test_several_commands_and_none_of_the_packages_name(project: Project) -> None:
    failed = project.graft("x", "several", check=False)
    assert failed.code == 52 and failed.stdout == ""
    assert "error bin-unclear: several@1.0.0 has several commands" in failed.stderr
    assert "its commands are first, second" in failed.stderr
    assert "run 'graft x -p several <command>'" in failed.stderr
    failed = project.graft("x", "--json", "lib", check=False)
    assert failed.json["error"]["message"] == "lib@1.0.0 has no command to run"


def test_packages_and_the_command_by_themselves(project: Project) -> None:
    done = project.graft("x", "-p", "several", "--package=tool@1", "second", "x")
    assert done.stdout == "several@1.0.0 x\n"
    done = project.graft("x", "-p", "several", "-p", "tool@1", "sh", "-c", "tool y && first")
    assert done.stdout == "tool@1.0.0 y\nseveral@1.0.0\n" and done.stderr == ""
    assert project.graft("x", "-p", "several", "absent", check=False).code == 51


def test_what_was_fetched_is_used_for_a_day(project: Project, registry: LocalRegistry) -> None:
    project.graft("x", "tool")
    registry.clear_log()
    registry.publish("tool@3.0.0", bin="cli.js")
    other = project.sibling("other")
    again = other.graft("x", "tool")
    assert (again.stdout, again.stderr, registry.requests) == ("tool@2.0.0\n", "", [])
    (asked,) = (project.machine.cache / "x").glob("*/.asked")
    yesterday = time.time() - 24 * 60 * 60 - 1
    os.utime(asked, (yesterday, yesterday))
    assert project.graft("x", "--offline", "tool").stdout == "tool@2.0.0\n"
    assert project.graft("x", "--prefer-offline", "tool").stdout == "tool@2.0.0\n"
    assert registry.requests == []
    assert project.graft("x", "tool").stdout == "tool@3.0.0\n"
    registry.clear_log()
    assert project.graft("x", "tool").stdout == "tool@3.0.0\n" and registry.requests == []


def test_a_folder_that_lost_its_links_is_mended(project: Project) -> None:
    project.graft("x", "tool")
    (link,) = (project.machine.cache / "x").glob("*/node_modules/tool")
    link.unlink()
    assert project.graft("x", "tool").stdout == "tool@2.0.0\n"


def test_other_settings_are_another_folder(project: Project) -> None:
    project.graft("x", "tool")
    with LocalRegistry() as another:
        another.publish("tool@9.0.0", bin="cli.js")
        assert project.graft("x", "--registry", another.url, "tool").stdout == "tool@9.0.0\n"
        project.write(".npmrc", f"registry={another.url}\n")
        assert project.graft("x", "tool").stdout == "tool@9.0.0\n"


def test_the_projects_own_command_unless_a_version_is_asked_for(
    project: Project, registry: LocalRegistry
) -> None:
    project.manifest(dependencies={"tool": "1", "@acme/one": "1", "several": "1"})
    project.graft("install")
    registry.clear_log()
    assert project.graft("x", "tool", "x").stdout == "tool@1.0.0 x\n"
    assert project.graft("x", "@acme/one").stdout == "@acme/one@1.0.0\n"
    assert project.graft("x", "second").stdout == "several@1.0.0\n"
    project.path("src").mkdir()
    assert project.graft("x", "tool", cwd="src").stdout == "tool@1.0.0\n"
    assert registry.requests == []
    assert project.graft("x", "tool@2").stdout == "tool@2.0.0\n"
    assert project.graft("x", "-p", "tool", "tool").stdout == "tool@2.0.0\n"


def test_the_tool_finds_the_projects_commands_too(project: Project) -> None:
    project.write("node_modules/.bin/mine", ("#!/bin/sh\necho mine\n", 0o755))
    done = project.graft("x", "-p", "tool", "sh", "-c", "mine; tool; pwd")
    assert done.stdout == f"mine\ntool@2.0.0\n{project.dir}\n"


def test_the_exit_code_is_the_tools(project: Project, registry: LocalRegistry) -> None:
    registry.publish("bad@1.0.0", bin="bad.js", files={"bad.js": ("#!/bin/sh\nexit 7\n", 0o755)})
    assert project.graft("x", "bad", check=False).code == 7


def test_scripts_of_what_was_fetched_do_not_run(project: Project, registry: LocalRegistry) -> None:
    registry.publish("eager@1.0.0", bin="cli.js", scripts={"postinstall": "touch $INIT_CWD/ran"})
    project.graft("x", "eager")
    assert not project.exists("ran")


@pytest.mark.parametrize(
    ("arguments", "code", "about"),
    [
        ([], 2, "which package?"),
        (["-p", "tool"], 2, "which command?"),
        (["--ofline", "tool"], 2, "did you mean '--offline'?"),
        (["absent"], 21, "package-not-found"),
        (["tool@7"], 20, "no-matching-version"),
        (["../x"], 34, "source-missing"),
        (["--offline", "tool"], 44, "offline-missing"),
    ],
)
def test_errors(project: Project, arguments: list[str], code: int, about: str) -> None:
    failed = project.graft("x", *arguments, check=False)
    assert (failed.code, failed.stdout) == (code, "") and about in failed.stderr
