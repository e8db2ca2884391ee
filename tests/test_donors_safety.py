"""Nothing of a parent is written, whatever a child does, and nothing is left half done."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from graft.base.locks import FileLock
from graft.donors.hold import hold_parent
from graft.donors.parent import stores_of
from graft.store.paths import Store
from harness.crash import crash
from harness.donors import Child, hashed
from harness.machine import Machine
from harness.members import Member, open_folder
from harness.project import Project
from harness.registry import LocalRegistry

WRITES = "node -e \"fs.writeFileSync('made', 'made')\""


def test_a_script_that_writes_into_its_package_writes_into_an_own_copy(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    """B12: a build in a child left files in the parent."""
    registry.publish("built@1.0.0", dependencies={"b": "^1"}, scripts={"postinstall": WRITES})
    gold.manifest(dependencies={"built": "^1", "a": "^1"})
    gold.graft("install")
    child.manifest(dependencies={"built": "^1", "a": "^1"})
    before = hashed(gold.dir, gold.store)
    child.take(gold, "--offline")
    assert child.said("built@1.0.0")["mode"] == "link"
    child.graft("approve-builds", "built", "--deps-source", str(gold.dir), "--offline")
    assert child.read("node_modules/built/made") == "made"
    assert child.links()["built"].startswith(str(child.store))
    child.graft("rebuild", "built", "--offline")
    assert hashed(gold.dir, gold.store) == before


def test_commands_of_a_child_leave_its_parent_as_it_is(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    """B2 and B3: sync and patches wrote through links."""
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    before = hashed(gold.dir, gold.store)
    child.take(gold)
    registry.publish("b@1.1.0", files={"index.js": "module.exports = 'newer'"})
    folder = Path(child.graft("patch", "c", "--json").json["folder"])
    (folder / "index.js").write_text("module.exports = 'edited'")
    child.graft("patch-commit", str(folder))
    assert child.node("console.log(require('c'))") == "edited"
    for command in (["update"], ["dedupe"], ["prune"], ["install", "--layout", "hoisted"]):
        child.graft(*command)
    child.write("node_modules/c/index.js", "written")
    child.graft("install", "--layout", "virtual", "--force")
    child.graft("remove", "a")
    child.graft("store", "gc", "--older-than", "0")
    child.remove("node_modules")
    assert hashed(gold.dir, gold.store) == before


@pytest.mark.parametrize(
    ("event", "path"),
    [("open", "/a/index.js"), ("os.rename", ".json"), ("os.rename", "/node_modules")],
)
def test_a_copy_that_was_killed_is_complete_or_absent(
    gold: Project, machine: Machine, event: str, path: str
) -> None:
    golden = Child(gold.dir, machine)
    golden.remove("node_modules")
    golden.graft("install")
    fresh = machine.project("fresh", dependencies={"a": "^1"})
    machine.graft_home = machine.root / "fresh-home"
    machine.env["GRAFT_HOME"] = str(machine.graft_home)
    before = hashed(golden.dir, golden.store)
    flags = ("--deps-source", str(golden.dir), "--deps-source-mode", "copy", "--offline")
    crash(fresh, event, path, "install", *flags)
    assert not fresh.exists("node_modules")
    found = fresh.graft("install", *flags, "--json").json
    assert found["fetched"] == 0
    assert fresh.lock["nodes"]["a@1.0.0"]["from_deps_source"]["mode"] == "copy"
    assert fresh.node("console.log(require('a'))") == "a with b"
    assert fresh.graft("store", "verify").code == 0
    assert hashed(golden.dir, golden.store) == before


def test_a_parent_that_is_being_changed_is_waited_for(gold: Project, child: Child) -> None:
    lock = Store(str(gold.store)).project_lock(str(gold.dir))
    with FileLock(lock, exclusive=True, holder="graft update"):
        assert hold_parent(str(gold.dir), stores_of(str(gold.dir)), 0.0, print) is None
        home = {"GRAFT_HOME": str(child.machine.root / "other-home")}
        arguments = ("install", "--deps-source", str(gold.dir), "--offline")
        process = child.spawn(*arguments, env=home)
        assert process.stderr
        while "waiting for graft update" not in (line := process.stderr.readline()):
            assert line, "it did not wait"
        assert not child.exists("node_modules")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert child.said("a@1.0.0")["mode"] == "link"


def test_an_update_of_the_parent_waits_for_a_child_that_links(gold: Project) -> None:
    held = hold_parent(str(gold.dir), stores_of(str(gold.dir)), 0.0, print)
    assert held is not None and held.held
    lock = Store(str(gold.store)).project_lock(str(gold.dir))
    assert not FileLock(lock, exclusive=True, wait=False).__enter__().held
    held.__exit__()
    with FileLock(lock, exclusive=True, wait=False) as alone:
        assert alone.held


def test_installs_of_one_child_follow_one_another(gold: Project, child: Child) -> None:
    """B9: four of six failed."""
    home = {"GRAFT_HOME": str(child.machine.root / "other-home")}
    arguments = ("install", "--deps-source", str(gold.dir), "--offline", "--force")
    crowd = [child.spawn(*arguments, env=home) for _ in range(4)]
    for process in crowd:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert child.said("a@1.0.0")["mode"] == "link"
    assert child.node("console.log(require('a'))") == "a with b"


def test_a_later_update_of_the_parent_changes_nothing_in_a_child(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    child.take(gold)
    registry.publish("a@1.2.0", dependencies={"b": "^1"}, files={"index.js": "throw 1"})
    gold.graft("update")
    assert child.node("console.log(require('a'))") == "a with b"
    said, target = child.said("a@1.0.0"), child.links()["a"]
    child.graft("install", "--force")
    assert (child.said("a@1.0.0"), child.links()["a"]) == (said, target)
    assert "a@1.2.0" in gold.lock["nodes"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
@pytest.mark.parametrize("mode", ["link", "copy"])
def test_a_read_only_parent_of_somebody_else_gives(
    gold: Project, registry: LocalRegistry, mode: str
) -> None:
    """B8: copies of what may only be read could not be written."""
    with open_folder() as place:
        ann = Member(place, "ann", 64101, registry, graft_home=None)
        there = place / "golden"
        there.mkdir()
        machine = Machine(there, registry)
        golden = machine.project("gold", dependencies={"a": "^1"})
        golden.graft("install")
        subprocess.run(["chmod", "-R", "a-w,a+rX", str(there)], check=True)
        before = hashed(there)
        ann.project.manifest(dependencies={"a": "^1"})
        ann.owns()
        flags = ("--deps-source", str(golden.dir), "--deps-source-mode", mode, "--offline")
        code, said = ann.graft("install", *flags)
        assert code == 0, said
        assert ann.project.lock["nodes"]["a@1.0.0"]["from_deps_source"]["mode"] == mode
        for layout in ("virtual", "isolated", "hoisted"):
            code, said = ann.graft("install", "--layout", layout, *flags)
            assert code == 0, said
            folder = ann.project.path("node_modules/a")
            found = [path.stat() for path in (folder, folder / "index.js")]
            owned = {(seen.st_uid, seen.st_mode & 0o200) for seen in found}
            assert owned == {(64101, 0o200) if mode == "copy" else (0, 0)}, layout
        assert hashed(there) == before
    assert gold
