"""What graft makes, changes and removes in a project, and what it never touches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graft.link.links import Action, Wanted, plan_tree
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def packages(registry: LocalRegistry) -> LocalRegistry:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"a@{version}", bin={"a": "cli.js", f"a{version[0]}": "cli.js"})
    registry.publish("@acme/tool@1.0.0", bin="./cli.js")
    registry.publish("b@1.0.0")
    return registry


pytestmark = pytest.mark.usefixtures("packages")


def test_a_plan_says_what_differs_and_why() -> None:
    links = dict.fromkeys(("new", "same", "foreign", "theirs"), "1")
    plan = plan_tree(
        Wanted(links | {"moved": "2", "taken": "2"}, {"new": "asked for"}),
        owned=dict.fromkeys(("same", "moved", "taken", "gone", "replaced", "vanished"), "1"),
        present={"same": "1", "moved": "1", "foreign": None, "theirs": "1", "gone": "1"}
        | {"replaced": "elsewhere", "taken": "elsewhere"},
    )
    assert [(str(step.action), step.path, step.target) for step in plan.steps] == [
        ("replace", "foreign", "1"),
        ("replace", "moved", "2"),
        ("create", "new", "1"),
        ("replace", "taken", "2"),
        ("remove", "gone", ""),
    ]
    assert plan.displaced == ("foreign", "taken")
    assert {step.action: step.reason for step in plan.steps}[Action.CREATE] == "asked for"
    assert set(plan.entries) == {"new", "same", "moved", "foreign", "theirs", "taken"}


def test_hazard_16_links_of_another_version_are_replaced(project: Project) -> None:
    project.manifest(dependencies={"a": "1", "b": "1"})
    project.graft("install")
    assert set(project.links()) == {"a", "b", "app", ".bin/a", ".bin/a1"}
    project.manifest(dependencies={"a": "2"})
    report = project.graft("install", "--json").json
    assert project.node("console.log(require('a').version)") == "2.0.0"
    assert set(project.links()) == {"a", "app", ".bin/a", ".bin/a2"}
    assert {(step["action"], step["path"]) for step in report["steps"]} == {
        ("replace", "a"),
        ("create", ".bin/a2"),
        ("remove", ".bin/a1"),
        ("remove", "b"),
    }


def test_hazard_16_links_that_lead_nowhere_are_replaced(project: Project) -> None:
    project.path("node_modules").mkdir()
    project.path("node_modules/a").symlink_to("/nowhere")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert project.node("console.log(require('a').version)") == "1.0.0"


FOREIGN = [
    ".cache/tool/data",
    ".yarn-state.yml",
    "linked-by-hand/index.js",
    "@acme/own/index.js",
    "@else/own/index.js",
    ".bin/own-script",
    "a-file",
    ".ignored/old/index.js",
]


def foreign(project: Project) -> dict[str, str]:
    modules = project.modules
    return {path: (modules / path).read_text() for path in FOREIGN if (modules / path).is_file()}


def test_hazard_7_what_others_keep_in_node_modules_survives(project: Project) -> None:
    for path in FOREIGN:
        project.write(f"node_modules/{path}", path)
    project.path("node_modules/npm-linked").symlink_to(project.dir)
    kept = foreign(project)
    assert len(kept) == len(FOREIGN)
    for dependencies in ({"a": "1", "@acme/tool": "1"}, {"a": "2"}, {}, {"@acme/tool": "1"}):
        project.manifest(dependencies=dependencies)
        notes = project.graft("install", "--json").json["notes"]
        assert foreign(project) == kept
        assert os.readlink(project.path("node_modules/npm-linked")) == str(project.dir)
        assert notes == []
    assert sorted(os.listdir(project.path("node_modules/.ignored"))) == ["old"]
    assert sorted(os.listdir(project.dir)) == ["graft-lock.json", "node_modules", "package.json"]


def test_what_is_in_the_way_is_moved_aside_and_said(project: Project) -> None:
    project.write("node_modules/a/mine.js", "1")
    project.write("node_modules/.bin/a", "a script")
    project.write("node_modules/@acme", "a file where a scope must be")
    project.write("node_modules/.ignored/a/older.js", "2")
    project.write("node_modules/.ignored/.bin/older", "3")
    project.manifest(dependencies={"a": "1", "@acme/tool": "1"})
    (note,) = project.graft("install", "--json").json["notes"]
    assert note["code"] == "displaced" and " a" in note["message"] and ".bin/a" in note["message"]
    aside = {
        path: what
        for path, what in snapshot(project.modules / ".ignored").items()
        if "f" in what[:1]
    }
    assert set(aside) == {"a/older.js", "a.2/mine.js", ".bin/a", ".bin/older", "@acme"}
    assert project.node("console.log(require('a').version)") == "1.0.0"
    project.manifest(dependencies={})
    project.graft("install")
    assert project.read("node_modules/.ignored/a.2/mine.js") == "1"
    assert set(project.links()) == {"app"}


def test_nothing_is_moved_aside_through_a_link(project: Project) -> None:
    project.write("elsewhere/x", "1")
    project.write("node_modules/a/mine.js", "1")
    project.path("node_modules/.ignored").symlink_to("../elsewhere")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert os.listdir(project.path("elsewhere")) == ["x"]
    assert project.read("node_modules/.ignored/a/mine.js") == "1"
    assert os.readlink(project.path("node_modules/.ignored/.ignored")) == "../elsewhere"


def test_a_link_that_was_exchanged_for_a_folder_is_no_longer_graft_s(project: Project) -> None:
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    project.remove("node_modules/a")
    project.write("node_modules/a/mine.js", "1")
    project.manifest(dependencies={})
    project.graft("install")
    assert project.read("node_modules/a/mine.js") == "1"


@pytest.mark.parametrize("to", ["elsewhere", "other/node_modules"])
def test_hazard_a_linked_node_modules_is_refused_and_nothing_behind_it_changes(
    project: Project, to: str
) -> None:
    other = project.sibling("other", dependencies={"b": "1"})
    other.graft("install")
    other.write("node_modules/own/x", "1")
    target = project.dir.parent / to
    target.mkdir(exist_ok=True)
    project.manifest(dependencies={"a": "1"})
    project.path("node_modules").symlink_to(target)
    before = snapshot(project.dir.parent)
    for command in (["install"], ["install", "--force"], ["add", "b"]):
        failed = project.graft(*command, "--json", check=False)
        assert (failed.code, failed.json["error"]["code"]) == (60, "link-refused")
        assert str(target) in failed.json["error"]["message"]
    assert snapshot(project.dir.parent) == before


def test_a_node_modules_that_is_no_folder_is_refused(project: Project) -> None:
    project.write("node_modules", "a file")
    project.manifest(dependencies={"a": "1"})
    before = snapshot(project.dir)
    assert project.graft("install", check=False).code == 60
    assert snapshot(project.dir) == before


def test_a_package_json_that_is_a_link_stays_one(project: Project) -> None:
    shared = project.path("shared")
    shared.mkdir()
    project.path("package.json").rename(shared / "app.json")
    project.path("package.json").symlink_to("shared/app.json")
    (shared / "app.json").chmod(0o640)
    project.graft("add", "a@1")
    assert os.readlink(project.path("package.json")) == "shared/app.json"
    assert project.json("package.json")["dependencies"] == {"a": "1"}
    assert (shared / "app.json").stat().st_mode & 0o777 == 0o640
    assert os.listdir(shared) == ["app.json"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o666, 0o755])
def test_modes_of_files_are_kept(project: Project, mode: int) -> None:
    project.graft("add", "a@1")
    for name in ("package.json", "graft-lock.json"):
        project.path(name).chmod(mode)
    project.graft("add", "b")
    for name in ("package.json", "graft-lock.json"):
        assert project.path(name).stat().st_mode & 0o777 == mode


def test_a_project_finds_itself_by_its_name(project: Project) -> None:
    project.write("index.js", "exports.me = 'app'")
    project.manifest(name="@acme/app", main="index.js")
    project.graft("install")
    assert project.links() == {"@acme/app": "../.."}
    assert project.node("console.log(require('@acme/app').me)") == "app"
    project.manifest(name="a", dependencies={"a": "1"})
    project.graft("install")
    assert "@acme/app" not in project.links()
    assert project.node("console.log(require('a').version)") == "1.0.0"


@pytest.mark.parametrize("name", ["../evil", "/evil", "..", ".bin", "a/b", "@x", "", 3])
def test_a_name_that_is_no_package_name_makes_no_link(project: Project, name: str) -> None:
    project.manifest(name=name)
    before = set(os.listdir(project.dir.parent))
    project.graft("install")
    assert project.links() == {}
    assert set(os.listdir(project.dir.parent)) == before


def test_a_new_lock_with_the_same_links_keeps_the_links(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("top@1.0.0", dependencies={"deep": "1"})
    registry.publish("other@1.0.0", dependencies={"deep": "1"})
    registry.publish("deep@1.0.0")
    project.manifest(dependencies={"a": "1"}, description="one")
    project.graft("install")
    modules = project.modules.stat()
    project.manifest(description="two")
    assert project.graft("install", "--json").json["steps"] == []
    assert project.modules.stat().st_ino == modules.st_ino
    assert project.graft("install", "--json").json["upToDate"]
    assert not [name for name in os.listdir(project.path("node_modules/.graft")) if ".tmp" in name]


def test_a_project_without_dependencies_is_installed_too(project: Project) -> None:
    Path(project.modules).mkdir()
    project.graft("install")
    assert project.graft("install", "--json").json["upToDate"]
    assert project.links() == {"app": ".."}
