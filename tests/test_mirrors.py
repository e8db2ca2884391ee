"""What is said of packages that came from another workspace, and what keeps writers out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.donors import Child, hashed
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


@pytest.fixture
def linked(gold: Project, child: Child) -> Child:
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    child.take(gold, "--offline")
    return child


def states(child: Child, code: int = 0) -> dict[str, str]:
    done = child.graft("status", "--check", "--json", check=False)
    assert done.code == code, done
    return {each["id"]: each["state"] for each in done.json["mirrors"]}


def folder(child: Child, name: str) -> Path:
    return child.path("node_modules", name).resolve()


def test_status_says_where_packages_came_from(gold: Project, linked: Child) -> None:
    before = hashed(gold.dir, gold.store)
    found = linked.graft("status", "--json").json
    assert found["well"] and {each["name"] for each in found["checks"]} >= {"lock", "links"}
    assert found["mirrors"][0] == {
        "id": "a@1.0.0",
        "state": "ok",
        "said": "",
        "path": str(gold.dir),
        "mode": "link",
        "matched": "closure",
        "level": "shape",
    }
    assert f"a link into {gold.dir}" in linked.graft("status").stdout
    assert hashed(gold.dir, gold.store) == before


def test_a_mirror_whose_files_are_not_what_was_taken_has_diverged(linked: Child) -> None:
    """B4: what was changed by hand in the parent was reported as what the lock says."""
    file = folder(linked, "c") / "index.js"
    file.chmod(0o644)
    file.write_text("something longer than before")
    assert states(linked, 1) == {"a@1.0.0": "ok", "b@1.0.0": "ok", "c@1.0.0": "diverged"}


def test_a_mirror_that_is_gone_dangles(linked: Child) -> None:
    """B6: a link to nothing counted as clean."""
    slot = folder(linked, "c").parent.parent
    slot.parent.chmod(0o755)
    slot.rename(slot.with_name("elsewhere"))
    found = states(linked, 1)
    assert (found["c@1.0.0"], found["a@1.0.0"]) == ("dangling", "ok")


def test_a_mirror_of_a_parent_that_moved_on_is_stale(
    gold: Project, linked: Child, registry: LocalRegistry
) -> None:
    registry.publish("c@1.1.0")
    gold.graft("update", "c")
    assert states(linked, 1) == {"a@1.0.0": "ok", "b@1.0.0": "ok", "c@1.0.0": "stale"}
    assert linked.graft("status").code == 0


def test_a_trusted_mirror_is_known_by_what_it_calls_itself(gold: Project, child: Child) -> None:
    other = gold.sibling("other")
    other.write("node_modules/a/package.json", {"name": "a", "version": "9.0.0"})
    child.graft("install", "--deps-source", str(other.dir), "--trust-deps-source")
    found = child.graft("status", "--json").json["mirrors"]
    assert [(m["id"], m["state"], m["observed"]) for m in found] == [("a@1.0.0", "ok", "a@9.0.0")]
    other.write("node_modules/a/package.json", {"name": "a", "version": "9.0.1"})
    assert states(child, 1) == {"a@1.0.0": "diverged"}
    other.remove("node_modules/a")
    assert states(child, 1) == {"a@1.0.0": "dangling"}


def test_status_without_mirrors_says_whether_all_is_installed(project: Project) -> None:
    project.graft("install")
    assert project.graft("status", "--check").code == 0
    project.manifest(dependencies={"nothing": "^1"})
    done = project.graft("status", "--check", "--json", check=False)
    assert done.code == 1 and not done.json["well"] and done.json["mirrors"] == []
    assert project.graft("status").code == 0


def test_a_lock_that_changed_since_is_seen(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    project.graft("add", "a")
    lock = project.read("graft-lock.json")
    project.write("graft-lock.json", lock.replace("a@1.0.0", "a@1.0.0") + "\n")
    assert "has changed" in project.graft("status", "--check", check=False).stdout


def test_detach_makes_an_own_copy(gold: Project, linked: Child) -> None:
    before = hashed(gold.dir, gold.store)
    linked.graft("detach", "c", "--offline", "--deps-source", str(gold.dir))
    assert linked.dir in folder(linked, "c").parents
    assert linked.links()["a"].startswith(str(gold.store))
    assert linked.said("c@1.0.0")["mode"] == "copy"
    assert linked.node("console.log(require('c'))") == "c"
    # A later change does not link to it again.
    linked.manifest(dependencies={"a": "^1", "c": "1.0.0"})
    linked.graft("install")
    assert linked.dir in folder(linked, "c").parents
    assert linked.links()["a"].startswith(str(gold.store))
    assert states(linked)["c@1.0.0"] == "ok"
    assert hashed(gold.dir, gold.store) == before


def test_detach_takes_what_is_connected_along_and_needs_no_parent(linked: Child) -> None:
    linked.graft("detach", "b")
    assert linked.dir in folder(linked, "a").parents
    assert linked.dir in (folder(linked, "a").parent / "b").resolve().parents
    assert linked.said("a@1.0.0") is None and linked.said("c@1.0.0")["mode"] == "link"
    assert linked.node("console.log(require('a'))") == "a with b"


def test_detach_of_what_is_trusted_takes_what_the_lock_says(gold: Project, child: Child) -> None:
    other = gold.sibling("other")
    other.write("node_modules/a/package.json", {"name": "a", "version": "9.0.0"})
    child.graft("install", "--deps-source", str(other.dir), "--trust-deps-source")
    child.graft("detach", "a")
    assert child.node("console.log(require('a'))") == "a with b"


def test_what_is_no_mirror_is_not_detached(linked: Child) -> None:
    linked.graft("detach", "c")
    assert "no link into" in linked.graft("detach", "c", check=False).stderr
    assert linked.graft("detach", "zzz", "--json", check=False).json["error"]["code"] == (
        "not-a-dependency"
    )


def test_sync_leaves_the_parents_tree_alone(gold: Project, child: Child, machine: Machine) -> None:
    """B2: after a second update, sync merged into the parent's working tree."""
    upstream = Repository(machine, "tool")
    upstream.git("checkout", "--quiet", "-b", "main")
    upstream.commit("one")
    url = upstream.url.removeprefix("git+")
    line = f'{{ git = "{url}", branch = "main", editable = true }}'
    gold.write("graft.toml", f"[dependencies]\ntool = {line}\n")
    gold.graft("install")
    child.manifest(dependencies={"tool": upstream.url})
    trust = ("--deps-source", str(gold.dir), "--trust-deps-source")
    child.graft("install", *trust)
    child.graft("install", *trust, "--force")
    assert folder(child, "tool") == gold.path("editable/tool")
    upstream.commit("two")
    before = hashed(gold.dir)
    for flags in ((), ("tool",), ("--dry-run",)):
        (found,) = child.graft("sync", "--json", *flags).json["outcomes"]
        assert found["outcome"] == "skipped" and str(gold.dir) in found["nextStep"]
    assert hashed(gold.dir) == before


