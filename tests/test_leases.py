"""What runs with a graph holds a lease on it: until it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

# Says that it is there, and waits to be let go.
_WAITER = """\
#!/usr/bin/env node
console.log("ready");
process.stdin.on("end", () => process.exit(0)).resume();
"""


@pytest.fixture
def app(project: Project, registry: LocalRegistry) -> Project:
    for name in ("tool", "other"):
        registry.publish(f"{name}@1.0.0", bin={name: "cli.js"}, files={"cli.js": _WAITER})
    project.write("wait.js", _WAITER)
    project.manifest(
        dependencies={"tool": "1"},
        workspaces=["packages/*"],
        scripts={"wait": "exec node wait.js", "hooked": "node wait.js", "posthooked": "true"},
    )
    project.manifest("packages/part", name="part", scripts={"wait": "exec node ../../wait.js"})
    project.graft("install")
    return project


@contextmanager
def running(project: Project, *arguments: str, cwd: str = ".") -> Iterator[subprocess.Popen[str]]:
    # Without a flag in front, the shortest road is taken.
    folder = ("-C", cwd) if cwd != "." else ()
    process = project.spawn(*folder, *arguments, stdin=subprocess.PIPE)
    assert process.stdin and process.stdout
    try:
        while "ready" not in (line := process.stdout.readline()):
            assert line, process.stderr and process.stderr.read()
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=20)


def leased(project: Project) -> list[str]:
    """The graphs that somebody uses."""
    return [name for name in os.listdir(project.store / "leases") if _is_held(project, name)]


def _is_held(project: Project, name: str) -> bool:
    with (project.store / "leases" / name).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize(
    ("cwd", "arguments"),
    [
        (".", ["run", "wait"]),
        (".", ["run", "hooked"]),
        (".", ["run", "-r", "wait"]),
        (".", ["exec", "node", "wait.js"]),
        (".", ["x", "tool"]),
        ("packages/part", ["run", "wait"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_runs_holds_the_graph_of_its_project(
    app: Project, cwd: str, arguments: list[str]
) -> None:
    state = app.read("node_modules/.graft/state")
    with running(app, *arguments, cwd=cwd):
        (graph,) = leased(app)
        assert f"inputs:\t{graph}\n" in state
        assert (app.store / "graphs" / graph).exists()
    assert leased(app) == []


def test_a_tool_that_is_fetched_holds_its_own_graph(app: Project) -> None:
    with running(app, "x", "other"):
        held = leased(app)
        records = [(app.store / "graphs" / graph).read_text(encoding="utf-8") for graph in held]
        assert sorted("direct other" in record for record in records) == [False, True]
    assert leased(app) == []


def test_a_killed_program_holds_nothing(app: Project) -> None:
    with running(app, "run", "wait") as process:
        assert len(leased(app)) == 1
        process.kill()
        process.wait()
        assert leased(app) == []


@pytest.mark.parametrize("inputs", ["../../../outside", "x" * 64, "F" * 64, ""])
def test_a_planted_state_names_no_file_of_the_store(project: Project, inputs: str) -> None:
    project.manifest(scripts={"say": "echo said"})
    project.write("node_modules/.graft/state", f"graft-links 1\nlayout:\tv\ninputs:\t{inputs}\n")
    project.graft("store", "path")
    assert "said" in project.graft("run", "say").stdout
    assert list((project.store / "leases").iterdir()) == []
