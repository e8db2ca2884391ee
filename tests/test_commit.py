"""The commit of a change, step by step and in process."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.link import commit
from graft.link.commit import Staging, recover
from graft.link.state import State, read_state, state_bytes
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

OLD = {"a": "/store/a-1", ".bin/a": "../a/cli.js", "@s/p": "/store/p"}
NEW = {"a": "/store/a-2", "@s/q": "/store/q"}


class Folder:
    """A project's folder, changed without the rest of graft."""

    def __init__(self, root: Path) -> None:
        self.path = root / "app"
        self.path.mkdir()
        self.journal = str(root / "journal.json")
        self.modules = self.path / "node_modules"

    def staging(self) -> Staging:
        return Staging(str(self.path), self.journal)

    def stage(self, links: dict[str, str], **files: str) -> Staging:
        staging = self.staging()
        for name, text in files.items():
            staging.add_file(f"{name}.json", text.encode())
        staging.add_links(links, state_bytes(State(layout="virtual", inputs="", links=links)))
        return staging

    def change(self, links: dict[str, str], **files: str) -> None:
        self.stage(links, **files).commit()

    def recover(self) -> bool:
        return recover(str(self.path), self.journal)

    def links(self) -> dict[str, str]:
        tree = snapshot(self.modules)
        return {path: what[5:] for path, what in tree.items() if what.startswith("link ")}

    def is_clean(self) -> bool:
        return not (self.path / commit.STAGING).exists() and not os.path.exists(self.journal)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.change(OLD, package="old")
    (folder.modules / ".cache").mkdir()
    (folder.modules / ".cache/data").write_text("cached")
    (folder.modules / "@s/own").mkdir()
    return folder


class PowerCut(BaseException):
    pass


def cut_at(monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], Any] = int) -> None:
    def point(reached: str) -> None:
        if reached == name:
            action()
            raise PowerCut

    monkeypatch.setattr(commit, "point", point)


