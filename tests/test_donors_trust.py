"""Whose word counts: what is trusted, what a repository may say, and other checkouts of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.donors import Child, hashed, says
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


def make_writable(*paths: Path) -> None:
    for path in paths:
        path.chmod(0o755)


def test_who_is_trusted_gives_what_lies_there(gold: Project, child: Child) -> None:
    child.graft("install", "--lockfile-only")
    gold.graft("install", "--layout", "hoisted")
    gold.write("node_modules/a/index.js", "module.exports = 'by hand'")
    gold.write("node_modules/a/package.json", {"name": "a", "version": "1.0.0-hand"})
    gold.remove("graft-lock.json")
    before = hashed(gold.dir)
    found = child.take(gold, "--offline", "--trust-deps-source")
    assert found["depsSource"]["taken"]["a@1.0.0"]["matched"] == "name"
    said = child.said("a@1.0.0")
    assert said["trusted"] is True and said["observed"] == "a@1.0.0-hand"
    assert child.node("console.log(require('a'))") == "by hand"
    child.graft("install", "--force", "--offline")
    assert child.said("a@1.0.0") == said
    assert child.node("console.log(require('a'))") == "by hand"
    assert hashed(gold.dir) == before


@pytest.fixture
def lockless(gold: Project, machine: Machine) -> Project:
    """What another package manager made: folders, and nobody who says what should be in them."""
    made = machine.project("lockless", dependencies={"a": "^1", "c": "^1"})
    for name, version, asks in (
        ("a", "1.4.0", {"b": "^2"}),
        ("b", "1.0.1", {}),
        ("c", "1.9.0", {}),
    ):
        manifest = {"name": name, "version": version, "dependencies": asks}
        made.write(f"node_modules/{name}/package.json", manifest)
    made.write("node_modules/a/index.js", says("b", "theirs"))
    made.write("node_modules/a/node_modules/b/package.json", {"name": "b", "version": "2.0.0"})
    made.write("node_modules/a/node_modules/b/index.js", "module.exports = 'inner'")
    made.write("node_modules/b/index.js", "module.exports = 'outer'")
    made.write("node_modules/c/index.js", "module.exports = 'theirs'")
    assert gold
    return made


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
@pytest.mark.parametrize("mode", ["link", "copy", "auto"])
def test_what_a_trusted_package_needs_is_trusted_with_it(
    lockless: Project, child: Child, layout: str, mode: str
) -> None:
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    child.graft("install", "--lockfile-only")
    before = hashed(lockless.dir)
    flags = ("--trust-deps-source", "--deps-source-mode", mode, "--layout", layout)
    found = child.take(lockless, "--offline", *flags)
    assert found["depsSource"]["misses"] == 0
    assert {id: child.said(id)["observed"] for id in ("a@1.0.0", "b@1.0.0", "c@1.0.0")} == {
        "a@1.0.0": "a@1.4.0",
        "b@1.0.0": "b@2.0.0",
        "c@1.0.0": "c@1.9.0",
    }
    taken = child.said("b@1.0.0")["mode"]
    assert taken in ({"copy", "reflink"} if mode == "auto" else {mode})  # it may be written there
    assert child.said("b@1.0.0")["trusted"]
    where = Path(os.path.realpath(child.path("node_modules/a")))
    code = "console.log(require('a'), require('c'))"
    assert child.node(code) == "theirs with inner theirs"
    assert (lockless.dir if mode == "link" else child.dir) in where.parents
    assert child.graft("status", "--check").code == 0
    again = ("--offline", "--layout", layout)
    for command in (["install", "--force"], ["remove", "c"]):
        child.graft(*command, *again)
        assert child.node("console.log(require('a'))") == "theirs with inner"
        assert child.said("b@1.0.0")["observed"] == "b@2.0.0"
    if mode != "link":
        (where / "index.js").write_text("module.exports = 'mine'")
    assert hashed(lockless.dir) == before
    child.graft("install", "--deps-source-mode", "copy", "--layout", layout)  # what the lock says
    assert hashed(lockless.dir) == before


def test_a_trusted_package_below_ones_own(
    lockless: Project, child: Child, registry: LocalRegistry
) -> None:
    """What needs it lies in the project, as no slot of a store leads into a workspace."""
    registry.publish("d@1.0.0", dependencies={"b": "^1"}, files={"index.js": says("b", "own")})
    child.manifest(dependencies={"d": "^1"})
    found = child.take(lockless, "--trust-deps-source")
    assert found["depsSource"]["taken"]["b@1.0.0"]["matched"] == "name" and found["fetched"] == 1
    assert child.node("console.log(require('d'))") == "own with outer"
    assert child.dir in Path(os.path.realpath(child.path("node_modules/d"))).parents
    assert child.graft("status", "--check").code == 0
    assert child.graft("install", "--json").json["upToDate"]
    child.graft("store", "gc", "--grace", "0s", check=False)
    assert child.graft("store", "verify").code == 0
    child.graft("install", "--offline", "--force")
    assert child.node("console.log(require('d'))") == "own with outer"


def test_without_a_lock_and_a_network_the_parents_folders_say_what_there_is(
    lockless: Project, child: Child
) -> None:
    found = child.take(lockless, "--offline", "--trust-deps-source")
    assert found["depsSource"]["misses"] == 0
    assert child.said("a@1.4.0")["observed"] == "a@1.4.0" and child.said("b@2.0.0")["trusted"]
    assert child.node("console.log(require('a'))") == "theirs with inner"
    assert child.graft("install", "--json").json["upToDate"]
    child.graft("install", "--force", "--offline")
    child.remove("node_modules")
    failed = child.graft("ci", "--json", check=False)
    assert failed.json["error"]["code"] == "integrity-missing"


def test_a_project_may_name_a_parent_and_not_trust_it(gold: Project, child: Child) -> None:
    child.write("graft.toml", '[deps-source]\npath = "../gold"\ntrust = true\n')
    found = child.graft("install", "--json").json
    assert [note["code"] for note in found["notes"]] == ["setting-in-project"]
    assert child.said("a@1.0.0")["mode"] == "link"
    gold.remove("graft-lock.json")
    child.remove("node_modules")
    child.graft("install")
    assert child.said("a@1.0.0") is None


def test_what_a_repository_names_puts_no_bytes_into_the_store(gold: Project, child: Child) -> None:
    """Its records say what the bytes should be, and anyone may have written those."""
    child.write("graft.toml", '[deps-source]\npath = "../gold"\n')
    found = child.graft("install", "--layout", "isolated", "--json").json
    assert found["depsSource"]["missed"]["a@1.0.0"] == [
        {"path": str(gold.dir), "reason": "unvouched"}
    ]
    assert found["fetched"] == 2


def test_a_copy_that_a_repository_asks_for_is_in_the_project_alone(
    gold: Project, child: Child
) -> None:
    asks = '[deps-source]\npath = "../gold"\nmode = "link"\nmodes = { c = "copy", "x*" = "auto" }\n'
    child.write("graft.toml", asks)
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    child.graft("install", "--lockfile-only")
    child.graft("install", "--offline")
    assert (child.said("a@1.0.0")["mode"], child.said("c@1.0.0")["mode"]) == ("link", "copy")
    own = Path(os.path.realpath(child.path("node_modules/c")))
    assert child.dir in own.parents and (own / "index.js").stat().st_mode & 0o200
    assert not list((child.store / "objects").iterdir()) and gold
    (own / "index.js").write_text("module.exports = 'mine'")
    child.write("graft.toml", "")
    child.manifest(dependencies={"c": "^1"})
    child.graft("install", "--offline")
    assert child.node("console.log(require('c'))") == "mine"
    child.write("graft.toml", asks.replace('"copy"', '"move"'))
    assert child.graft("install", "--json", check=False).json["error"]["code"]


def test_a_lock_does_not_lead_to_a_workspace(gold: Project, child: Child) -> None:
    """Its path comes with the repository; only the project's own links are carried."""
    child.graft("install")
    lock = child.lock
    said = {"path": str(gold.dir), "mode": "link", "matched": "name", "level": "lock"}
    lock["nodes"]["a@1.0.0"]["from_deps_source"] = said | {"trusted": True}
    child.write("graft-lock.json", lock)
    child.remove("node_modules")
    child.graft("install")
    assert child.links()["a"].startswith(str(child.store))
    assert child.said("a@1.0.0") is None


