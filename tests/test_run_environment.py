"""What scripts and tools find in their environment, and what they do not."""

from __future__ import annotations

import json
import shutil

import pytest

import graft
from harness.project import Project


def variables(project: Project, *arguments: str, **env: str | None) -> dict[str, str]:
    project.write("env.js", "console.log(JSON.stringify(process.env))")
    project.manifest(scripts={"show": "node env.js", "postnothing": "", "test": "node env.js"})
    said: dict[str, str] = json.loads(
        project.graft(*(arguments or ("run", "show")), env=env).stdout
    )
    return said


def test_what_npm_sets(project: Project) -> None:
    seen = variables(project, INIT_CWD="/elsewhere", NODE="old", npm_lifecycle_event="old")
    assert seen["npm_lifecycle_event"] == "show"
    assert seen["npm_lifecycle_script"] == "node env.js"
    assert seen["npm_package_name"] == "app" and seen["npm_package_version"] == "1.0.0"
    assert seen["npm_package_json"] == str(project.path("package.json"))
    assert seen["npm_command"] == "run"
    assert seen["INIT_CWD"] == str(project.dir)
    assert seen["NODE"] == seen["npm_node_execpath"] == shutil.which("node")
    assert seen["npm_config_user_agent"].startswith(f"graft/{graft.__version__} npm/? node/? ")
    version = project.machine.run([seen["npm_execpath"], "--version"]).stdout
    assert version == f"{graft.__version__}\n"


def test_the_command_and_where_it_was_called(project: Project) -> None:
    variables(project)
    assert variables(project, "test")["npm_command"] == "test"
    seen = variables(project, "exec", "node", "env.js")
    assert (seen["npm_command"], seen["npm_lifecycle_event"]) == ("exec", "npx")
    assert seen["npm_lifecycle_script"] == "node" and seen["npm_package_name"] == "app"
    done = project.graft("run", "-C", "app", "show", cwd="..")
    assert f'"INIT_CWD":"{project.dir.parent}"' in done.stdout
    assert f'"PWD":"{project.dir}"' in done.stdout


def test_fields_of_package_json(project: Project) -> None:
    project.manifest(
        name="@acme/tool",
        config={"port": 8080, "deep": {"list": [1.0, "two", None, True, False]}, "ratio": 0.5},
        engines={"node": ">=18"},
        bin="cli.js",
    )
    seen = variables(project)
    fields = {k: v for k, v in seen.items() if k.startswith("npm_package_config")}
    assert fields == {
        "npm_package_config_port": "8080",
        "npm_package_config_ratio": "0.5",
        "npm_package_config_deep_list_0": "1",
        "npm_package_config_deep_list_1": "two",
        "npm_package_config_deep_list_2": "",
        "npm_package_config_deep_list_3": "true",
        "npm_package_config_deep_list_4": "",
    }
    assert seen["npm_package_engines_node"] == ">=18"
    assert seen["npm_package_bin_tool"] == "cli.js"


def test_fields_that_no_variable_can_hold_are_left_out(project: Project) -> None:
    project.manifest(config={"a=b": "1", "nul": "\0", "half": "\ud800", "ok": "1"})
    seen = variables(project)
    names = {name for name in seen if name.startswith("npm_package_config")}
    assert names == {"npm_package_config_ok"}


def test_fields_of_another_package_are_not_passed_on(project: Project) -> None:
    seen = variables(project, npm_package_config_port="1", npm_package_description="other")
    assert "npm_package_config_port" not in seen and "npm_package_description" not in seen


def test_the_path_begins_with_the_commands_of_the_project_and_of_those_above(
    project: Project,
) -> None:
    path = variables(project)["PATH"].split(":")
    folders = [project.dir, *project.dir.parents]
    assert path[: len(folders)] == [f"{str(f).rstrip('/')}/node_modules/.bin" for f in folders]
    assert ":".join(path[len(folders) :]) == project.machine.env["PATH"]


@pytest.mark.parametrize("folder", ["app", "projects"])
def test_a_command_of_the_project_comes_first(project: Project, folder: str) -> None:
    where = "" if folder == "app" else "../"
    project.write(f"{where}node_modules/.bin/ls", ("#!/bin/sh\necho mine\n", 0o755))
    project.manifest(scripts={"list": "ls"})
    assert project.graft("run", "list").stdout == "mine\n"


def test_no_credential_is_added(project: Project) -> None:
    with project.machine.npmrc.open("a") as file:
        file.write(
            "_authToken=sesame1\n_password=sesame2\n_auth=sesame3\nsome-token=sesame4\n"
            "//registry.example.com/:_authToken=sesame5\nnode-options=--no-warnings\n"
        )
    seen = variables(project)
    assert "sesame" not in str(seen)
    assert seen["NODE_OPTIONS"] == "--no-warnings"
    assert [name for name in seen if name.startswith("npm_config_")] == ["npm_config_user_agent"]


def test_what_is_set_outside_stays(project: Project) -> None:
    seen = variables(project, TOKEN="sesame", npm_config_loglevel="warn")
    assert (seen["TOKEN"], seen["npm_config_loglevel"]) == ("sesame", "warn")


def test_a_script_may_call_graft(project: Project) -> None:
    project.manifest(scripts={"outer": '"$npm_execpath" run inner x', "inner": "echo inner"})
    assert project.graft("run", "outer").stdout == "inner x\n"


def test_env_shows_the_environment(project: Project) -> None:
    assert "npm_lifecycle_event=env\n" in project.graft("run", "env").stdout
    project.manifest(scripts={"env": "echo mine"})
    assert project.graft("run", "env").stdout == "mine\n"