@pytest.mark.parametrize("one_step", [True, False])
def test_a_switch_with_and_without_an_exchange_in_one_step(
    folder: Folder, one_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not one_step:
        monkeypatch.setattr(commit, "exchange", lambda *_: False)
    folder.change(NEW, package="new")
    assert folder.links() == NEW
    assert read_state(str(folder.modules)).links == NEW
    assert (folder.modules / ".cache/data").read_text() == "cached"
    assert (folder.modules / "@s/own").is_dir()
    assert not (folder.modules / ".bin").exists()
    assert (folder.path / "package.json").read_text() == "new"
    assert folder.is_clean()


def test_what_appears_in_the_middle_of_a_switch_comes_along(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool writes into the old tree after everything else was carried over."""
    monkeypatch.setattr(commit, "exchange", lambda *_: False)
    late = folder.modules / "late"
    cut_at(monkeypatch, "tree-carried", lambda: late.write_text("1"))
    with pytest.raises(PowerCut):
        folder.change(NEW)
    monkeypatch.undo()
    assert folder.recover()
    assert late.read_text() == "1"
    assert folder.links() == NEW


def test_a_new_node_modules_in_the_middle_of_a_switch_is_kept(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "exchange", lambda *_: False)
    cut_at(monkeypatch, "tree-aside")
    with pytest.raises(PowerCut):
        folder.change(NEW)
    (folder.modules / "a").mkdir(parents=True)
    (folder.modules / "a/theirs").write_text("1")
    monkeypatch.undo()
    monkeypatch.setattr(commit, "exchange", lambda *_: False)
    assert folder.recover()
    assert folder.links() == NEW
    assert (folder.modules / ".ignored/a/theirs").read_text() == "1"
    assert (folder.modules / ".cache/data").read_text() == "cached"
    assert folder.is_clean()


def test_crash_upon_crash_with_several_trees_left(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for attempt in range(3):
        monkeypatch.setattr(commit, "exchange", lambda *_: False)
        cut_at(monkeypatch, "tree-aside")
        with pytest.raises(PowerCut):
            folder.recover() if attempt else folder.change(NEW)
        monkeypatch.undo()
        folder.modules.mkdir()
        (folder.modules / f"late-{attempt}").touch()
    for point in (*["tree-discarded"] * 4, "journal-removed"):
        cut_at(monkeypatch, point)
        with pytest.raises(PowerCut):
            folder.recover()
        monkeypatch.undo()
    folder.recover()
    late = {f"late-{attempt}" for attempt in range(3)}
    assert {*NEW, *late, ".cache/data", "@s/own"} <= snapshot(folder.modules).keys()
    assert folder.is_clean()


@pytest.mark.parametrize("point", ["journal-written", "tree-switched", "tree-discarded"])
def test_a_node_modules_that_was_removed_after_a_crash(
    folder: Folder, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at(monkeypatch, point)
    with pytest.raises(PowerCut):
        folder.change(NEW, package="new")
    monkeypatch.undo()
    shutil.rmtree(folder.modules)
    assert folder.recover()
    assert folder.is_clean()
    assert (folder.path / "package.json").read_text() == "new"
    folder.change(NEW)
    assert folder.links() == NEW


def test_half_of_a_discarded_tree_is_not_taken_for_someone_else_s(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at(monkeypatch, "tree-discarded")
    with pytest.raises(PowerCut):
        folder.change(NEW)
    monkeypatch.undo()
    shutil.rmtree(folder.path / commit.STAGING / "trash/.graft")
    assert folder.recover()
    assert folder.links() == NEW
    assert not (folder.modules / ".ignored").exists()


def test_a_project_that_was_moved_after_a_crash_loses_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its journal is not found at the new place: what was not finished is taken back."""
    for point in ("tree-carried", "tree-aside"):
        monkeypatch.setattr(commit, "exchange", lambda *_: False)
        cut_at(monkeypatch, point)
        with pytest.raises(PowerCut):
            folder.change(NEW)
        monkeypatch.undo()
        os.unlink(folder.journal)
        assert not folder.recover()
        assert folder.links() == OLD
        assert (folder.modules / ".cache/data").read_text() == "cached"
        assert folder.is_clean()


def test_a_staging_folder_that_was_removed_by_hand_decides_nothing_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at(monkeypatch, "journal-written")
    with pytest.raises(PowerCut):
        folder.change(NEW, package="new")
    monkeypatch.undo()
    shutil.rmtree(folder.path / commit.STAGING)
    assert not folder.recover()
    # One that comes with a commit of the repository.
    (folder.path / commit.STAGING / "node_modules").mkdir(parents=True)
    (folder.path / commit.STAGING / "package.json").write_text("theirs")
    (folder.path / commit.STAGING / "token").write_text("guessed")
    assert not folder.recover()
    folder.stage(NEW, package="later")  # and dies before it is decided
    assert not folder.recover()
    assert (folder.path / "package.json").read_text() == "old"
    assert folder.links() == OLD


def test_a_change_that_fails_leaves_no_trace(folder: Folder) -> None:
    before = snapshot(folder.path)
    staging = folder.stage(NEW, package="new")
    staging.abandon()
    assert snapshot(folder.path) == before
    assert folder.is_clean()


def test_a_file_whose_link_leads_to_another_file_system(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = folder.path.parent / "elsewhere.json"
    (folder.path / "package.json").rename(shared)
    shared.chmod(0o666)
    (folder.path / "package.json").symlink_to(shared)
    replace = os.replace

    def refusing(source: str, target: str) -> None:
        if os.path.dirname(source) != os.path.dirname(target):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refusing)
    staging = folder.staging()
    staging.add_file("package.json", b"new")
    staging.commit()
    assert shared.read_text() == "new" and (folder.path / "package.json").is_symlink()
    assert shared.stat().st_mode & 0o777 == 0o666
    assert folder.is_clean()


def test_hazard_a_mount_point_is_refused_before_anything_changes(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(folder.modules))
    with pytest.raises(GraftError) as refused:
        commit.refuse_strange_modules(str(folder.path))
    assert refused.value.diagnostic.code == "link-refused"
    assert "mount point" in refused.value.diagnostic.message


# A staging folder that came with a repository


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
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cut_at(monkeypatch, "journal-written")
    with pytest.raises(PowerCut):
        folder.change(NEW)
    monkeypatch.undo()
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


def test_the_journal_is_one_line_of_facts(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_at(monkeypatch, "journal-written")
    with pytest.raises(PowerCut):
        folder.change(NEW, package="new")
    said = json.loads(Path(folder.journal).read_text())
    assert said["files"] == ["package.json"]
    assert said["staging"] == (folder.path / commit.STAGING / "token").read_text()