def test_the_user_may_name_parents_in_a_file(gold: Project, child: Child, machine: Machine) -> None:
    config = machine.home / ".config/graft/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[[deps-source]]\npath = "{gold.dir}"\nexclude = ["c"]\nmode = "copy"\n')
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    found = child.graft("install", "--json").json
    assert found["depsSource"]["missed"]["c@1.0.0"][0]["reason"] == "excluded"
    assert (child.said("a@1.0.0")["mode"], found["fetched"]) == ("copy", 1)
    machine.project("second", dependencies={"a": "^1", "c": "^1"})
    second = Child(machine.root / "projects/second", machine)
    second.write("graft-lock.json", child.read("graft-lock.json"))
    config.write_text(f'[deps-source]\npath = "{gold.dir}"\n')
    second.graft("install")  # a second folder of the same, by the shortest road
    assert second.links()["a"].startswith(str(gold.store))
    config.write_text('[deps-source]\npath = "/nowhere/at/all"\n')
    child.remove("node_modules")
    found = child.graft("install", "--json", "--force").json
    assert "donor-vanished" in [note["code"] for note in found["notes"]]


# Worktrees


def checked_out(machine: Machine, *, bare: bool = False) -> tuple[Repository, Project]:
    """A repository with a project in a folder, and the main checkout of that, installed."""
    repository = Repository(machine, "repo")
    repository.write("web/package.json", {"name": "web", "dependencies": {"a": "^1"}})
    repository.write(".gitignore", "node_modules\n")
    main = Project(repository.path / "web", machine)
    if bare:
        repository.commit()
        repository.git("clone", "--quiet", "--bare", ".", str(machine.root / "hub.git"))
        first = machine.root / "first"
        machine.run(["git", "-C", "hub.git", "worktree", "add", "--quiet", str(first), "main"])
        main = Project(first / "web", machine)
    main.graft("install")
    if not bare:
        repository.commit()
    return repository, main


