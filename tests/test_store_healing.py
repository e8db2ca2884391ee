"""What was damaged or taken away is noticed, and made again from what the lock says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

RUNS = "console.log(require('a').requires('b').requires('c').version)"


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b -> c``, installed; the registry has forgotten what it was asked."""
    registry.publish("c@1.0.0")
    registry.publish("b@1.0.0", dependencies={"c": "1"}, bin={"b": "cli.js"})
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert project.graft("install", "--json").json["upToDate"]
    registry.clear_log()
    return project


def slot(project: Project, name: str) -> Path:
    (found,) = project.store.glob(f"slots/{name}@*")
    return found


def stored(project: Project, name: str) -> Path:
    """The folder of a package's object, found by its file in a slot."""
    same = (slot(project, name) / f"node_modules/{name}/package.json").read_bytes()
    (found,) = (
        file.parent
        for file in project.store.glob("objects/*/node_modules/*/package.json")
        if file.read_bytes() == same
    )
    return found


def record(project: Project, name: str) -> Path:
    """What says which files an object has."""
    return project.store / "objects" / f"{stored(project, name).parts[-3]}.json"


def records(project: Project, *, of: Project) -> list[Path]:
    """What the store wrote down of a project."""
    known = project.store.glob("projects/*")
    return [path for path in known if re.search(rf"{of.dir}\b", path.read_text())]


def remove(path: Path) -> None:
    path.parent.chmod(0o755)
    if path.is_dir() and not path.is_symlink():
        for folder in [path, *(p for p in path.rglob("*") if p.is_dir() and not p.is_symlink())]:
            folder.chmod(0o755)
        shutil.rmtree(path)
    else:
        path.unlink()


@pytest.mark.parametrize("link", ["a", ".bin/a", "app"])
def test_hazard_2_a_removed_link_is_noticed(installed: Project, link: str) -> None:
    before = installed.links()
    installed.remove(f"node_modules/{link}")
    report = installed.graft("install", "--json").json
    assert [step["path"] for step in report["steps"]] == [link]
    assert installed.links() == before


def test_hazard_2_a_changed_link_is_noticed(installed: Project) -> None:
    before = installed.links()
    installed.remove("node_modules/.bin/a")
    installed.path("node_modules/.bin/a").symlink_to("../a/index.js")
    installed.graft("install")
    assert installed.links() == before


def test_hazard_2_a_deleted_store_is_noticed(installed: Project, registry: LocalRegistry) -> None:
    shutil.rmtree(installed.machine.graft_home)
    installed.graft("install")
    assert installed.node(RUNS) == "1.0.0"
    assert len(registry.tarball_requests) == 3


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_hazard_2_a_slot_that_is_gone_is_made_again(installed: Project, name: str) -> None:
    remove(slot(installed, name))
    report = installed.graft("install", "--json").json
    assert (report["slots"], report["fetched"]) == (1, 0)
    assert installed.node(RUNS) == "1.0.0"


@pytest.mark.parametrize("name", ["a", "c"])
def test_hazard_27_a_slot_without_its_record_is_made_again(installed: Project, name: str) -> None:
    remove(slot(installed, name) / "slot.json")
    if name == "a":  # the slot of c, which has no dependencies, is a link to its object
        remove(slot(installed, name) / f"node_modules/{name}/index.js")
    report = installed.graft("install", "--json").json
    assert (report["slots"], report["fetched"]) == (1, 0)
    assert installed.node(RUNS) == "1.0.0"
    assert not list(installed.store.glob("trash/*"))


def test_hazard_1_a_copied_project_is_known_to_the_store(installed: Project) -> None:
    copy = installed.sibling("copy")
    shutil.rmtree(copy.dir)
    shutil.copytree(installed.dir, copy.dir, symlinks=True)
    assert not copy.graft("install", "--json").json["upToDate"]
    assert len(records(installed, of=copy)) == len(records(installed, of=installed)) == 1
    assert copy.graft("install", "--json").json["upToDate"]


