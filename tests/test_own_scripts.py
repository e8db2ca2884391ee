"""The project's own scripts at an install: which, when, and when not."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

_ALL = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare",
        "postprepare"]  # fmt: skip


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    """``hooks`` has a command."""
    registry.publish(
        "hooks@1.0.0",
        bin={"hooks": "cli.js"},
        files={"cli.js": "#!/usr/bin/env node\nconsole.log('hooks are set')"},
    )


def own(project: Project, **scripts: str) -> None:
    project.manifest(devDependencies={"hooks": "1"}, scripts=scripts)


@pytest.mark.parametrize("command", ["install", "ci"])
def test_they_run_in_npms_order_with_the_commands_of_packages(
    project: Project, command: str
) -> None:
    """The hazard: a postinstall that calls a sibling's command."""
    own(project, test="exit 1", **{event: f"echo {event}" for event in reversed(_ALL)})
    project.graft("install", "--lockfile-only")
    assert project.graft(command).stdout.split() == _ALL
    own(project, postinstall="hooks")
    assert project.graft("install").stdout == "hooks are set\n"


def test_they_run_each_time(project: Project) -> None:
    own(project, prepare="hooks")
    for _ in range(3):
        assert "hooks are set" in project.graft("install").stdout
    assert not (project.modules / ".graft" / "stamp").exists(), "the launcher would run nothing"


def test_a_second_folder_runs_them_too(project: Project) -> None:
    """The hazard: the short road makes links and runs nothing."""
    own(project, prepare="hooks")
    project.graft("install")
    second = project.sibling("second")
    for name in ("package.json", "graft-lock.json"):
        second.write(name, (project.dir / name).read_text())
    assert "hooks are set" in second.graft("install").stdout


@pytest.mark.parametrize(
    "flags",
    [
        ["install", "--ignore-scripts"],
        ["install", "--dry-run"],
        ["install", "--lockfile-only"],
        ["add", "hooks"],
        ["update"],
    ],
)
def test_they_do_not_run(project: Project, flags: list[str]) -> None:
    own(project, prepare="hooks")
    assert project.graft(*flags).stdout == ""


def test_a_setting_keeps_them_from_running(project: Project) -> None:
    own(project, prepare="hooks")
    project.write(".npmrc", "ignore-scripts=true\n")
    assert project.graft("install").stdout == ""


def test_the_first_that_fails_ends_the_command_and_packages_stay(project: Project) -> None:
    own(project, postinstall="exit 7", prepare="hooks")
    done = project.graft("install", check=False)
    assert (done.code, done.stdout) == (7, "")
    assert "'postinstall' ended with exit code 7: not run: 'prepare'" in done.stderr
    assert (project.modules / "hooks").exists()


def test_json_stays_one_document(project: Project) -> None:
    own(project, prepare="hooks")
    done = project.graft("install", "--json")
    assert done.json["packages"] == 1
    assert "hooks are set" in done.stderr


def test_an_install_inside_of_one_does_not_run_them_again(project: Project) -> None:
    own(project, postinstall='"$npm_execpath" install && hooks')
    assert project.graft("install").stdout == "hooks are set\n"