def test_a_worktree_takes_what_its_main_checkout_has(
    gold: Project, machine: Machine, registry: LocalRegistry
) -> None:
    repository, main = checked_out(machine)
    repository.git("worktree", "add", "--quiet", str(machine.root / "tree"))
    tree = Child(machine.root / "tree/web", machine)
    before = hashed(main.dir, main.store)
    asked = len(registry.requests)
    tree.graft("install")
    assert tree.links()["a"] == main.links()["a"]
    assert len(registry.requests) == asked
    assert hashed(main.dir, main.store) == before
    other = machine.root / "tree2"
    repository.git("worktree", "add", "--quiet", str(other))
    alone = Child(other / "web", machine)
    alone.graft("install", "--no-worktree-deps-source")
    assert alone.links()["a"].startswith(str(alone.store))
    assert gold


def test_worktrees_of_a_bare_hub_take_from_each_other(gold: Project, machine: Machine) -> None:
    _, first = checked_out(machine, bare=True)
    command = ["git", "-C", "hub.git", "worktree", "add", "--quiet", "-b", "two"]
    machine.run([*command, str(machine.root / "second")])
    second = Child(machine.root / "second/web", machine)
    second.write("graft-lock.json", first.read("graft-lock.json"))
    second.graft("install", "--offline")
    assert second.links()["a"] == first.links()["a"]
    assert gold


def test_worktrees_of_one_store_change_no_lock(gold: Project, machine: Machine) -> None:
    repository, main = checked_out(machine)
    repository.git("worktree", "add", "--quiet", str(machine.root / "tree"))
    tree = Project(machine.root / "tree/web", machine)
    tree.graft("install", "--offline")
    tree.graft("install", "--offline", "--force")
    assert tree.read("graft-lock.json") == main.read("graft-lock.json")
    assert gold


def test_a_submodule_is_no_worktree(gold: Project, child: Child) -> None:
    child.write(".git", "gitdir: ../gold/.git/modules/child\n")
    os.makedirs(gold.path(".git/modules/child"))
    child.graft("install")
    assert child.links()["a"].startswith(str(child.store))


def test_worktrees_of_another_store_change_no_lock(gold: Project, machine: Machine) -> None:
    """What nobody named is said by the links, and not by a lock that is committed."""
    repository, main = checked_out(machine)
    repository.git("worktree", "add", "--quiet", str(machine.root / "tree"))
    tree = Child(machine.root / "tree/web", machine)
    for flags in ((), ("--force",)):
        tree.graft("install", "--offline", *flags)
        assert tree.read("graft-lock.json") == main.read("graft-lock.json")
        assert tree.links()["a"] == main.links()["a"]
    found = tree.graft("status", "--check", "--json").json["mirrors"]
    assert {(each["id"], each["path"], each["state"]) for each in found} == {
        ("a@1.0.0", str(main.dir), "ok"),
        ("b@1.0.0", str(main.dir), "ok"),
    }
    main.graft("install", "--layout", "hoisted")  # it lends no longer, and its store still has all
    assert tree.graft("install", "--json").json["upToDate"]
    tree.graft("detach", "a")
    assert tree.dir in Path(os.path.realpath(tree.path("node_modules/a"))).parents
    assert tree.read("graft-lock.json") == main.read("graft-lock.json")
    assert gold