def test_one_project_has_one_record_whatever_links_lead_to_it(installed: Project) -> None:
    link = installed.machine.root / "link"
    link.symlink_to(installed.dir)
    installed.manifest(description="changed")
    installed.graft("install", "--dir", str(link), cwd="..")
    assert len(list(installed.store.glob("projects/*"))) == 1
    assert len(records(installed, of=installed)) == 1
    assert len(list(installed.store.glob("locks/project-*"))) == 1


def damage(path: Path, how: str) -> None:
    path.parent.chmod(0o755)
    match how:
        case "changed":
            # In place, as an editor might, so that every hard link to it changes.
            path.chmod(0o644)
            with path.open("r+b") as file:
                file.write(b"!")
        case "missing":
            path.unlink()
        case "executable":
            path.chmod(0o555)
        case "extra":
            path.with_name("more.js").write_text("added")


@pytest.mark.parametrize("where", ["slot", "object"])
@pytest.mark.parametrize("how", ["changed", "missing", "executable", "extra"])
def test_hazard_27_force_mends_what_differs(installed: Project, where: str, how: str) -> None:
    good = {folder: snapshot(installed.store / folder) for folder in ("objects", "slots")}
    if where == "slot":
        damage(slot(installed, "b") / "node_modules/b/index.js", how)
    else:
        damage(stored(installed, "b") / "index.js", how)
    assert {folder: snapshot(installed.store / folder) for folder in good} != good
    report = installed.graft("install", "--force", "--json").json
    assert report["slots"] >= (where == "slot")
    assert {folder: snapshot(installed.store / folder) for folder in good} == good
    assert installed.graft("install", "--force", "--json").json["slots"] == 0
    assert not list(installed.store.glob("trash/*"))


@pytest.mark.parametrize("link", ["b", ".bin/b", "extra"])
def test_hazard_27_force_mends_the_links_of_a_slot(installed: Project, link: str) -> None:
    good = snapshot(installed.store / "slots")
    path = slot(installed, "a") / "node_modules" / link
    path.parent.chmod(0o755)
    if link != "extra":
        remove(path)
    path.symlink_to("../elsewhere")
    report = installed.graft("install", "--force", "--json").json
    assert (report["slots"], report["fetched"]) == (1, 0)
    assert snapshot(installed.store / "slots") == good


def test_force_that_cannot_fetch_leaves_the_slots(installed: Project) -> None:
    damage(stored(installed, "b") / "index.js", "missing")
    damage(slot(installed, "a") / "node_modules/a/more", "extra")
    failed = installed.graft("install", "--force", "--offline", check=False)
    assert failed.code == 44, failed
    assert installed.node(RUNS) == "1.0.0"


def test_an_object_that_lacks_a_file_is_fetched_again(
    installed: Project, registry: LocalRegistry
) -> None:
    damage(stored(installed, "b") / "index.js", "missing")
    remove(slot(installed, "b"))
    report = installed.graft("install", "--json").json
    assert (report["slots"], report["fetched"]) == (1, 1)
    assert [request.path for request in registry.tarball_requests] == ["/b/-/b-1.0.0.tgz"]
    assert installed.node(RUNS) == "1.0.0"


def test_what_a_dead_graft_left_of_an_object_is_not_believed(installed: Project) -> None:
    """The folder without its manifest, and a file of the right size with other bytes."""
    folder = stored(installed, "b")
    record(installed, "b").unlink()
    remove(slot(installed, "b"))
    damage(folder / "index.js", "changed")
    assert installed.graft("install", "--json").json["fetched"] == 1
    assert installed.node(RUNS) == "1.0.0"
    assert installed.graft("install", "--force", "--json").json["slots"] == 0
    assert not list(installed.store.glob("trash/*"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"manifest":1}', '{"manifest":99,"files":[]}'])
def test_an_object_with_an_unreadable_record_is_fetched_again(
    installed: Project, content: str
) -> None:
    record(installed, "b").write_text(content)
    remove(slot(installed, "b"))
    assert installed.graft("install", "--json").json["fetched"] == 1
    assert installed.node(RUNS) == "1.0.0"


def test_a_bin_whose_file_is_missing_does_not_keep_a_project_from_being_up_to_date(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", extra={"bin": {"a": "cli.js"}})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert project.graft("install", "--json").json["upToDate"]
