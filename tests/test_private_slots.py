"""Private slots: what scripts make of a package is stored for its key, and what other keys share is
never touched by it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from graft.lockfile.format import read_lock
from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.store.keys import graph_keys
from graft.store.paths import Store
from graft.store.private import finished_package
from graft.store.slots import slots_of
from harness.crash import crash
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


def graph_of(**edges: dict[str, str]) -> Graph:
    nodes = {
        f"{name}@1": Node(
            id=f"{name}@1",
            manifest=Manifest(name=name, version="1", integrity=f"sha512-{name}"),
            edges={local: f"{child}@1" for local, child in below.items()},
        )
        for name, below in edges.items()
    }
    return Graph(importers={".": Importer(path=".", requirements=(), edges={})}, nodes=nodes)


GRAPH = graph_of(a={"b": "b"}, b={"c": "c"}, c={}, other={})


def test_keys_without_salt_are_what_they_were() -> None:
    fields = {
        id: (node.manifest.name, "1", "", node.manifest.integrity)
        for id, node in GRAPH.nodes.items()
    }
    keys = graph_keys(fields, {id: node.edges for id, node in GRAPH.nodes.items()})
    for slots in (slots_of(GRAPH), slots_of(GRAPH, {}), slots_of(GRAPH, {"b@1": ""})):
        assert {id: slot.name.rpartition("-")[2] for id, slot in slots.items()} == keys


def test_a_salt_is_in_the_keys_of_all_above_it() -> None:
    plain = slots_of(GRAPH)
    first, second = slots_of(GRAPH, {"b@1": "one"}), slots_of(GRAPH, {"b@1": "two"})
    for id in ("a@1", "b@1"):
        assert len({slots[id].name for slots in (plain, first, second)}) == 3
    for id in ("c@1", "other@1"):
        assert plain[id] == first[id] == second[id]
    assert [id for id, slot in first.items() if slot.salt] == ["b@1"]


def built_project(project: Project, registry: LocalRegistry, script: str, **facts: object) -> Path:
    """``built`` is installed, and its script has run; the folder of its files."""
    registry.publish("built@1.0.0", scripts={"postinstall": script}, **facts)  # type: ignore[arg-type]
    project.manifest(dependencies={"built": "1"})
    project.graft("install")
    project.graft("approve-builds", "built")
    return project.path("node_modules/built").resolve()


def test_a_built_package_is_a_copy_of_its_own(project: Project, registry: LocalRegistry) -> None:
    folder = built_project(project, registry, "echo changed > index.js && echo more > more.txt")
    # It has no dependencies, and yet its slot is no link to the object.
    assert folder.is_relative_to(project.store / "slots")
    assert (folder / "index.js").read_text() == "changed\n"
    (kept,) = project.store.glob("objects/*/node_modules/built/index.js")
    assert "exports.version" in kept.read_text()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert all(path.stat().st_nlink == 1 for path in files)
    objects = {path.stat().st_ino for path in project.store.glob("objects/*/**/*")}
    assert objects.isdisjoint(path.stat().st_ino for path in files)


def test_a_built_package_is_read_only_and_exactly_what_was_built(
    project: Project, registry: LocalRegistry
) -> None:
    script = (
        "mkdir -p lib/deep empty && echo tool > lib/deep/tool && chmod 4777 lib/deep/tool &&"
        "ln -s deep/tool lib/link && ln -s /nowhere out && mkfifo lib/pipe &&"
        "echo shut > lib/shut && chmod 0 lib/shut lib/deep"
    )
    folder = built_project(project, registry, script)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) in (0o444, 0o555), path
    assert (folder / "lib/link").read_text() == "tool\n"
    assert not (folder / "lib/pipe").exists()
    record = json.loads((folder.parent.parent / "slot.json").read_text())
    assert record["links"] == {"lib/link": "deep/tool", "out": "/nowhere"}
    named = {entry[0]: entry[1] for entry in record["files"]}
    assert named["lib/deep/tool"] and not named["lib/shut"]
    assert sorted(os.listdir(folder.parent.parent)) == ["inventory", "node_modules", "slot.json"]


def test_finished_files_lie_in_the_slot_or_in_the_object(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("plain@1.0.0")
    folder = built_project(project, registry, "echo more > more.txt; ln -s more.txt link")
    project.graft("add", "plain")
    salt = json.loads((folder.parent.parent / "slot.json").read_text())["salt"]
    graph = read_lock(project.path("graft-lock.json").read_bytes(), where="")
    slots = slots_of(graph, {"built@1.0.0": salt})
    store = Store(str(project.store))
    built = finished_package(store, slots["built@1.0.0"])
    plain = finished_package(store, slots["plain@1.0.0"])
    assert built and plain
    assert Path(built.folder) == folder
    assert [file.path for file in built.files] == ["index.js", "more.txt", "package.json"]
    assert (built.links, plain.links) == ({"link": "more.txt"}, {})
    assert "/objects/" in plain.folder
    assert [file.path for file in plain.files] == ["index.js", "package.json"]


def test_force_mends_a_private_slot(project: Project, registry: LocalRegistry) -> None:
    folder = built_project(project, registry, "echo built > built.txt")
    before = snapshot(folder.parent.parent)
    assert project.graft("install", "--force", "--json").json["built"] == []
    (folder / "built.txt").chmod(0o644)
    (folder / "built.txt").write_text("tampered\n")
    report = project.graft("install", "--force", "--json").json
    assert report["built"] == ["built@1.0.0"]
    assert (folder / "built.txt").read_text() == "built\n"
    assert snapshot(folder.parent.parent) == before


def test_hazard_24_killed_while_building_nothing_reads_as_built(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("built@1.0.0", scripts={"postinstall": "echo built > built.txt"})
    project.manifest(dependencies={"built": "1"})
    project.graft("install")
    before = project.read("package.json")
    crash(project, "set_modes", "/node_modules/built", "approve-builds", "built")
    assert project.read("package.json") == before
    assert not project.exists("node_modules/built/built.txt")
    assert [p.name for p in project.store.glob("slots/built@*") if (p / "slot.json").exists()]
    project.graft("approve-builds", "built")
    assert project.read("node_modules/built/built.txt") == "built\n"