def test_a_parents_store_keeps_what_a_child_links_to(gold: Project, linked: Child) -> None:
    used = folder(linked, "c")
    gold.graft("remove", "c")
    gold.graft("store", "gc", "--older-than", "0")
    assert used.exists() and linked.node("console.log(require('c'))") == "c"
    assert states(linked, 1)["c@1.0.0"] == "stale"
    assert str(linked.dir) in gold.graft("store", "status", "--json").stdout
    assert gold.graft("store", "verify").code == 0
    # What it links to no more is not kept for it.
    linked.manifest(dependencies={"a": "^1"})
    linked.graft("install")
    gold.graft("store", "gc", "--older-than", "0")
    assert not used.exists() and linked.node("console.log(require('a'))") == "a with b"


def test_a_child_without_links_is_registered_no_more(gold: Project, linked: Child) -> None:
    linked.graft("detach", "a", "c")
    assert str(linked.dir) not in gold.graft("store", "status", "--json").stdout


def test_a_child_that_is_gone_or_has_moved(gold: Project, linked: Child, machine: Machine) -> None:
    used = folder(linked, "c")
    linked.dir.rename(linked.dir.with_name("moved"))
    gold.graft("remove", "c")
    gold.graft("store", "gc", "--older-than", "0")
    assert used.exists()
    moved = Child(linked.dir.with_name("moved"), machine)
    assert moved.node("console.log(require('c'))") == "c"
    moved.dir.rename(machine.root / "out-of-sight")
    gold.graft("store", "gc", "--older-than", "0")
    assert not used.exists()


