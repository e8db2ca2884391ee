"""graft dies at each point where that could hurt; the project and the store lose nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import graft
from harness.crash import Rename, crash
from harness.project import Project
from harness.registry import LocalRegistry

STORE_POINTS = [
    ("file-staged", 1),
    ("object-staged", 1),
    ("object-renamed", 1),
    ("object-published", 1),
    ("slot-staged", 1),
    ("slot-published", 1),
]
# Files alone, with nothing to carry: a first install.
FIRST_POINTS = [
    ("change-staged", 1),
    ("journal-written", 1),
    ("file-switched", 1),
    ("tree-switched", 1),
    ("journal-removed", 1),
]
SWITCH_POINTS = [
    ("change-staged", 1),
    ("journal-written", 1),
    ("file-switched", 1),
    ("file-switched", 2),
    ("entry-carried", 1),
    ("entry-carried", 3),
    ("tree-carried", 1),
    ("tree-switched", 1),
    ("tree-discarded", 1),
    ("journal-removed", 1),
]
TWO_STEP_POINTS = [("tree-aside", 1), ("tree-switched", 1), ("tree-discarded", 1)]
CLONE_POINTS = [("change-staged", 1), ("tree-placed", 1)]

# Entries one by one, where there are folders of files.
ENTRY_POINTS = [
    ("change-staged", 1),
    ("journal-written", 1),
    ("file-switched", 1),
    ("file-switched", 2),
    ("file-switched", 3),
    ("entry-switched", 1),
    ("entry-switched", 2),
    ("journal-removed", 1),
]
# A member that a graph no longer has: tests/test_many_trees.py tries all points in process.
MEMBER_POINTS = [("tree-removed", 1)]

FOREIGN = {".cache/data": "cached", "@acme/own/x.js": "own", ".bin/mine": "mine", "own": "a file"}


def test_every_point_is_tried() -> None:
    source = Path(graft.__file__).parent
    named = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"\bpoint\(\"([a-z-]+)\"\)", path.read_text(encoding="utf-8"))
    }
    tried = [*STORE_POINTS, *FIRST_POINTS, *SWITCH_POINTS, *TWO_STEP_POINTS, *CLONE_POINTS]
    tried += [*MEMBER_POINTS, *ENTRY_POINTS, ("entry-aside", 1), ("entry-removed", 1)]
    assert named == {name for name, _ in tried}


@pytest.fixture
def app(project: Project, registry: LocalRegistry) -> Project:
    """A project that asks for ``a -> b``, not installed yet."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("@acme/more@1.0.0", dependencies={"b": "1"}, bin={"more": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    return project


@pytest.fixture
def installed(app: Project) -> Project:
    """It is installed, and others keep something in its node_modules."""
    app.graft("install")
    for path, text in FOREIGN.items():
        app.write(f"node_modules/{path}", text)
    return app


def runs(project: Project, dependencies: Mapping[str, str]) -> None:
    """The project's code finds what it asks for, and each finds its own dependency."""
    names = " ".join(dependencies)
    script = """
        const found = process.argv[1].split(' ').map((name) => require(name).requires('b').version);
        console.log(found.join(' '))
    """
    assert project.node(script, names) == " ".join(["1.0.0"] * len(dependencies))


def heals(project: Project, *, foreign: Mapping[str, str], locked: bool = True) -> set[str]:
    """The next install finishes, and leaves nothing to do and no junk; what is asked for then."""
    report = project.graft("install", "--json").json
    assert not (locked and report["lockChanged"]), "manifest and lock did not belong together"
    asked = project.json("package.json")["dependencies"]
    runs(project, asked)
    for path, text in foreign.items():
        assert project.read(f"node_modules/{path}") == text
    assert not project.exists("node_modules/.ignored")
    again = project.graft("install", "--force", "--json").json
    assert (again["slots"], again["steps"], again["lockChanged"]) == (0, [], False)
    assert project.graft("install", "--json").json["upToDate"]
    names = {path.name for path in project.dir.rglob("*")}
    assert not {name for name in names if name.startswith((".tmp-", ".graft-staging"))}
    assert list(project.store.glob("journals/*")) == []
    return set(asked)


@pytest.mark.parametrize(("point", "occurrence"), [*STORE_POINTS, *FIRST_POINTS])
def test_a_first_install_is_interrupted(app: Project, point: str, occurrence: int) -> None:
    crash(app, point, occurrence, "install")
    heals(app, foreign={}, locked=False)


@pytest.mark.parametrize(("point", "occurrence"), CLONE_POINTS)
def test_an_install_from_a_lock_is_interrupted(app: Project, point: str, occurrence: int) -> None:
    app.graft("install", "--lockfile-only")
    crash(app, point, occurrence, "install")
    heals(app, foreign={})


@pytest.mark.parametrize("point", ["file-staged", "change-staged", "tree-placed"])
def test_a_second_checkout_is_interrupted(installed: Project, point: str) -> None:
    """Its whole graph is in the store, so there are only links to make."""
    checkout = installed.sibling("checkout")
    for name in ("package.json", "graft-lock.json"):
        checkout.write(name, installed.read(name))
    crash(checkout, point, 1, "install")
    assert checkout.exists("node_modules") == (point == "tree-placed")
    heals(checkout, foreign={})


@pytest.mark.parametrize(("point", "occurrence"), [*STORE_POINTS, *SWITCH_POINTS])
def test_an_addition_is_interrupted(installed: Project, point: str, occurrence: int) -> None:
    crash(installed, point, occurrence, "add", "@acme/more")
    runs(installed, {"a": "1"})
    decided = (point, occurrence) in SWITCH_POINTS[1:]
    assert heals(installed, foreign=FOREIGN) == ({"a", "@acme/more"} if decided else {"a"})


