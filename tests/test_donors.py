"""Taking packages from another workspace, through the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graft.link.ladder import read_ladder
from harness.donors import Child, hashed, says
from harness.index_shelf import IndexShelf
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


def test_a_child_takes_what_a_parent_has_without_the_network(gold: Project, child: Child) -> None:
    before = hashed(gold.dir, gold.store)
    found = child.take(gold, "--offline")
    assert (found["depsSource"]["hits"], found["depsSource"]["misses"]) == (2, 0)
    assert found["fetched"] == 0
    assert child.said("a@1.0.0") == {
        "path": str(gold.dir),
        "mode": "link",
        "matched": "closure",
        "level": "shape",
    }
    assert child.links()["a"].startswith(str(gold.store))
    assert child.node("console.log(require('a'))") == "a with b"
    assert child.take(gold)["upToDate"] and child.graft("ci", "--json").json["upToDate"]
    assert hashed(gold.dir, gold.store) == before


def test_a_workspace_of_the_same_store_gives_what_the_store_has(
    gold: Project, machine: Machine
) -> None:
    other = machine.project("other", dependencies={"a": "^1"})
    other.graft("install", "--deps-source", str(gold.modules), "--offline")
    assert other.lock["nodes"]["b@1.0.0"]["from_deps_source"]["mode"] == "store"
    assert other.links()["a"] == gold.links()["a"]


def test_a_copy_is_the_childs_own(gold: Project, child: Child, registry: LocalRegistry) -> None:
    child.take(gold, "--offline", "--deps-source-mode", "copy")
    assert child.said("b@1.0.0")["mode"] == "copy"
    a = Path(os.path.realpath(child.path("node_modules/a")))
    own = Path(os.path.realpath(a.with_name("b")))
    assert child.dir in own.parents and child.dir in a.parents
    assert (own / "index.js").stat().st_mode & 0o200
    (own / "index.js").write_text("module.exports = 'mine'")
    (own / "added.js").write_text("")
    assert child.node("console.log(require('a'))") == "a with mine"
    registry.publish("e@1.0.0")
    child.graft("add", "e")
    assert child.node("console.log(require('a'))") == "a with mine"
    (own / "index.js").write_text("module.exports = 'b'")
    gold.remove("node_modules")
    for path in [gold.store, *gold.store.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    gold.remove(str(gold.store))
    assert child.node("console.log(require('a'))") == "a with b"
    assert child.graft("install", "--json").json["upToDate"]
    assert child.graft("store", "verify", check=False).code == 0
    assert child.graft("install", "--json").json["upToDate"]


def test_code_meets_one_copy_of_a_package_where_another_needs_it_too(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    registry.publish("d@1.0.0", dependencies={"b": "^1"}, files={"index.js": says("b", "d")})
    child.manifest(dependencies={"a": "^1", "c": "^1", "d": "^1"})
    found = child.take(gold)
    taken = {id: each["mode"] for id, each in found["depsSource"]["taken"].items()}
    assert taken == {"a@1.0.0": "bytes", "b@1.0.0": "bytes", "c@1.0.0": "link"}
    assert found["depsSource"]["taken"]["b@1.0.0"]["because"] == "connected"
    assert found["fetched"] == 1
    real = "fs.realpathSync(require.resolve('b', {paths: [fs.realpathSync('node_modules/%s')]}))"
    assert child.node(f"console.log({real % 'a'} === {real % 'd'})") == "true"


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_layouts_of_files_take_bytes(gold: Project, child: Child, layout: str) -> None:
    child.take(gold, "--offline", "--layout", layout)
    said = child.said("a@1.0.0")
    assert (said["mode"], said["because"]) == ("bytes", "layout")
    assert child.node("console.log(require('a'))") == "a with b"


@pytest.mark.parametrize("parents", ["virtual", "isolated"])
@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_links_are_made_in_every_layout_for_who_asks_for_them(
    gold: Project, child: Child, registry: LocalRegistry, layout: str, parents: str
) -> None:
    registry.publish("d@1.0.0", dependencies={"e": "^1"}, files={"index.js": says("e", "d")})
    registry.publish("e@1.0.0", files={"index.js": "module.exports = 'e'"}, bin={"e": "index.js"})
    gold.graft("install", "--layout", parents)
    child.manifest(dependencies={"a": "^1", "c": "^1", "d": "^1"})
    before = hashed(gold.dir, gold.store)
    flags = ("--layout", layout)
    found = child.take(gold, "--deps-source-mode", "link", *flags)
    taken = {id: each["mode"] for id, each in found["depsSource"]["taken"].items()}
    assert set(taken.values()) == {"link"} and found["fetched"] == 2
    where = gold.store if parents == "virtual" else gold.dir
    assert child.links()["a"].startswith(str(where))
    code = "console.log(require('a'), require('d'), require('c'))"
    assert child.node(code) == "a with b d with e c"
    assert child.path("node_modules/.bin/c").exists()
    assert child.graft("status", "--check").code == 0
    registry.publish("f@1.0.0")
    child.graft("add", "f", *flags)  # what is linked stays so
    assert child.said("b@1.0.0")["mode"] == "link" and child.node(code) == "a with b d with e c"
    child.graft("remove", "a", *flags)
    child.graft("install", "--force", *flags)
    child.graft("detach", "c", "--offline", "--deps-source", str(gold.dir), *flags)
    own = Path(os.path.realpath(child.path("node_modules/c")))
    assert child.dir in own.parents and (own / "index.js").stat().st_mode & 0o200
    assert hashed(gold.dir, gold.store) == before


def test_a_tool_that_needs_files_in_the_project_gets_them(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    rung = next(each for each in read_ladder() if each.layout == "isolated")
    registry.publish(f"{rung.package}@16.0.0")
    child.manifest(dependencies={"a": "^1", rung.package: "^16"})
    found = child.take(gold, "--deps-source-mode", "link")
    taken = found["depsSource"]["taken"]["a@1.0.0"]
    assert (taken["mode"], taken["because"]) == ("bytes", "tool")
    assert child.dir in Path(os.path.realpath(child.path("node_modules/a"))).parents


def test_each_package_may_be_taken_otherwise(gold: Project, child: Child) -> None:
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    child.take(gold, "--offline", "--deps-source-mode", "c=copy")
    assert (child.said("a@1.0.0")["mode"], child.said("c@1.0.0")["mode"]) == ("link", "copy")
    assert child.links()["a"].startswith(str(gold.store))
    own = Path(os.path.realpath(child.path("node_modules/c")))
    assert child.dir in own.parents and (own / "index.js").stat().st_mode & 0o200
    # A package below: what needs it lies in the project as well, and meets it there.
    child.take(gold, "--offline", "--deps-source-mode", "b=copy")
    modes = {id: child.said(id)["mode"] for id in ("a@1.0.0", "b@1.0.0", "c@1.0.0")}
    assert modes == {"a@1.0.0": "bytes", "b@1.0.0": "copy", "c@1.0.0": "link"}
    b = "fs.realpathSync(require.resolve('b', {paths: [fs.realpathSync('node_modules/a')]}))"
    own_b = Path(child.node(f"console.log({b})"))
    assert child.dir in own_b.parents and own_b.stat().st_mode & 0o200
    assert child.graft("status", "--check").code == 0
    assert child.graft("doctor").code == 0


def test_reflinks_are_made_or_refused(gold: Project, child: Child) -> None:
    """Also where there are none: this is what any file system answers."""
    flags = ("--offline", "--deps-source-mode")
    asked = ("--deps-source", str(gold.dir), *flags, "reflink", "--json")
    done = child.graft("install", *asked, check=False)
    if done.code:
        assert (done.code, done.json["error"]["code"]) == (102, "donor-no-reflink")
        assert not child.exists("node_modules")
    else:
        assert child.said("a@1.0.0")["mode"] == "reflink"
    child.take(gold, *flags, "auto")
    assert child.said("a@1.0.0")["mode"] == ("link" if done.code else "reflink")


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_parents_of_every_layout_give(gold: Project, child: Child, layout: str) -> None:
    gold.graft("install", "--layout", layout)
    before = hashed(gold.dir)
    child.take(gold, "--offline")
    assert child.said("a@1.0.0")["mode"] == ("link" if layout == "isolated" else "bytes")
    assert child.node("console.log(require('a'))") == "a with b"
    assert hashed(gold.dir) == before


def test_provenance_stays_through_every_later_command(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    """B1: a second update erased where packages came from."""
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    assert child.take(gold)["fetched"] == 0
    first = child.said("a@1.0.0")
    target = child.links()["a"]
    registry.publish("e@1.0.0")
    for command in (["install", "--force"], ["add", "e"], ["update"], ["remove", "c"]):
        found = child.graft(*command, "--json").json
        assert found["fetched"] == ("add" in command), command
        assert child.said("a@1.0.0") == first, command
        assert child.links()["a"] == target, command


def test_a_patch_makes_another_package(gold: Project, child: Child) -> None:
    """B3: an unpatched child of a patched parent."""
    folder = Path(gold.graft("patch", "b", "--json").json["folder"])
    (folder / "index.js").write_text("module.exports = 'patched'")
    gold.graft("patch-commit", str(folder))
    before = hashed(gold.dir, gold.store)
    found = child.take(gold)
    assert found["depsSource"]["missed"]["b@1.0.0"][0]["reason"] == "patch"
    assert child.node("console.log(require('a'))") == "a with b"
    child.graft("update")
    assert hashed(gold.dir, gold.store) == before
    child.write("patches/b@1.0.0.patch", gold.read("patches/b@1.0.0.patch"))
    child.manifest(patchedDependencies={"b@1.0.0": "patches/b@1.0.0.patch"})
    found = child.take(gold, "--offline")
    assert found["depsSource"]["taken"]["b@1.0.0"]["mode"] == "link"
    assert child.node("console.log(require('a'))") == "a with patched"
    child.graft("install", "--deps-source", str(gold.dir), "--deps-source-mode=copy", "--force")
    assert child.dir in Path(os.path.realpath(child.path("node_modules/a"))).parents
    assert child.node("console.log(require('a'))") == "a with patched"
    assert hashed(gold.dir, gold.store) == before


def test_a_package_that_was_changed_in_the_parent_is_not_taken(gold: Project, child: Child) -> None:
    """B4: a package that was moved by hand was linked to, and recorded as right."""
    path = Path(os.path.realpath(gold.path("node_modules/a/index.js")))
    path.parent.chmod(0o755)
    path.chmod(0o644)
    path.write_text("changed and longer")
    found = child.take(gold)
    assert found["depsSource"]["missed"]["a@1.0.0"][0]["reason"] == "incomplete"
    assert child.node("console.log(require('a'))") == "a with b"
    assert child.said("a@1.0.0") is None


def test_the_same_version_with_other_bytes_is_no_hit(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    """B5: two archives were taken for one."""
    registry.publish("b@1.0.0", files={"index.js": "module.exports = 'other'"})
    found = child.take(gold)
    assert found["depsSource"]["missed"]["b@1.0.0"][0]["reason"] == "integrity"
    assert child.node("console.log(require('a'))") == "a with other"


def test_a_link_of_the_parent_that_leads_nowhere_is_no_hit(gold: Project, child: Child) -> None:
    """B6: a dangling link was reported as a hit."""
    slot = Path(os.readlink(gold.path("node_modules/a"))).parent
    for folder in (slot.parent, slot, *slot.iterdir()):
        if not folder.is_symlink():
            folder.chmod(0o755)
    os.rename(slot / "a", slot / "elsewhere")
    found = child.take(gold)
    assert found["depsSource"]["missed"]["a@1.0.0"][0]["reason"] == "dangling"
    assert child.node("console.log(require('a'))") == "a with b"


def test_git_tags_short_names_and_archives_match_without_the_network(
    gold: Project, child: Child, machine: Machine
) -> None:
    """B7 and B11: what resolves to the same commit or bytes is the same."""
    lib = Repository(machine, "lib")
    lib.commit("lib")
    lib.git("tag", "--annotate", "--message", "noted", "v1")
    asks = {"lib": f"{lib.url}#v1", "a": "^1"}
    gold.manifest(dependencies=asks)
    gold.graft("install")
    child.manifest(dependencies=asks)
    found = child.take(gold, "--offline", "--from-parent-lock")
    assert found["depsSource"]["misses"] == 0 and found["depsSource"]["hits"] == 3
    assert child.node("console.log(require('lib').said)") == "lib"


def test_what_is_required_is_never_fetched(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    registry.publish("d@1.0.0")
    child.manifest(dependencies={"a": "^1", "d": "^1"})
    flags = ("--deps-source", str(gold.dir), "--require-deps-source", "--json")
    refused = child.graft("install", *flags, check=False)
    assert refused.code == 101 and "d@1.0.0" in refused.json["error"]["why"][0]
    assert not child.exists("node_modules") and not child.exists("graft-lock.json")


def test_every_package_is_explained(gold: Project, child: Child, registry: LocalRegistry) -> None:
    registry.publish("d@1.0.0")
    child.manifest(dependencies={"a": "^1", "d": "^1"})
    flags = ("--deps-source", str(gold.dir), "--explain-deps-source")
    said = child.graft("install", *flags).stdout.splitlines()
    assert said[0] == f"hit a@1.0.0: link, same closure, {gold.dir}"
    assert said[2].startswith(f"miss d@1.0.0: {gold.dir} (absent: ")


def test_who_is_no_workspace_stops_the_command_first(child: Child) -> None:
    refused = child.graft("install", "--deps-source", "nowhere", check=False)
    assert refused.code == 100 and not child.exists("node_modules")
    empty = child.path("empty")
    empty.mkdir()
    assert child.graft("install", env={"GRAFT_DEPS_SOURCE": str(empty)}, check=False).code == 100


def test_the_first_parent_that_has_a_package_gives_it(
    gold: Project, child: Child, machine: Machine
) -> None:
    other = machine.project("second", dependencies={"c": "^1"})
    other.graft("install")
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    found = child.take(other, "--deps-source", str(gold.dir), "--offline")
    taken = {id: each["path"] for id, each in found["depsSource"]["taken"].items()}
    assert taken["c@1.0.0"] == str(other.dir) and taken["a@1.0.0"] == str(gold.dir)


def test_a_chain_of_three_says_each_hop(gold: Project, child: Child, machine: Machine) -> None:
    child.take(gold)
    machine.project("third", dependencies={"a": "^1"})
    third = Child(machine.root / "projects/third", machine)
    env = {"GRAFT_HOME": str(machine.root / "third-home")}
    found = third.take(child, "--offline", env=env)
    assert found["depsSource"]["hits"] == 2
    said = third.said("a@1.0.0")
    assert (said["path"], said["chain"]) == (str(child.dir), [str(gold.dir)])
    assert third.links()["a"] == child.links()["a"]
    assert third.node("console.log(require('a'))") == "a with b"


def test_a_parent_that_is_gone_leaves_no_wrong_tree(gold: Project, child: Child) -> None:
    gold.graft("install", "--layout", "isolated")
    child.take(gold)
    os.rename(gold.dir, gold.dir.with_name("moved"))
    found = child.graft("install", "--json").json
    (note,) = [each for each in found["notes"] if each["code"] == "donor-vanished"]
    assert str(gold.dir) in note["message"] and "--deps-source" in note["fix"]
    assert child.said("a@1.0.0") is None
    assert child.node("console.log(require('a'))") == "a with b"
    moved = Project(gold.dir.with_name("moved"), gold.machine)
    child.remove("node_modules")
    child.take(moved, "--offline")
    assert child.said("a@1.0.0")["path"] == str(moved.dir)


def test_a_lock_with_provenance_installs_where_the_parent_never_was(
    gold: Project, child: Child, machine: Machine, registry: LocalRegistry
) -> None:
    child.take(gold)
    lock = child.read("graft-lock.json")
    there = Machine(machine.root / "there", registry).project("child", dependencies={"a": "^1"})
    there.write("graft-lock.json", lock)
    os.rename(gold.dir, gold.dir.with_name("moved"))
    there.graft("ci")
    assert there.read("graft-lock.json") == lock
    assert there.links()["a"].startswith(str(there.store))


def test_what_a_parent_has_is_added_without_the_network(gold: Project, child: Child) -> None:
    child.take(gold)
    child.graft("add", "c@^1", "--deps-source", str(gold.dir), "--offline")
    assert child.graft("doctor", "--json").code == 0
    assert child.said("c@1.0.0")["mode"] == "link" and child.said("a@1.0.0")["mode"] == "link"


def test_the_versions_of_a_parent_are_taken(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    registry.publish("b@1.1.0", files={"index.js": "module.exports = 'newer'"})
    child.graft("install")
    assert child.node("console.log(require('a'))") == "a with newer"
    assert child.take(gold, "--from-parent-lock")["depsSource"]["misses"] == 0
    assert child.node("console.log(require('a'))") == "a with b"


def test_what_the_parent_could_do_without_is_not_asked_for(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    registry.publish("o@1.0.0", optional={"nowhere": "^1"})
    for project in (gold, child):
        project.manifest(dependencies={"o": "^1", "a": "^1"})
    gold.graft("install")
    assert child.take(gold, "--offline")["depsSource"]["misses"] == 0


def test_packages_of_an_index_are_taken(gold: Project, child: Child) -> None:
    index = IndexShelf(gold.dir.parent / "acme", "acme")
    index.offer("acme:tool", "1.0.0")
    asks = '[dependencies.acme]\ntool = "1.0.0"\n[indices]\nacme = { path = "../acme" }\n'
    for project in (gold, child):
        project.write("graft.toml", asks)
    gold.graft("install")
    found = child.take(gold)
    (taken,) = [each for id, each in found["depsSource"]["taken"].items() if "tool" in id]
    assert (taken["mode"], found["fetched"]) == ("link", 0)
    child.remove("node_modules")
    assert child.take(gold, "--offline", "--deps-source-mode", "copy")["fetched"] == 0
    assert child.dir in Path(os.path.realpath(child.path("node_modules/@acme/tool"))).parents
    assert child.node("console.log(require('@acme/tool').said)")
