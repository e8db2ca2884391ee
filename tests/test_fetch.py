"""``graft fetch``: the store is filled from the lock alone, and ``--check`` proves that it is."""

from __future__ import annotations

import os
import shutil

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def locked(project: Project, registry: LocalRegistry) -> Project:
    """A project with a lock, on a machine whose store is empty."""
    registry.publish("a@1.0.0", dependencies={"b": "^1"}, bin="cli.js")
    registry.publish("b@1.0.0")
    registry.publish("tester@1.0.0", dependencies={"c": "1"})
    registry.publish("c@1.0.0")
    registry.publish("elsewhere@1.0.0", os=["never"])
    project.manifest(
        dependencies={"a": "^1"},
        devDependencies={"tester": "1"},
        optionalDependencies={"elsewhere": "1"},
    )
    project.graft("install", "--lockfile-only")
    shutil.rmtree(project.machine.graft_home)
    registry.clear_log()
    return project


def test_fetch_needs_nothing_but_the_lock(locked: Project, registry: LocalRegistry) -> None:
    manifest = locked.read("package.json")
    locked.remove("package.json")
    before = snapshot(locked.dir)
    said = locked.graft("fetch", "--json").json
    assert (said["packages"], said["fetched"], said["slots"]) == (4, 4, 4)
    assert snapshot(locked.dir) == before
    assert sorted(r.path for r in registry.requests) == [
        f"/{name}/-/{name}-1.0.0.tgz" for name in ("a", "b", "c", "tester")
    ]
    assert locked.graft("fetch", "--check").code == 0

    registry.close()
    locked.write("package.json", manifest)
    assert locked.graft("install", "--offline", "--json").json["fetched"] == 0
    assert locked.node('console.log(require("a").requires("b").version)') == "1.0.0"


def test_a_second_fetch_asks_nobody(locked: Project, registry: LocalRegistry) -> None:
    locked.graft("fetch")
    registry.clear_log()
    said = locked.graft("fetch", "--json").json
    assert (said["fetched"], said["slots"], registry.requests) == (0, 0, [])


def test_fetch_for_production(locked: Project, registry: LocalRegistry) -> None:
    assert locked.graft("fetch", "--prod", "--json").json["packages"] == 2
    assert {request.path.split("/")[1] for request in registry.requests} == {"a", "b"}
    assert locked.graft("fetch", "--check", "--prod").code == 0
    done = locked.graft("fetch", "--check", check=False)
    assert done.code == 1
    assert done.stdout.splitlines() == ["missing c@1.0.0", "missing tester@1.0.0"]
    assert "2 of 4 packages not in the store: run 'graft fetch'" in done.stderr
    assert locked.graft("install", "--prod", "--offline").code == 0


def test_a_dry_run_says_what_would_be_fetched(locked: Project, registry: LocalRegistry) -> None:
    said = locked.graft("fetch", "--dry-run", "--json", "--prod").json
    assert said["dryRun"] and said["missing"] == ["a@1.0.0", "b@1.0.0"]
    assert registry.requests == []
    assert "would fetch c@1.0.0" in locked.graft("fetch", "--dry-run").stderr


def test_the_check_is_right_about_the_offline_install(locked: Project) -> None:
    """Whatever is taken from the store: the check and the install agree."""
    locked.graft("fetch")

    def agree(*, ready: bool) -> None:
        said = locked.graft("fetch", "--check", "--json", check=False)
        assert (said.code, said.json["ready"]) == (0 if ready else 1, ready)
        shutil.rmtree(locked.modules, ignore_errors=True)
        installed = locked.graft("install", "--offline", check=False)
        assert installed.code == (0 if ready else 44), str(installed)

    agree(ready=True)
    slots = locked.store / "slots"
    (slot,) = slots.glob("a@*")
    os.rename(slot, locked.dir / "aside")
    agree(ready=True)  # it is made anew of its object
    (slot,) = slots.glob("a@*")
    shutil.rmtree(slot)
    (script,) = (locked.store / "objects").glob("*/node_modules/a/index.js")
    script.parent.chmod(0o755)
    script.unlink()
    agree(ready=False)
    locked.graft("fetch")
    agree(ready=True)


def test_the_check_sees_a_slot_without_its_package(locked: Project) -> None:
    locked.graft("fetch")
    (package,) = (locked.store / "objects").glob("*/node_modules/b")
    shutil.rmtree(package)
    done = locked.graft("fetch", "--check", check=False)
    assert (done.code, done.stdout) == (1, "damaged b@1.0.0\n")
    assert "run 'graft fetch --force'" in done.stderr
    locked.graft("fetch", "--force")
    assert locked.graft("fetch", "--check").code == 0


def test_what_lies_in_the_project_is_not_fetched(project: Project, registry: LocalRegistry) -> None:
    """Neither is a package that leads to it built before its contents are known."""
    registry.publish("a@1.0.0", peers={"own": "*"})
    registry.publish("b@1.0.0")
    outside = project.dir.parent / "own"
    outside.mkdir()
    (outside / "package.json").write_text('{"name": "own", "version": "1.0.0"}')
    project.manifest(dependencies={"a": "1", "own": "file:../own", "b": "1"})
    project.graft("install", "--lockfile-only")
    shutil.rmtree(project.machine.graft_home)
    os.rename(outside, outside.with_name("away"))
    os.rename(project.dir / "package.json", project.dir / "kept.json")
    said = project.graft("fetch", "--json").json
    assert (said["fetched"], said["slots"]) == (2, 1)
    assert project.graft("fetch", "--dry-run", "--json").json["missing"] == []
    os.rename(outside.with_name("away"), outside)
    os.rename(project.dir / "kept.json", project.dir / "package.json")
    assert project.graft("fetch", "--check", "--json").json["ready"]
    assert project.graft("install", "--offline").code == 0


def test_a_workspace_is_fetched_from_its_lock(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", peers={"one": "*"})
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/one", name="one")
    project.manifest("packages/two", name="two", dependencies={"a": "1", "one": "workspace:*"})
    project.graft("install", "--lockfile-only")
    shutil.rmtree(project.machine.graft_home)
    for path in ("packages", "package.json"):
        os.rename(project.path(path), project.path(f"away-{path}"))
    assert project.graft("fetch", "--json").json["fetched"] == 1
    for path in ("packages", "package.json"):
        os.rename(project.path(f"away-{path}"), project.path(path))
    assert project.graft("fetch", "--check").code == 0
    registry.close()
    project.graft("install", "--offline")


def test_the_check_sees_a_stale_lock(locked: Project) -> None:
    locked.graft("fetch")
    locked.manifest(dependencies={"a": "^2"})
    done = locked.graft("fetch", "--check", "--json", check=False)
    assert (done.code, done.json["error"]["code"]) == (11, "lock-stale")


def test_fetch_without_a_lock_or_a_network(locked: Project, registry: LocalRegistry) -> None:
    done = locked.graft("fetch", "--offline", "--json", check=False)
    assert (done.code, done.json["error"]["code"]) == (44, "offline-missing")
    assert registry.requests == []
    locked.remove("graft-lock.json")
    for flags in ((), ("--check",), ("--dry-run",)):
        assert locked.graft("fetch", *flags, check=False).code == 10
    assert locked.graft("fetch", "--check", "--force", check=False).code == 2
