"""Several grafts at once, and grafts that are killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

RUNS = "console.log(require('p1').requires('base').version)"


@pytest.fixture
def many(project: Project, registry: LocalRegistry) -> Project:
    """A project that asks for twelve packages, all on one base."""
    registry.publish("base@1.0.0", files={f"lib/{n}.js": str(n) for n in range(30)})
    for n in range(12):
        registry.publish(f"p{n}@1.0.0", dependencies={"base": "1"}, bin="cli.js")
    project.manifest(dependencies={f"p{n}": "1" for n in range(12)})
    return project


def finish(process: subprocess.Popen[str]) -> str:
    """Its stderr, after it has succeeded."""
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def junk(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name.startswith((".tmp-", ".graft-staging"))]


def test_ten_kills_at_any_time_and_then_it_installs(many: Project, registry: LocalRegistry) -> None:
    registry.fault(lambda request: request.kind == "tarball", times=None, delay=0.02)
    for attempt in range(10):
        process = many.spawn("install")
        time.sleep(0.1 + 0.06 * attempt)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not many.exists("node_modules") or many.node(RUNS) == "1.0.0"
    many.graft("install")
    assert many.node(RUNS) == "1.0.0"
    report = many.graft("install", "--force", "--json").json
    assert (report["slots"], report["steps"], report["lockChanged"]) == (0, [], False)
    assert junk(many.dir) == []


def test_hazard_31_a_second_install_in_a_project_waits_and_says_for_whom(
    many: Project, registry: LocalRegistry
) -> None:
    registry.fault("/p1/-/p1-1.0.0.tgz", delay=1.0)
    first = many.spawn("install")
    registry.wait_for("/p1/-/p1-1.0.0.tgz")
    second = many.spawn("install", "--force")
    assert f"waiting for graft install (process {first.pid}) in this project" in finish(second)
    assert "waiting" not in finish(first)
    assert many.node(RUNS) == "1.0.0"
    assert many.graft("install", "--json").json["upToDate"]


def test_hazard_31_two_additions_at_once_are_both_there(
    many: Project, registry: LocalRegistry
) -> None:
    for name in ("x", "y"):
        registry.publish(f"{name}@1.0.0")
    many.graft("install")
    adding = [many.spawn("add", name) for name in ("x", "y")]
    for process in adding:
        finish(process)
    assert {"x", "y"} <= many.json("package.json")["dependencies"].keys()
    assert {"x", "y"} <= many.links().keys()
    assert many.graft("ci", "--json").json["upToDate"]


def test_hazard_31_eight_projects_over_one_empty_store(many: Project) -> None:
    wanted = many.json("package.json")["dependencies"]
    projects = [many.sibling(f"project-{n}", dependencies=wanted) for n in range(8)]
    for process in [project.spawn("install") for project in projects]:
        finish(process)
    for project in projects:
        links = project.links()
        assert {links[name] for name in wanted} == {projects[0].links()[name] for name in wanted}
    assert projects[5].node(RUNS) == "1.0.0"
    assert len(list(many.store.glob("slots/*"))) == 13
    assert len(list(many.store.glob("objects/*.json"))) == 13
    assert junk(many.store) == [] and not list(many.store.glob("trash/*"))
    assert projects[0].graft("install", "--force", "--json").json["slots"] == 0


def test_hazard_31_what_one_process_fetches_no_other_does(
    project: Project, registry: LocalRegistry
) -> None:
    wanted = {f"p{n}": "1" for n in range(200)}  # more than are under way at once
    for name in wanted:
        registry.publish(f"{name}@1.0.0")
    registry.fault(lambda request: request.kind == "tarball", times=None, delay=0.02)
    projects = [project.sibling(f"project-{n}", dependencies=wanted) for n in range(2)]
    for process in [each.spawn("install") for each in projects]:
        finish(process)
    assert len(registry.tarball_requests) == len(wanted)
    for each in projects:
        assert each.links().keys() >= wanted.keys()


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_what_another_process_does_not_finish_fetching_is_fetched(
    many: Project, registry: LocalRegistry, end: str
) -> None:
    registry.fault(lambda request: request.kind == "tarball", times=13, delay=20)
    wanted = many.json("package.json")["dependencies"]
    first = many.spawn("install")
    registry.wait_for(lambda request: request.kind == "tarball")
    try:
        os.kill(first.pid, signal.SIGKILL if end == "killed" else signal.SIGSTOP)
        registry.clear_faults()
        other = many.sibling("other", dependencies=wanted)
        patient = "import graft.sources.archives as it; it._PATIENCE_SECONDS = 0.1\n"
        wrapper = f"{patient}import sys\nfrom graft.__main__ import main\nsys.exit(main())"
        other.machine.run([sys.executable, "-P", "-c", wrapper, "install"], cwd=other.dir)
        assert other.node(RUNS) == "1.0.0"
    finally:
        first.kill()
        first.communicate()


def test_hazard_31_eight_projects_heal_one_damaged_store(many: Project) -> None:
    """Slots without records and objects without manifests: all want to replace the same folders."""
    many.graft("install")
    for record in [*many.store.glob("slots/*/slot.json"), *many.store.glob("objects/*.json")]:
        record.parent.chmod(0o755)
        record.unlink()
    for slot in many.store.glob("slots/p*"):
        (package,) = slot.glob("node_modules/p*")
        package.chmod(0o755)
        (package / "index.js").unlink()
    wanted = many.json("package.json")["dependencies"]
    projects = [many.sibling(f"project-{n}", dependencies=wanted) for n in range(8)]
    for process in [project.spawn("install") for project in projects]:
        finish(process)
    assert projects[7].node(RUNS) == "1.0.0"
    assert projects[0].graft("install", "--force", "--json").json["slots"] == 0
    assert junk(many.store) == [] and not list(many.store.glob("trash/*"))
