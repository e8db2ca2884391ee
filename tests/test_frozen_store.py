"""``--frozen-store``: an install from a store that nothing is written into."""

from __future__ import annotations

import os
import shutil

import pytest

from harness.crash import crash
from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import Mounts, powerless
from harness.tree import snapshot

RUNS = "console.log(require('a').requires('b').version)"


@pytest.fixture
def filled(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b``, installed; the registry has forgotten what it was asked."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    registry.clear_log()
    return project


def copy_of(project: Project, name: str = "second") -> Project:
    """Another checkout: what is committed, and no ``node_modules``."""
    other = project.sibling(name)
    for file in ("package.json", "graft-lock.json"):
        shutil.copy(project.path(file), other.path(file))
    return other


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
def test_a_second_checkout_installs_from_a_read_only_store(
    filled: Project, registry: LocalRegistry, layout: str
) -> None:
    other = copy_of(filled)
    before = snapshot(filled.machine.graft_home)
    mounts = Mounts().read_only(filled.machine.graft_home)
    mounts.run(other, "ci", "--frozen-store", "--layout", layout)
    again = mounts.run(other, "ci", "--frozen-store", "--layout", layout, "--json").json
    assert other.node(RUNS) == "1.0.0"
    assert (again["steps"], again["fetched"], registry.requests) == ([], 0, [])
    assert snapshot(filled.machine.graft_home) == before


def test_what_lacks_is_listed_at_once_and_nothing_has_changed(
    filled: Project, registry: LocalRegistry
) -> None:
    registry.publish("c@1.0.0")
    filled.manifest(dependencies={"a": "1", "c": "1"})
    filled.graft("install", "--lockfile-only")
    before = snapshot(filled.dir)
    result = filled.graft("install", "--frozen-store", "--json", check=False)
    error = result.json["error"]
    assert (result.code, error["code"]) == (36, "store-lacks")
    assert error["why"] == ["c@1.0.0 is not there"]
    assert "'graft fetch'" in error["fix"]
    assert snapshot(filled.dir) == before
    checked = filled.graft("fetch", "--check", "--frozen-store", "--json", check=False)
    assert (checked.code, checked.json["missing"]) == (1, ["c@1.0.0"])
    filled.graft("fetch")
    filled.graft("install", "--frozen-store")
    assert filled.json("node_modules/c/package.json")["version"] == "1.0.0"
    filled.graft("fetch", "--check", "--frozen-store")


def test_the_slot_of_an_approved_build_counts(project: Project, registry: LocalRegistry) -> None:
    registry.publish(
        "built@1.0.0",
        scripts={"install": "echo made > made.txt"},
    )
    project.manifest(dependencies={"built": "1"})
    project.graft("install")
    project.graft("approve-builds", "--all")
    before = snapshot(project.modules)
    fetched = {"GRAFT_HOME": str(project.machine.root / "fetched")}
    project.graft("fetch", env=fetched)
    copied = ["--layout", "hoisted", "--json"]
    result = project.graft("ci", "--frozen-store", *copied, env=fetched, check=False)
    assert result.json["error"]["why"] == [
        "built@1.0.0 is there, but not as its patch or its approved scripts make it"
    ]
    assert "'graft install'" in result.json["error"]["fix"]
    assert snapshot(project.modules) == before
    checked = project.graft(
        "fetch", "--check", "--frozen-store", "--json", env=fetched, check=False
    )
    assert checked.json["unmade"] == ["built@1.0.0"]
    Mounts().read_only(project.machine.graft_home).run(copy_of(project), "ci", "--frozen-store")


def test_a_change_that_was_interrupted_is_finished_by_either_kind_of_command(
    filled: Project,
) -> None:
    journals = filled.machine.home / ".local/state/graft/journals"
    filled.write("node_modules/other.txt", "mine")  # so that two trees change places
    for first, then in ((("--frozen-store",), ()), ((), ("--frozen-store",))):
        filled.remove("node_modules/a")
        crash(filled, "os.rename", "/.graft-staging/node_modules/other.txt", "install", *first)
        assert bool(list(journals.glob("*"))) == bool(first)
        result = filled.graft("install", *then)
        assert "finished a change" in result.stderr
        assert filled.node(RUNS) == "1.0.0"
        assert filled.read("node_modules/other.txt") == "mine"
        assert not filled.exists(".graft-staging")
        assert not list(journals.glob("*"))


def test_a_journal_in_a_store_that_became_read_only_is_carried_out(filled: Project) -> None:
    filled.remove("node_modules/a")
    crash(filled, "exchange", "/node_modules", "install")
    mounts = Mounts().read_only(filled.machine.graft_home)
    for _ in range(2):
        mounts.run(filled, "ci", "--frozen-store")
        assert filled.node(RUNS) == "1.0.0"
        assert not filled.exists(".graft-staging")


def test_a_stale_lock_is_an_error_that_names_the_fix(
    filled: Project, registry: LocalRegistry
) -> None:
    filled.manifest(dependencies={"a": "2"})
    result = filled.graft("install", "--frozen-store", "--json", check=False)
    error = result.json["error"]
    assert error["code"] == "lock-stale"
    assert "where the store may be written" in error["fix"]
    assert registry.requests == []


def test_without_the_flag_a_read_only_store_is_named_before_anything_is_fetched(
    filled: Project, registry: LocalRegistry
) -> None:
    other = copy_of(filled)
    registry.publish("c@1.0.0")
    other.manifest(dependencies={"c": "1"})
    before = snapshot(other.dir)
    result = Mounts().read_only(filled.machine.graft_home).run(other, "install", check=False)
    assert result.code == 33
    assert "error store-unwritable: the store lies on a read-only file system" in result.stderr
    assert "--frozen-store" in result.stderr
    assert (snapshot(other.dir), registry.requests) == (before, [])


def test_without_the_flag_a_store_of_somebody_else_is_named_too(filled: Project) -> None:
    other = copy_of(filled)
    for folder in (filled.store, *filled.store.iterdir()):
        folder.chmod(0o555)
    result = powerless(other, "install", "--json", check=False)
    error = result.json["error"]
    assert (error["code"], error["where"]) == ("store-unwritable", str(filled.store))
    assert error["message"] == "the store may not be written to"
    assert "--frozen-store" in error["fix"]
    powerless(other, "install", "--frozen-store")
    assert other.node(RUNS) == "1.0.0"


def test_the_setting_is_the_user_s_alone(filled: Project) -> None:
    other = copy_of(filled)
    other.write(".npmrc", "frozen-store=true\n")
    assert "setting-in-project" in other.graft("install").stderr
    assert any(str(other.dir) in path.read_text() for path in filled.store.glob("projects/*"))
    third = copy_of(filled, "third")
    npmrc = filled.machine.npmrc
    npmrc.write_text(npmrc.read_text() + "frozen-store=true\n")
    third.graft("install")
    assert third.node(RUNS) == "1.0.0"
    assert not any(str(third.dir) in path.read_text() for path in filled.store.glob("projects/*"))


def test_what_would_change_the_store_is_refused(filled: Project) -> None:
    result = filled.graft("install", "--frozen-store", "--force", check=False)
    assert (result.code, "frozen-store" in result.stderr) == (2, True)
    empty = {"GRAFT_HOME": str(filled.machine.root / "none")}
    result = filled.graft("install", "--frozen-store", "--json", env=empty, check=False)
    assert result.json["error"]["code"] == "store-lacks"
    assert not os.path.exists(empty["GRAFT_HOME"])
