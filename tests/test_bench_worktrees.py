"""What the benchmark of worktrees proves, it would also notice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from worktrees_burst import Burst
from worktrees_fixture import MEMBERS, workspace
from worktrees_place import _PROOF, _digest
from worktrees_report import Result


def package(folder: Path, name: str, **fields: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, **fields}))
    (folder / "index.js").write_text("")
    return folder


def link(modules: Path, name: str, to: Path) -> None:
    modules.mkdir(exist_ok=True)
    (modules / name).symlink_to(to)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A worktree with a member, beside another; what it installs lies in a store."""
    a = package(tmp_path / "home/slots/a/node_modules/a", "a", dependencies={"b": "1"})
    link(a.parent, "b", package(tmp_path / "home/slots/b/node_modules/b", "b"))
    for name in ("one", "two"):
        member = package(tmp_path / name / "member", "member", devDependencies={"a": "1"})
        link(member / "node_modules", "a", a)
        root = package(tmp_path / name / "app", "app", dependencies={"a": "1", "member": "1"})
        link(root / "node_modules", "a", a)
        link(root / "node_modules", "member", member)
    return tmp_path / "one"


def proven(worktree: Path) -> dict[str, Any]:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    command = ["node", str(_PROOF), str(worktree), str(worktree.parent / "home"), "member", "app"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_imports_of_a_worktree_of_its_own(one: Path) -> None:
    found = proven(one)
    assert found["strange"] == []
    assert (found["imports"], found["packages"], found["own"]) == (4, 4, 2)


def test_a_member_of_another_worktree_is_noticed(one: Path) -> None:
    other = one.parent / "two/member"
    (one / "app/node_modules/member").unlink()
    (one / "app/node_modules/member").symlink_to(other)
    assert str(other) in proven(one)["strange"]


def test_a_package_that_leads_into_a_checkout_is_noticed(one: Path) -> None:
    slot = one.parent / "home/slots/a/node_modules"
    (slot / "b").unlink()
    link(slot, "b", one.parent / "two/member")
    assert proven(one)["strange"]


def test_a_worktree_that_changed_has_another_digest(one: Path) -> None:
    before = _digest(one)
    (one / "app/node_modules/a").unlink()
    (one / "app/node_modules/a").symlink_to("elsewhere")
    changed = _digest(one)
    assert before[0] != changed[0]
    (one / "app/index.js").write_text("edited")
    assert _digest(one)[0] != changed[0]


def test_members_share_the_packages_of_a_fixture() -> None:
    asked = {f"p{number}": "1" for number in range(30)}
    files = workspace(json.dumps({"name": "x", "dependencies": asked}).encode())
    members = [
        json.loads(files[path])
        for path in files
        if path.startswith("packages/m") and path.endswith(".json")
    ]
    assert len(members) == MEMBERS
    found = [name for member in members for name in member["dependencies"] if name in asked]
    assert sorted(found) == sorted(asked)
    assert members[5]["dependencies"]["@bench/m04"] == "workspace:*"


def test_times_are_said_for_each() -> None:
    burst = Burst(wall=1.0, processor=2.0, commands=20)
    result = Result(installed=[burst], removed=[burst], alone=[0.05], size=[4e5], inodes=[100])
    assert result.last.startswith("installed in 1.00 s, 50 each (processor 100, alone 50), 0.40 MB")
