"""Commands in ``node_modules/.bin``."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


def bins(project: Project) -> dict[str, str]:
    links = project.links()
    return {path[5:]: target for path, target in links.items() if path.startswith(".bin/")}


def run(project: Project, command: str, *arguments: str) -> str:
    path = str(project.path("node_modules/.bin", command))
    return project.machine.run([path, *arguments], cwd=project.dir).stdout.strip()


def test_commands_run_through_relative_links(project: Project, registry: LocalRegistry) -> None:
    registry.publish("tool@1.2.3", bin={"tool": "./bin/run.js", "tool-too": "bin/run.js"})
    registry.publish("@acme/single@1.0.0", bin="cli.js")
    registry.publish(
        "deps@1.0.0",
        bin="cli.js",
        dependencies={"tool": "1"},
        files={"cli.js": "#!/usr/bin/env node\nconsole.log(require('tool').version)\n"},
    )
    project.manifest(dependencies={"tool": "1", "@acme/single": "1", "deps": "1"})
    project.graft("install")
    assert bins(project) == {
        "deps": "../deps/cli.js",
        "single": "../@acme/single/cli.js",
        "tool": "../tool/bin/run.js",
        "tool-too": "../tool/bin/run.js",
    }
    assert run(project, "tool", "x") == "tool@1.2.3 x"
    assert run(project, "single") == "@acme/single@1.0.0"
    assert run(project, "deps") == "1.2.3"
    moved = project.dir.with_name("moved")
    project.dir.rename(moved)
    assert project.machine.run([str(moved / "node_modules/.bin/tool")]).stdout == "tool@1.2.3\n"


@pytest.mark.parametrize("others", [["a-first"], ["@x/lint"], ["@x/lint", "a-first", "z-last"]])
def test_hazard_26_the_package_that_is_named_like_a_command_has_it(
    project: Project, registry: LocalRegistry, others: list[str]
) -> None:
    for name in (*others, "lint"):
        registry.publish(f"{name}@1.0.0", bin={"lint": "cli.js"})
    project.manifest(dependencies=dict.fromkeys((*others, "lint"), "1"))
    project.graft("install")
    assert bins(project) == {"lint": "../lint/cli.js"}
    project.graft("remove", "lint")
    assert bins(project)["lint"] == f"../{others[0]}/cli.js"


def test_hazard_26_a_name_before_the_scopes_is_no_less_the_command_s_own(
    project: Project, registry: LocalRegistry
) -> None:
    for name in ("1st", "7zip", "@x/7zip"):
        registry.publish(f"{name}@1.0.0", bin={"7zip": "cli.js"})
    project.manifest(dependencies={"1st": "1", "7zip": "1", "@x/7zip": "1"})
    project.graft("install")
    assert bins(project) == {"7zip": "../7zip/cli.js"}
    project.graft("remove", "7zip")
    assert bins(project) == {"7zip": "../@x/7zip/cli.js"}


def test_hazard_26_commands_of_what_is_not_asked_for_are_not_linked(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("deep@1.0.0", bin={"deep": "cli.js", "top": "cli.js"})
    registry.publish("top@1.0.0", bin={"top": "cli.js"}, dependencies={"deep": "1"})
    registry.publish("top@2.0.0", dependencies={"deep": "1"})
    project.manifest(dependencies={"top": "1"})
    project.graft("install")
    assert bins(project) == {"top": "../top/cli.js"}
    assert run(project, "top") == "top@1.0.0"
    project.graft("add", "top@2")
    assert bins(project) == {}
    assert not project.exists("node_modules/.bin")


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("../evil", "cli.js"),
        ("a/b", "cli.js"),
        ("a\\b", "cli.js"),
        ("..", "cli.js"),
        ("", "cli.js"),
        ("evil\n", "cli.js"),
        ("evil", "../../../evil"),
        ("evil", "/bin/sh"),
        ("evil", "lib\\..\\..\\evil"),
        ("evil", ""),
        ("evil", "."),
        ("evil", "x\nlink ../../evil\t/etc"),  # records are lines, with tabs in them
        ("evil", "x\t"),
    ],
)
def test_unsafe_commands_are_never_linked(
    project: Project, registry: LocalRegistry, command: str, path: str
) -> None:
    registry.publish("user@1.0.0", dependencies={"a": "1"})
    registry.publish("a@1.0.0", extra={"bin": {command: path, "good": "index.js"}})
    project.manifest(dependencies={"a": "1", "user": "1"})
    project.graft("install")
    assert bins(project) == {"good": "../a/index.js"}
    slot = project.path("node_modules/user").resolve().parent
    assert [link.name for link in (slot / ".bin").iterdir()] == ["good"]


def test_an_unsafe_command_in_a_lock_is_refused(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    lock = project.read("graft-lock.json").replace('"a":"cli.js"', '"../../../evil":"cli.js"')
    project.write("graft-lock.json", lock)
    before = project.links()
    failed = project.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (12, "lock-unreadable")
    assert project.links() == before
