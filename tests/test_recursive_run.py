"""``run``, ``exec`` and ``test`` in many members of a workspace."""

from __future__ import annotations

import os
import signal
import time

import pytest

from harness.project import Project


@pytest.fixture
def workspace(project: Project) -> Project:
    """``c`` needs ``b``, which needs ``a``; each leaves its name in ``order`` when it is built."""
    project.manifest(workspaces=["packages/*"], scripts={"build": "echo root >> order"})
    for name, needs in (("a", []), ("b", ["a"]), ("c", ["b"]), ("x", [])):
        project.manifest(
            f"packages/{name}",
            dependencies=dict.fromkeys(needs, "workspace:*"),
            scripts={"build": f"echo built {name} && echo {name} >> ../../order"},
        )
    return project


def order(project: Project) -> list[str]:
    return project.read("order").split()


def test_what_others_need_runs_first(workspace: Project) -> None:
    workspace.graft("run", "-r", "build")
    built = order(workspace)
    assert sorted(built) == ["a", "b", "c", "x"]
    assert [name for name in built if name != "x"] == ["a", "b", "c"]


def test_need_counts_through_members_that_are_not_selected(workspace: Project) -> None:
    workspace.manifest("packages/a", scripts={"build": "sleep 0.3; echo a >> ../../order"})
    workspace.graft("run", "--filter", "a", "--filter", "c", "build")
    assert order(workspace) == ["a", "c"]


def test_lines_have_their_member_in_front(workspace: Project) -> None:
    done = workspace.graft("-r", "run", "build")
    assert "packages/a | built a" in done.stdout.splitlines()
    assert "packages/a | $ echo built a && echo a >> ../../order" in done.stderr.splitlines()


def test_one_at_a_time_has_the_terminal(workspace: Project) -> None:
    done = workspace.graft("run", "-r", "--workspace-concurrency", "1", "build")
    assert done.stdout.splitlines()[:3] == ["built a", "built b", "built c"]


def test_the_root_is_left_out_unless_it_is_named(workspace: Project) -> None:
    workspace.graft("run", "-r", "--include-workspace-root", "--no-sort", "build")
    assert "root" in order(workspace)
    workspace.remove("order")
    workspace.graft("run", "--filter", "app", "build")
    assert order(workspace) == ["root"]


def test_members_on_a_cycle_run_too(workspace: Project) -> None:
    workspace.manifest("packages/a", dependencies={"c": "workspace:*"})
    workspace.graft("run", "-r", "build")
    assert sorted(order(workspace)) == ["a", "b", "c", "x"]


def test_a_member_without_the_script_is_passed_over(workspace: Project) -> None:
    workspace.manifest("packages/b", scripts={})
    workspace.graft("run", "-r", "build")
    assert "b" not in order(workspace)
    assert workspace.graft("run", "-r", "nothing", check=False).code == 50
    workspace.graft("run", "-r", "--if-present", "nothing")


@pytest.mark.parametrize("at_once", ["1", "4"])
def test_a_failure_ends_it_and_is_summed_up(workspace: Project, at_once: str) -> None:
    workspace.manifest("packages/a", scripts={"build": "exit 7"})
    flags = ("-r", "--workspace-concurrency", at_once, "--filter", "!x")
    failed = workspace.graft("run", *flags, "build", check=False)
    assert failed.code == 7
    assert "failed packages/a: exit code 7" in failed.stderr
    assert "not run to the end: packages/b, packages/c" in failed.stderr
    assert not workspace.exists("order")


@pytest.mark.parametrize("at_once", ["1", "4"])
def test_no_bail_goes_on_and_fails_at_the_end(workspace: Project, at_once: str) -> None:
    workspace.manifest("packages/a", scripts={"build": "exit 7"})
    flags = ("-r", "--no-bail", "--workspace-concurrency", at_once)
    failed = workspace.graft("run", *flags, "build", check=False)
    assert failed.code == 1
    assert sorted(order(workspace)) == ["b", "c", "x"]
    assert "3 of 4 members done" in failed.stderr


def test_a_failure_ends_those_that_still_run(workspace: Project) -> None:
    workspace.manifest("packages/a", scripts={"build": "sleep 60; echo late >> ../../order"})
    workspace.manifest("packages/x", scripts={"build": "sleep 0.3; exit 3"})
    failed = workspace.graft("run", "--parallel", "--filter", "{packages}", "build", check=False)
    assert failed.code == 3
    assert "late" not in order(workspace)


def test_parallel_waits_for_nobody(workspace: Project) -> None:
    """Each waits until all have begun: in turn, they would wait for ever."""
    wait = (
        "touch ../../$npm_package_name; "
        "until [ -e ../../a -a -e ../../b -a -e ../../c ]; do :; done"
    )
    for name in "abcx":
        workspace.manifest(f"packages/{name}", scripts={"dev": wait})
    workspace.graft("run", "--parallel", "-r", "dev")


def test_a_signal_reaches_all_that_run(workspace: Project) -> None:
    for name in "abcx":
        script = (
            f"trap 'echo {name} >> ../../ended; exit 0' TERM; "
            "touch ready; while :; do sleep 0.05; done"
        )
        workspace.manifest(f"packages/{name}", scripts={"dev": script})
    graft = workspace.spawn("run", "--parallel", "-r", "dev")
    for _ in range(200):
        if all(workspace.exists(f"packages/{name}/ready") for name in "abcx"):
            break
        time.sleep(0.05)
    os.kill(graft.pid, signal.SIGTERM)
    graft.communicate(timeout=20)
    assert graft.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert sorted(workspace.read("ended").split()) == ["a", "b", "c", "x"]


def test_commands_that_are_scripts_and_tools(workspace: Project) -> None:
    workspace.manifest("packages/a", scripts={"test": "echo tested", "posttest": "echo after"})
    assert workspace.graft("test", "-r").stdout.splitlines() == ["tested", "after"]
    assert workspace.graft("test", "-w", "a").stdout.splitlines() == ["tested", "after"]
    done = workspace.graft("exec", "-r", "-c", "echo $npm_package_name")
    assert sorted(line.split(" | ")[1] for line in done.stdout.splitlines()) == list("abcx")


def test_a_run_in_members_may_be_called_in_any_of_them(workspace: Project) -> None:
    workspace.graft("run", "-r", "build", cwd="packages/b")
    assert sorted(order(workspace)) == ["a", "b", "c", "x"]
