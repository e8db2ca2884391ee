"""The commit of a change, in process, where a system or a folder is not as usual."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.link import commit
from graft.link.importers import STAGING, refuse_strange_modules
from graft.link.state import FOLDER, read_state
from harness.folder import NEW, Folder, cut, installed
from harness.tree import snapshot


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return installed(tmp_path)


@pytest.mark.parametrize("one_step", [True, False])
def test_a_switch_with_and_without_an_exchange_in_one_step(
    folder: Folder, one_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not one_step:
        monkeypatch.setattr(commit, "exchange", lambda *_: False)
    folder.change(NEW, package="new")
    assert folder.links() == NEW
    assert read_state(str(folder.modules)).entries == NEW
    assert (folder.modules / ".cache/data").read_text() == "cached"
    assert (folder.modules / "@s/own").is_dir()
    assert not (folder.modules / ".bin").exists()
    assert (folder.path / "package.json").read_text() == "new"
    assert folder.is_clean()


def test_a_change_that_fails_leaves_no_trace(folder: Folder) -> None:
    before = snapshot(folder.path)
    staging = folder.stage(NEW, package="new")
    staging.abandon()
    assert snapshot(folder.path) == before
    assert folder.is_clean()


def test_a_file_whose_link_leads_to_another_file_system(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = folder.path / "mounted" / "elsewhere.json"
    shared.parent.mkdir()
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
        refuse_strange_modules(str(folder.path))
    assert refused.value.diagnostic.code == "link-refused"
    assert "mount point" in refused.value.diagnostic.message


@pytest.mark.parametrize("target", ["/store/a", f"{FOLDER}0123"])
def test_what_a_power_cut_may_not_take_is_flushed(
    folder: Folder, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of folders as well: without it they would seem to be someone else's."""
    flushed = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: flushed.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))
    )
    folder.change({"a": target}, package="new")
    record = ["state"] if target.startswith(FOLDER) else []
    assert [name.rpartition("-")[2] for name in flushed] == [
        "package.json",
        *record,
        "token",
        "journal.json",
    ]


def test_the_journal_is_one_line_of_facts(folder: Folder) -> None:
    with cut(folder, "os.rename", "journal.json", after=True):
        folder.change(NEW, package="new")
    said = json.loads(Path(folder.journal).read_text())
    assert said["files"] == [[".", "package.json"]]
    assert said["staging"] == (folder.path / STAGING / "token").read_text()