@pytest.mark.parametrize(("point", "occurrence"), SWITCH_POINTS)
def test_a_removal_is_interrupted(installed: Project, point: str, occurrence: int) -> None:
    installed.graft("add", "@acme/more")
    crash(installed, point, occurrence, "remove", "@acme/more")
    runs(installed, {"a": "1"})
    decided = point != "change-staged"
    assert heals(installed, foreign=FOREIGN) == ({"a"} if decided else {"a", "@acme/more"})


@pytest.mark.parametrize(("point", "occurrence"), TWO_STEP_POINTS)
def test_a_switch_in_two_steps_is_interrupted(
    installed: Project, point: str, occurrence: int
) -> None:
    two: Rename = "two-steps"
    crash(installed, point, occurrence, "add", "@acme/more", rename=two)
    assert installed.exists("node_modules") == (point != "tree-aside")
    assert heals(installed, foreign=FOREIGN) == {"a", "@acme/more"}


@pytest.mark.parametrize("point", ["file-staged", "change-staged", "file-switched"])
def test_a_change_of_the_record_alone_is_interrupted(installed: Project, point: str) -> None:
    installed.manifest(description="changed")
    if point == "file-staged":
        # What the store knows of the project is written only if it differs.
        (record,) = installed.store.glob("projects/*")
        record.unlink()
    crash(installed, point, 1, "install")
    runs(installed, {"a": "1"})
    heals(installed, foreign=FOREIGN)


@pytest.mark.parametrize("point", ["journal-written", "tree-carried", "tree-switched"])
def test_a_second_crash_while_the_first_is_mended(installed: Project, point: str) -> None:
    crash(installed, "journal-written", 1, "add", "@acme/more")
    if point != "journal-written":
        crash(installed, point, 1, "install")
    crash(installed, "journal-removed", 1, "install")
    assert heals(installed, foreign=FOREIGN) == {"a", "@acme/more"}


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
@pytest.mark.parametrize(("point", "occurrence"), ENTRY_POINTS)
def test_an_addition_of_folders_is_interrupted(
    installed: Project, layout: str, point: str, occurrence: int
) -> None:
    installed.manifest(graft={"layout": layout})
    installed.graft("install")
    crash(installed, point, occurrence, "add", "@acme/more")
    runs(installed, {"a": "1"})
    decided = point != "change-staged"
    assert heals(installed, foreign=FOREIGN) == ({"a", "@acme/more"} if decided else {"a"})


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
@pytest.mark.parametrize(
    ("point", "rename"),
    [
        ("entry-switched", "one-step"),
        ("entry-switched", "two-steps"),
        ("entry-aside", "two-steps"),
    ],
)
def test_folders_that_change_places_are_interrupted(
    installed: Project, registry: LocalRegistry, layout: str, point: str, rename: Rename
) -> None:
    installed.manifest(graft={"layout": layout})
    installed.graft("install")
    registry.publish("a@1.1.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    crash(installed, point, 1, "update", "a", rename=rename)
    installed.graft("install")
    assert installed.node("console.log(require('a').version)") == "1.1.0"
    assert heals(installed, foreign=FOREIGN) == {"a"}


def test_half_of_a_change_is_not_taken_for_all_of_it_in_a_project_that_was_moved(
    installed: Project, registry: LocalRegistry
) -> None:
    """The journal is not found there; nothing but the record says what a folder was made from."""
    installed.manifest(graft={"layout": "hoisted"})
    installed.graft("install")
    registry.publish("a@1.1.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    crash(installed, "file-switched", 2, "update", "a")
    for journal in installed.store.glob("journals/*"):
        journal.unlink()
    installed.graft("install")
    assert installed.json("node_modules/a/package.json")["version"] == "1.1.0"


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
@pytest.mark.parametrize("point", ["journal-written", "entry-removed", "journal-removed"])
def test_a_removal_of_folders_is_interrupted(installed: Project, layout: str, point: str) -> None:
    installed.manifest(graft={"layout": layout})
    installed.graft("add", "@acme/more")
    crash(installed, point, 1, "remove", "@acme/more")
    runs(installed, {"a": "1"})
    assert heals(installed, foreign=FOREIGN) == {"a"}
    assert not [path for path in installed.modules.rglob("more*") if path.name != "more.js"]


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
@pytest.mark.parametrize(
    "point",
    [name for name, number in SWITCH_POINTS if number == 1 and name != "file-switched"],
)
def test_a_switch_to_another_layout_is_interrupted(
    installed: Project, layout: str, point: str
) -> None:
    installed.manifest(graft={"layout": layout})
    crash(installed, point, 1, "install")
    runs(installed, {"a": "1"})
    heals(installed, foreign=FOREIGN)
    installed.manifest(graft={"layout": "virtual"})
    crash(installed, point, 1, "install")
    runs(installed, {"a": "1"})
    heals(installed, foreign=FOREIGN)


def test_what_was_finished_is_said(installed: Project) -> None:
    crash(installed, "journal-written", 1, "add", "@acme/more")
    assert "finished a change that had been interrupted" in installed.graft("install").stderr
    assert "interrupted" not in installed.graft("install").stderr


@pytest.mark.parametrize("point", ["object-renamed", "slot-staged", "tree-carried"])
def test_another_project_installs_in_spite_of_a_crash(installed: Project, point: str) -> None:
    crash(installed, point, 1, "add", "@acme/more")
    other = installed.sibling("other", dependencies={"a": "1", "@acme/more": "1"})
    other.graft("install")
    runs(other, {"a": "1", "@acme/more": "1"})
    heals(installed, foreign=FOREIGN)
