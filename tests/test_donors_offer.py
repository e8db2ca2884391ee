"""What another workspace offers: identities compared, and then what is really there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.donors.offer import Hit, Miss, offer, same_package
from graft.donors.parent import Parent, read_parent, workspace_of
from graft.donors.verify import Looks
from graft.lockfile.format import read_lock, write_lock
from graft.model.graph import Node
from graft.model.manifest import Manifest
from graft.store.slots import Slot, slots_of
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def parent(registry: LocalRegistry, project: Project) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "^1"}, files={"index.js": "a", "lib/x.js": "x"})
    registry.publish("b@1.0.0", files={"index.js": "b"})
    project.manifest(dependencies={"a": "^1"})
    project.graft("install")
    return project


def wanted(parent: Project, name: str = "a") -> tuple[Parent, Node, dict[str, Slot]]:
    its = read_parent(str(parent.dir))
    assert its.graph
    slots = slots_of(its.graph)
    return its, its.graph.nodes[f"{name}@1.0.0"], slots


def offered(parent: Project, level: str = "shape", cache: str = "") -> Hit | Miss:
    its, node, slots = wanted(parent)
    looks = Looks(its, slots.values(), level, cache)
    found = offer(its, node, slots[node.id], "", looks)
    looks.remember()
    return found


def spoil(path: Path, text: str) -> None:
    path.parent.chmod(0o755)
    path.chmod(0o644)
    path.write_text(text)


def of(parent: Parent, **changes: Any) -> str:
    said = {"name": "a", "version": "1.0.0", "integrity": ""}
    found = same_package(parent, Manifest(**(said | changes)), "")
    assert isinstance(found, Miss)
    return found.reason


@pytest.mark.parametrize("layout", ["virtual", "isolated"])
def test_the_same_slot_is_the_whole_closure(parent: Project, layout: str) -> None:
    parent.graft("install", "--layout", layout)
    found = offered(parent)
    assert isinstance(found, Hit) and found.matched == "closure"
    assert Path(found.path, "index.js").read_text() == "a"
    assert (Path(found.path).parent / "b/index.js").read_text() == "b"


def test_a_miss_says_what_differs(parent: Project) -> None:
    its, _, _ = wanted(parent)
    assert of(its) == "integrity"
    assert of(its, version="1.1.0") == "version"
    assert of(its, name="c") == "absent"
    assert of(its, origin="git:https://example.com/a#" + "1" * 40) == "kind"
    assert of(its, origin="https://registry.example.com/") == "origin"
    assert of(its, origin="link:../a") == "local"


def test_a_patch_is_part_of_what_a_package_is(parent: Project) -> None:
    its, node, _ = wanted(parent)
    assert same_package(its, node.manifest, "sha256-patched") == Miss(reason="patch")


def test_files_that_are_cut_short_are_seen_by_their_sizes_and_others_by_their_bytes(
    parent: Project, tmp_path: Path
) -> None:
    cache = str(tmp_path / "cache")
    assert isinstance(offered(parent, "content", cache), Hit)
    assert isinstance(offered(parent, "content", cache), Hit)
    found = offered(parent)
    assert isinstance(found, Hit)
    spoil(Path(found.path, "index.js"), "A")
    assert isinstance(offered(parent), Hit)
    assert offered(parent, "content", cache) == Miss(reason="dirty")
    spoil(Path(found.path, "lib/x.js"), "longer")
    assert offered(parent) == Miss(reason="incomplete")
    assert isinstance(offered(parent, "lock"), Hit)


def test_a_path_may_be_the_workspace_or_the_folder_of_its_packages(parent: Project) -> None:
    assert workspace_of(str(parent.modules)) == workspace_of(str(parent.dir)) == str(parent.dir)
    with pytest.raises(GraftError) as error:
        workspace_of(str(parent.dir / "nowhere"))
    assert error.value.diagnostic.code == "donor-missing"


def test_a_parent_without_a_lock_or_with_a_damaged_one_says_so(parent: Project) -> None:
    parent.write("graft-lock.json", "{")
    assert of(read_parent(str(parent.dir))) == "lock-unreadable"
    parent.remove("graft-lock.json")
    assert of(read_parent(str(parent.dir))) == "no-lock"


def test_a_lock_says_where_a_package_came_from_and_keeps_saying_it(parent: Project) -> None:
    lock = parent.lock
    said: dict[str, Any] = {"path": "/gold", "mode": "store", "matched": "closure"}
    said |= {"level": "shape", "chain": ["/older"]}
    lock["nodes"]["a@1.0.0"]["from_deps_source"] = said
    parent.write("graft-lock.json", lock)
    parent.graft("install")
    assert parent.lock["nodes"]["a@1.0.0"]["from_deps_source"] == said
    graph = read_lock(parent.path("graft-lock.json").read_bytes(), where="")
    assert read_lock(write_lock(graph), where="") == graph
    lock["nodes"]["a@1.0.0"]["from_deps_source"] = said | {"path": "relative"}
    parent.write("graft-lock.json", lock)
    assert parent.graft("install", check=False).code == 12
