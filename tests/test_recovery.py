"""What is found after a crash when more has happened since, and what only seems to be found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.link import commit
from graft.link.importers import STAGING
from harness.folder import NEW, OLD, Folder, cut, installed
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

# Steps of a change: its journal is written, a tree is moved aside or switched, what was there goes.
DECIDED = ("os.rename", "journal.json")
ASIDE = ("os.rename", ".graft-staging/old")
SWITCH = ("exchange", "app/node_modules")
DISCARD = ("os.rename", ".graft-staging/trash")
DONE = ("os.remove", "journal.json")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return installed(tmp_path)


def test_what_appears_in_the_middle_of_a_switch_comes_along(
    folder: Folder,
) -> None:
    """A tool writes into the old tree after everything else was carried over."""
    late = folder.modules / "late"
    with cut(folder, *ASIDE, two_steps=True, action=lambda: late.write_text("1")):
        folder.change(NEW)
    assert folder.recover()
    assert late.read_text() == "1"
    assert folder.links() == NEW


def test_a_new_node_modules_in_the_middle_of_a_switch_is_kept(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cut(folder, *ASIDE, after=True, two_steps=True):
        folder.change(NEW)
    (folder.modules / "a").mkdir(parents=True)
    (folder.modules / "a/theirs").write_text("1")
    monkeypatch.setattr(commit, "exchange", lambda *_: False)
    assert folder.recover()
    assert folder.links() == NEW
    assert (folder.modules / ".ignored/a/theirs").read_text() == "1"
    assert (folder.modules / ".cache/data").read_text() == "cached"
    assert folder.is_clean()


def test_crash_upon_crash_with_several_trees_left(folder: Folder) -> None:
    for attempt, aside in enumerate(("old", "old.2", "old.3")):
        with cut(folder, "os.rename", f"/{aside}", after=True, two_steps=True):
            folder.recover() if attempt else folder.change(NEW)
        folder.modules.mkdir()
        (folder.modules / f"late-{attempt}").touch()
    for effect in (*[DISCARD] * 4, DONE):
        with cut(folder, *effect, after=True):
            folder.recover()
    folder.recover()
    late = {f"late-{attempt}" for attempt in range(3)}
    assert {*NEW, *late, ".cache/data", "@s/own"} <= snapshot(folder.modules).keys()
    assert folder.is_clean()


@pytest.mark.parametrize("effect", [DECIDED, SWITCH, DISCARD])
def test_a_node_modules_that_was_removed_after_a_crash(
    folder: Folder, effect: tuple[str, str]
) -> None:
    with cut(folder, *effect, after=True):
        folder.change(NEW, package="new")
    shutil.rmtree(folder.modules)
    assert folder.recover()
    assert folder.is_clean()
    assert (folder.path / "package.json").read_text() == "new"
    folder.change(NEW)
    assert folder.links() == NEW


def test_half_of_a_discarded_tree_is_not_taken_for_someone_else_s(folder: Folder) -> None:
    with cut(folder, *DISCARD, after=True):
        folder.change(NEW)
    shutil.rmtree(folder.path / STAGING / "trash/.graft")
    assert folder.recover()
    assert folder.links() == NEW
    assert not (folder.modules / ".ignored").exists()


def test_a_project_that_was_moved_after_a_crash_loses_nothing(folder: Folder) -> None:
    """Its journal is not found at the new place: what was not finished is taken back."""
    for after in (False, True):
        with cut(folder, *ASIDE, after=after, two_steps=True):
            folder.change(NEW)
        os.unlink(folder.journal)
        assert not folder.recover()
        assert folder.links() == OLD
        assert (folder.modules / ".cache/data").read_text() == "cached"
        assert folder.is_clean()


def test_a_staging_folder_that_was_removed_by_hand_decides_nothing_later(folder: Folder) -> None:
    with cut(folder, *DECIDED, after=True):
        folder.change(NEW, package="new")
    shutil.rmtree(folder.path / STAGING)
    assert not folder.recover()
    # One that comes with a commit of the repository.
    (folder.path / STAGING / "node_modules").mkdir(parents=True)
    (folder.path / STAGING / "package.json").write_text("theirs")
    (folder.path / STAGING / "token").write_text("guessed")
    assert not folder.recover()
    folder.stage(NEW, package="later")  # and dies before it is decided
    assert not folder.recover()
    assert (folder.path / "package.json").read_text() == "old"
    assert folder.links() == OLD


@pytest.mark.parametrize("where", [".graft-staging", "elsewhere"])
def test_hazard_a_journal_in_a_repository_decides_nothing(
    project: Project, registry: LocalRegistry, where: str
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    victim = project.machine.home / ".bashrc"
    victim.write_text("the user's own")
    project.write(f"{where}/evil", "evil")
    project.write(f"{where}/package.json", "{}")
    project.path(where, "node_modules").symlink_to(project.machine.home)
    if where == "elsewhere":
        project.path(".graft-staging").symlink_to(where)
    inode = project.path(where).stat().st_ino
    journal = {"staging": inode, "files": [[f"{where}/evil", str(victim)]], "tree": 0}
    project.write(f"{where}/journal.json", {**journal, "carried": {}})
    before = snapshot(project.machine.home)
    project.graft("install")
    assert snapshot(project.machine.home) == before
    assert project.json("package.json")["dependencies"] == {"a": "1"}
    assert not project.exists(".graft-staging")
    assert not list(project.modules.glob(".bashrc"))


def test_hazard_nothing_is_recovered_through_a_linked_node_modules(
    folder: Folder, tmp_path: Path
) -> None:
    with cut(folder, *DECIDED, after=True):
        folder.change(NEW)
    other = tmp_path / "other"
    folder.modules.rename(other)
    folder.modules.symlink_to(other)
    before = snapshot(other)
    with pytest.raises(GraftError, match="link"):
        folder.recover()
    assert snapshot(other) == before
    folder.modules.unlink()
    assert folder.recover()
    assert folder.links() == NEW