def test_a_parent_says_who_links_to_what_it_takes_away(
    gold: Project, child: Child, registry: LocalRegistry
) -> None:
    gold.graft("install", "--layout", "isolated")
    child.manifest(dependencies={"a": "^1", "c": "^1"})
    child.take(gold, "--offline")
    registry.publish("c@1.1.0")
    dry = gold.graft("update", "c", "--layout", "isolated", "--dry-run", "--json").json["notes"]
    notes = gold.graft("update", "c", "--layout", "isolated", "--json").json["notes"]
    assert [note["code"] for note in (*dry, *notes)] == ["donor-needed"] * 2
    assert notes[0]["why"] == [str(child.dir)]
    assert states(child, 1)["c@1.0.0"] == "dangling"
    child.graft("install")
    assert states(child)["a@1.0.0"] == "ok"
    assert child.node("console.log(require('c'))") == "c"


@pytest.fixture
def trusting(gold: Project, child: Child, registry: LocalRegistry) -> tuple[Project, Child]:
    """A child with a link into a folder of its parent that may be written to."""
    registry.publish("c@1.1.0")
    open_parent = gold.sibling("open")
    open_parent.write("node_modules/a/package.json", {"name": "a", "version": "9.0.0", "bin": "a"})
    open_parent.write("node_modules/a/a", "#!/bin/sh\n")
    child.manifest(dependencies={"a": "^1", "c": "^1"}, scripts={"own": "true"})
    flags = ("--deps-source", str(open_parent.dir), "--trust-deps-source")
    child.graft("install", *flags)
    assert folder(child, "a") == open_parent.path("node_modules/a")
    return open_parent, child


@pytest.mark.parametrize(
    "commands",
    [
        ["update", "sync", "dedupe", "prune", "rebuild", "approve-builds --all", "doctor"],
        ["install --force", "ci --force", "deploy {out}", "link {lib}", "remove a"],
        ["install --layout hoisted", "install --layout isolated", "install --layout virtual"],
        ["detach a", "install --force"],
    ],
    ids=lambda commands: commands[0],
)
def test_no_command_writes_through_a_link(
    trusting: tuple[Project, Child], commands: list[str], machine: Machine
) -> None:
    parent, child = trusting
    (machine.root / "lib").mkdir()
    (machine.root / "lib/package.json").write_text('{"name": "a", "version": "1.0.0"}')
    before = hashed(parent.dir)
    paths = {"out": machine.root / "out", "lib": machine.root / "lib"}
    for command in commands:
        child.graft(*(word.format(**paths) for word in command.split()), check=False)
    assert hashed(parent.dir) == before


def test_a_patch_of_a_trusted_mirror_is_of_an_own_copy(trusting: tuple[Project, Child]) -> None:
    """B3: patches were put into the parent's tree, or taken out of it."""
    parent, child = trusting
    before = hashed(parent.dir)
    edited = Path(child.graft("patch", "a", "--json").json["folder"])
    (edited / "index.js").write_text("module.exports = 'edited'")
    child.graft("patch-commit", str(edited))
    assert child.node("console.log(require('a'))") == "edited"
    child.graft("patch-remove", "a")
    assert hashed(parent.dir) == before


@pytest.mark.parametrize("name", ["node_modules", "node_modules/.graft-patches"])
def test_nothing_is_edited_behind_a_link(trusting: tuple[Project, Child], name: str) -> None:
    parent, child = trusting
    parent.path(name).mkdir(exist_ok=True)
    if child.exists(name):
        child.path(name).rename(child.dir.with_name("aside"))
    child.path(name).symlink_to(parent.path(name))
    before = hashed(parent.dir)
    for command in (["patch", "c"], ["install"], ["update"], ["remove", "a"], ["prune"]):
        failed = child.graft(*command, "--json", check=False)
        if failed.code:
            assert failed.json["error"]["code"] == "link-refused"
    assert hashed(parent.dir) == before


def test_a_folder_that_was_edited_is_not_removed_behind_a_link(
    trusting: tuple[Project, Child],
) -> None:
    parent, child = trusting
    edits = child.path("node_modules/.graft-patches")
    edited = Path(child.graft("patch", "c", "--json").json["folder"])
    (edited / "index.js").write_text("module.exports = 'edited'")
    edits.rename(parent.path("edits"))
    edits.symlink_to(parent.path("edits"))
    before = hashed(parent.dir)
    child.graft("patch-commit", str(edited), check=False)
    assert hashed(parent.dir) == before


