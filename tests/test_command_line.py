"""The habits that all commands share: help, usage errors, JSON, colours, silence, folders."""

from __future__ import annotations

import pytest

import graft
from graft.cli.commands import COMMANDS
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_the_commands(project: Project, arguments: list[str]) -> None:
    done = project.graft(*arguments)
    for command in COMMANDS:
        assert f"  {command.name}" in done.stdout and command.summary in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_help_with_examples(project: Project, command: object) -> None:
    name = command.name  # type: ignore[attr-defined]
    done = project.graft("help", *name.split())
    assert done.stdout.startswith(f"usage: graft {name}") and "examples:" in done.stdout
    assert project.graft(*name.split(), "--help").stdout == done.stdout


@pytest.mark.parametrize("arguments", [["--version"], ["-v"]])
def test_version(project: Project, arguments: list[str]) -> None:
    assert project.graft(*arguments).stdout == f"{graft.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "about", "fix"),
    [
        (["instal"], "no command 'instal'", "did you mean 'graft install'?"),
        (["help", "udpate"], "no command 'udpate'", "did you mean 'graft update'?"),
        (["qqq"], "no command 'qqq'", "'graft help' lists what there is"),
        (["install", "--ofline"], "no flag '--ofline'", "did you mean '--offline'?"),
        (["add", "--save-dve", "a"], "no flag '--save-dve'", "did you mean '--save-dev'?"),
        (["install", "--omit=devs"], "'devs'", ""),
        (["install", "-D"], "no package to save", ""),
        (["ci", "a"], "'a' is one argument too many", ""),
        (["add"], "packages", ""),
        (["ls", "--depth", "x"], "'x'", ""),
        (["store", "pth"], "'pth'", "did you mean 'graft store path'?"),
        (["peers"], "say which of check", ""),
        (["help", "store"], "say which of ", ""),
    ],
)
def test_usage_errors_exit_2_and_say_what_was_meant(
    project: Project, arguments: list[str], about: str, fix: str
) -> None:
    failed = project.graft(*arguments, check=False)
    assert failed.code == 2 and failed.stdout == ""
    assert failed.stderr.startswith("error usage: ")
    assert about in failed.stderr and fix in failed.stderr
    failed = project.graft(*arguments, "--json", check=False)
    assert failed.code == 2 and failed.json["error"]["code"] == "usage"
    assert failed.stderr == ""


def test_a_failure_with_json_is_one_document(project: Project) -> None:
    project.manifest(dependencies={"absent": "1"})
    failed = project.graft("install", "--json", check=False)
    assert failed.json.keys() == {"error"}
    assert failed.json["error"].keys() == {"code", "message", "where", "why", "fix"}
    assert failed.code == 21 and failed.stderr == ""


def test_a_fault_of_graft_itself_is_json_too(project: Project) -> None:
    """Here the interpreter is made to lack something that the command needs."""
    project.write(
        "lib/sitecustomize.py", "import graft.project.manifest as m; del m.parse_manifest"
    )
    env = {"PYTHONPATH": str(project.path("lib"))}
    failed = project.graft("install", "--json", check=False, env=env)
    assert (failed.code, failed.json["error"]["code"]) == (1, "internal-error")
    assert "parse_manifest" in failed.json["error"]["message"] and "Traceback" in failed.stderr


def test_stdout_is_for_data_alone(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", deprecated="use b")
    project.manifest(dependencies={"a": "1"})
    done = project.graft("install")
    assert done.stdout == ""
    assert "note deprecated: use b (a@1.0.0)" in done.stderr
    assert "added a 1.0.0\n" in done.stderr
    assert "up to date" in project.graft("install").stderr


def test_silent_prints_errors_alone(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", deprecated="use b")
    project.manifest(dependencies={"a": "1"})
    done = project.graft("install", "--silent")
    assert done.stdout == done.stderr == ""
    failed = project.graft("add", "absent", "-s", check=False)
    assert failed.stdout == "" and "package-not-found" in failed.stderr


def test_colours_only_where_they_are_wanted(project: Project) -> None:
    def coloured(**env: str) -> bool:
        return "\x1b[" in project.graft("qqq", check=False, env=env).stderr

    assert not coloured()
    assert coloured(FORCE_COLOR="1")
    assert not coloured(FORCE_COLOR="0")
    assert not coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert coloured(FORCE_COLOR="1", NO_COLOR="")


@pytest.mark.parametrize(
    "arguments",
    [
        ["install", "-C", "app"],
        ["install", "--dir=app"],
        ["-C", "app", "install"],
        ["--silent", "--dir", "app", "install"],
    ],
)
def test_another_folder(project: Project, registry: LocalRegistry, arguments: list[str]) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft(*arguments, cwd="..")
    assert project.node("console.log(require('a').version)") == "1.0.0"
    assert sorted(path.name for path in project.dir.parent.iterdir()) == ["app"]


def test_json_may_come_first(project: Project) -> None:
    assert project.graft("--json", "store", "path").json == {"path": str(project.store)}
    assert project.graft("--json", check=False).json["error"]["code"] == "usage"
