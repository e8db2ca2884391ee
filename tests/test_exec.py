"""``graft exec``: a command of the project, or a line of shell beside its commands."""

from __future__ import annotations

import signal

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("tool@1.0.0", bin={"tool": "cli.js", "other": "other.js"})
    project.manifest(dependencies={"tool": "1"})
    project.graft("install")
    return project


@pytest.mark.parametrize("arguments", [["tool"], ["--", "tool"], ["-s", "--", "tool"]])
def test_a_command_of_a_package(installed: Project, arguments: list[str]) -> None:
    words = ["a b", "$HOME", "--json", "--", "-c"]
    done = installed.graft("exec", *arguments, *words)
    assert done.stdout == f"tool@1.0.0 {' '.join(words)}\n" and done.stderr == ""


def test_a_folder_below_has_the_commands_of_the_one_above(installed: Project) -> None:
    installed.path("src").mkdir()
    assert installed.graft("exec", "other", cwd="src").stdout == "tool@1.0.0\n"
    where = "console.log(process.cwd(), process.env.PWD)"
    done = installed.graft("exec", "-C", "src", "--", "node", "-e", where, env={"PWD": "/"})
    assert done.stdout == f"{installed.path('src')} {installed.path('src')}\n"


def test_a_command_of_the_path_and_a_file(installed: Project) -> None:
    assert installed.graft("exec", "echo", "x").stdout == "x\n"
    installed.write("run.sh", ("#!/bin/sh\necho ran $1\n", 0o755))
    assert installed.graft("exec", "./run.sh", "x").stdout == "ran x\n"
    assert installed.graft("exec", "-C", "app", "./run.sh", "x", cwd="..").stdout == "ran x\n"
    installed.write("plain", ("echo plain $1\n", 0o755))
    assert installed.graft("exec", "./plain", "x").stdout == "plain x\n"


def test_a_line_of_shell(installed: Project) -> None:
    assert installed.graft("exec", "-c", "tool a && echo $((1 + 1))").stdout == "tool@1.0.0 a\n2\n"
    assert installed.graft("exec", "--call=exit 3", check=False).code == 3


def test_its_end_is_grafts(installed: Project) -> None:
    assert installed.graft("exec", "sh", "-c", "exit 7", check=False).code == 7
    assert installed.graft("exec", "sh", "-c", "kill -9 $$", check=False).code == -signal.SIGKILL
    assert installed.graft("exec", "cat", stdin="said").stdout == "said"


def test_no_package_json_is_needed(project: Project) -> None:
    project.remove("package.json")
    assert project.graft("exec", "echo", "x").stdout == "x\n"
    project.write("package.json", "{")
    assert project.graft("exec", "echo", "x").stdout == "x\n"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("tol", "did you mean 'tool'?"),
        ("qqqq", "'graft x qqqq' fetches a package for this once"),
        ("./absent", "name a file that can be executed"),
    ],
)
def test_a_command_that_is_not_there(installed: Project, name: str, fix: str) -> None:
    failed = installed.graft("exec", name, check=False)
    assert (failed.code, failed.stdout) == (51, "")
    assert f"error command-missing: there is no command '{name}'" in failed.stderr
    assert fix in failed.stderr
    failed = installed.graft("exec", "--json", name, check=False)
    assert (failed.json["error"]["code"], failed.stderr) == ("command-missing", "")


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        ([], "which command?"),
        (["-c", "true", "tool"], "'tool' goes with no --call"),
        (["--cal", "x"], "there is no flag '--cal'"),
    ],
)
def test_usage(project: Project, arguments: list[str], about: str) -> None:
    failed = project.graft("exec", *arguments, check=False)
    assert failed.code == 2 and about in failed.stderr