def test_children_of_a_cold_store_fetch_each_package_once(
    child: Child, registry: LocalRegistry, machine: Machine
) -> None:
    """Eight cold workspaces made the same clones eight times."""
    others = [
        Child(machine.project(f"cold{n}", dependencies={"a": "^1"}).dir, machine) for n in "12"
    ]
    home = {"GRAFT_HOME": str(machine.root / "other-home")}
    before = len(registry.tarball_requests)
    running = [each.spawn("install", env=home) for each in (child, *others)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    asked = [request.path for request in registry.tarball_requests[before:]]
    assert len(asked) == len(set(asked)) == 2


def test_a_mirror_is_patched_without_the_network(gold: Project, linked: Child) -> None:
    """Its bytes were not in the child's store, and so were fetched."""
    edited = Path(linked.graft("patch", "a", "--offline", "--json").json["folder"])
    (edited / "index.js").write_text("module.exports = 'edited'")
    before = hashed(gold.dir, gold.store)
    failed = linked.graft("patch-commit", str(edited), "--offline", "--json", check=False)
    assert failed.json["error"]["code"] == "offline-missing"  # nobody vouches for that store
    linked.graft("patch-commit", str(edited), "--offline", "--deps-source", str(gold.dir))
    assert linked.node("console.log(require('a'))") == "edited"
    assert hashed(gold.dir, gold.store) == before


EDITS = "node_modules/.graft-patches/c@1.1.0"
WRITERS = {
    "node_modules": (
        *("install", "install --force", "update", "remove a", "prune", "dedupe", "detach a"),
        *("patch c", "rebuild", "approve-builds --all", "ci --force"),
    ),
    "node_modules/.graft": ("install --force", "update", "remove a", "prune"),
    "node_modules/@s": ("install --force", "remove @s/e", "install --layout hoisted", "prune"),
    "node_modules/.bin": ("install --force", "install --layout isolated", "remove a"),
    "node_modules/a": (
        *("deploy node_modules/a/out", "patch c --edit-dir node_modules/a/edit"),
        *("pack --pack-destination node_modules/a", "install --force", "sync", "detach a"),
    ),
    "patches": (f"patch-commit {EDITS}", "patch-remove c"),
    "node_modules/.graft-patches": (f"patch-commit {EDITS}", "patch @s/e"),
    "package.json": ("add c@1.0.0", "remove a", "approve-builds --all", f"patch-commit {EDITS}"),
    "graft-lock.json": ("update", "dedupe", "prune", "add c@1.0.0", "detach a"),
    ".npmrc": ("config set --location=project tag=next",),
    "editable": ("sync", "install --force", "remove tool"),
}


@pytest.mark.parametrize("place", WRITERS)
def test_every_writer_asks_whether_it_is_the_projects_own(
    trusting: tuple[Project, Child], registry: LocalRegistry, machine: Machine, place: str
) -> None:
    """Each command that writes, with a link out of the project where it would write."""
    parent, child = trusting
    registry.publish("@s/e@1.0.0", scripts={"postinstall": "true"})
    tool = Repository(machine, "tool")
    tool.commit("tool")
    if place == "editable":
        asks = f'[dependencies]\ntool = {{ git = "{tool.path.as_uri()}", editable = true }}\n'
        child.write("graft.toml", asks)
    child.graft("add", "@s/e")
    child.graft("patch", "c")
    child.write(f"{EDITS}/index.js", "module.exports = 'edited'")
    there, here = parent.path("strange", place), child.path(place)
    if place != "node_modules/a":
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.exists():
            here.rename(there)
        else:
            there.mkdir() if "." not in place else there.write_text("")
        here.symlink_to(there)
    before = hashed(parent.dir)
    for command in WRITERS[place]:
        if not here.is_symlink():  # graft has put its own in the place of the link
            here.rename(child.dir.with_name(f"aside-{command.replace('/', '-')}"))
            here.symlink_to(there)
        child.graft(*command.split(), check=False)
        assert hashed(parent.dir) == before, command
