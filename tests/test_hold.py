"""Who holds the store, and who waits for whom: installs side by side, a collector alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graft.base.locks import FileLock
from harness.holder import Holder
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def app(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    return project


@contextmanager
def installing(project: Project, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = project.spawn(*(arguments or ("install",)))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that it says on stderr."""
    assert process.stderr
    return process.stderr.readline().strip()


def finish(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


@pytest.mark.parametrize("road", ["long", "short"])
def test_an_install_waits_for_a_collector_and_says_so(app: Project, road: str) -> None:
    if road == "short":
        app.graft("install")
        app.remove("node_modules")
    with Holder(app.machine.graft_home, "alone") as collector:
        collector.wait_for("held")
        with installing(app) as process:
            said = f"waiting for graft store gc (process {collector.pid})"
            assert line_of(process) == f"{said}, which has the store to itself"
            assert not app.exists("node_modules")
            collector.let_go()
            finish(process)
    assert app.exists("node_modules/a")


def test_a_collector_that_waits_cannot_be_starved(app: Project) -> None:
    """It closes the gate: who comes later lines up behind it, though the store is only shared."""
    home = app.machine.graft_home
    with Holder(home, "shared") as first:
        first.wait_for("held")
        with Holder(home, "alone") as collector:
            collector.wait_for("waiting for another graft to be done with the store")
            with installing(app) as process:
                assert f"graft store gc (process {collector.pid})" in line_of(process)
                first.let_go()
                collector.wait_for("held")
                collector.let_go()
                finish(process)


def test_a_collector_says_which_installs_it_waits_for(
    app: Project, registry: LocalRegistry
) -> None:
    registry.fault("/a/-/a-1.0.0.tgz", delay=1.0)
    with installing(app, "add", "a") as process:
        registry.wait_for("/a/-/a-1.0.0.tgz")
        with Holder(app.machine.graft_home, "alone") as collector:
            said = collector.wait_for("waiting")
            assert said == (
                f"waiting for graft add (process {process.pid}) to be done with the store"
            )
            collector.wait_for("held")
        finish(process)


def test_a_collector_in_the_background_gives_up_at_once(app: Project) -> None:
    home = app.machine.graft_home
    with Holder(home, "shared") as first:
        first.wait_for("held")
        with Holder(home, "at-once") as collector:
            collector.wait_for("not held")
            collector.let_go()
        first.let_go()
    with Holder(home, "at-once") as collector:
        collector.wait_for("held")
        with installing(app) as process:
            assert f"graft store gc (process {collector.pid})" in line_of(process)
            collector.let_go()
            finish(process)


def test_who_holds_the_store_may_hold_it_once_more_while_a_collector_waits(app: Project) -> None:
    """As packages of git do, which are prepared in a project of their own: behind the gate this
    would wait for a collector that waits for it."""
    home = app.machine.graft_home
    with Holder(home, "shared") as first:
        first.wait_for("held")
        with Holder(home, "alone") as collector:
            collector.wait_for("waiting")
            first.hold_once_more()
            assert "held" not in collector.lines
            first.let_go()
            collector.wait_for("held")


def test_two_collectors_come_one_after_the_other(app: Project) -> None:
    home = app.machine.graft_home
    with Holder(home, "alone") as first:
        first.wait_for("held")
        with Holder(home, "alone") as second:
            said = second.wait_for("waiting")
            assert said.startswith(f"waiting for graft store gc (process {first.pid})")
            first.let_go()
            second.wait_for("held")
            assert len(second.lines) == 2


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_the_lock_of_a_dead_process_blocks_nobody(app: Project, kind: str) -> None:
    with Holder(app.machine.graft_home, kind) as dead:
        dead.wait_for("held")
        os.kill(dead.pid, signal.SIGKILL)
        dead.process.wait()
        assert "waiting" not in app.graft("install").stderr
        with Holder(app.machine.graft_home, "alone") as next_one:
            next_one.wait_for("held")
            assert next_one.lines == ["held"]


def test_a_stopped_holder_is_named(app: Project, registry: LocalRegistry) -> None:
    registry.fault("/a/-/a-1.0.0.tgz", delay=0.5)
    with installing(app) as stopped:
        registry.wait_for("/a/-/a-1.0.0.tgz")
        os.kill(stopped.pid, signal.SIGSTOP)
        with installing(app, "add", "a") as process:
            assert f"graft install (process {stopped.pid}) in this project" in line_of(process)
            os.kill(stopped.pid, signal.SIGCONT)
            finish(process)


@pytest.mark.parametrize("road", ["long", "short"])
def test_ctrl_c_ends_waiting_at_once(app: Project, road: str) -> None:
    if road == "short":
        app.graft("install")
        app.remove("node_modules")
    with Holder(app.machine.graft_home, "alone") as collector:
        collector.wait_for("held")
        with installing(app) as process:
            line_of(process)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
            assert process.returncode == 130
            assert "interrupted" in said and "Traceback" not in said


def test_who_waited_for_a_lock_whose_file_went_takes_the_new_one(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")

    def remove(_: str) -> None:
        """The holder removes the file, as a collector may, and lets go."""
        os.unlink(path)
        first.__exit__()

    first = FileLock(path, exclusive=True).__enter__()
    with FileLock(path, exclusive=True, holder="second", waiting=remove):
        assert os.path.exists(path)
        with FileLock(path, exclusive=True, wait=False) as third:
            assert not third.held


def test_a_file_system_without_locks_is_named(app: Project) -> None:
    """NFS without its lock daemon, and the like: no lock can be had there, whoever asks."""
    wrapper = (
        "import errno, fcntl, os, sys\n"
        "def refuse(*_): raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))\n"
        "fcntl.flock = refuse\n"
        "from graft.__main__ import main\n"
        "sys.argv = ['graft', 'install', '--json']\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-P", "-c", wrapper]
    result = app.machine.run(command, cwd=app.dir, check=False)
    assert result.code == 39
    assert result.json["error"]["code"] == "store-lockless"
    assert not app.exists("node_modules")
