"""What is about to be used is looked at first: what lacks a file, or has one in another size, is
made again at once, whatever flags say."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graft.base import inventories
from graft.base.inventories import COMPLETE, INVENTORY, LACKING, UNKNOWN, inventory
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

BOTH = (False, True)


@pytest.fixture(params=["compiled", "pure"])
def how(request: pytest.FixtureRequest) -> Any:
    if request.param == "pure":
        return SimpleNamespace(compare=inventories._compare)
    return pytest.importorskip("graft.base._native", reason="nothing could compile it here")


def test_what_an_inventory_names_is_there_or_it_is_not(how: Any, tmp_path: Path) -> None:
    odd = os.fsdecode(b"odd\xff\nname")
    (tmp_path / "box/sub").mkdir(parents=True)
    (tmp_path / "box/sub/file").write_text("four")
    (tmp_path / "box" / odd).write_text("")
    (tmp_path / "box/link").symlink_to("sub/file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").write_text("x")
    (tmp_path / "other" / INVENTORY).write_bytes(inventory([("file", 1)]))
    good = inventory([("sub/file", 4), (odd, 0)], {"link": "sub/file"}, ["../other"])

    def state() -> int:
        states = [how.compare(str(tmp_path), ["box"], INVENTORY, how_much) for how_much in BOTH]
        assert states[0] == states[1]  # nothing is behind the front
        return int(states[0][0])

    assert state() == UNKNOWN
    for listed, wanted in (
        (good, COMPLETE),
        (good[:-1], LACKING),
        (b"", LACKING),
        (b"f4 sub/file", LACKING),
        (b"x4 sub/file\0", LACKING),
        (b"fsub/file\0", LACKING),
        (b"f sub/file\0", LACKING),
        (b"\0", LACKING),
        (inventory([("sub/file", 5)]), LACKING),
        (inventory([("sub", 4096)]), LACKING),
        (inventory([("link", 8)]), LACKING),
        (inventory([], {"link": "sub/fil"}), LACKING),
        (inventory([], {"sub/file": "four"}), LACKING),
        (inventory([("none", 0)]), LACKING),
        (inventory([("sub/file", 4)], {}, ["../none"]), LACKING),
    ):
        (tmp_path / "box" / INVENTORY).write_bytes(listed)
        assert state() == wanted, listed
    (tmp_path / "box" / INVENTORY).write_bytes(good)
    (tmp_path / "other/file").write_text("xy")
    assert state() == LACKING
    (tmp_path / "other" / INVENTORY).unlink()
    assert state() == COMPLETE  # an older object: nothing is known of it
    (tmp_path / "box" / INVENTORY).rename(tmp_path / "box/elsewhere")
    (tmp_path / "box" / INVENTORY).symlink_to("elsewhere")
    assert state() == LACKING
    assert how.compare(str(tmp_path), ["gone", "other"], INVENTORY, False) == [LACKING, UNKNOWN]
    assert how.compare(str(tmp_path / "nothing"), ["gone"], INVENTORY, False) == [LACKING]


def test_of_many_folders_each_gets_its_own_answer(how: Any, tmp_path: Path) -> None:
    """Several threads look at them, where they are compiled."""
    names = [f"box-{number:03}" for number in range(100)]
    states = [(COMPLETE, LACKING, UNKNOWN)[number % 7 % 3] for number in range(100)]
    for name, state in zip(names, states, strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("cut" if state == LACKING else "four")
        if state != UNKNOWN:
            (tmp_path / name / INVENTORY).write_bytes(inventory([("file", 4)]))
    for front in BOTH:
        assert how.compare(str(tmp_path), names, INVENTORY, front) == states


def test_the_front_is_looked_at_alone_or_with_the_rest(how: Any, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box/file").write_text("four")
    listed = inventory([("file", 4)], behind=[("sub/gone", 4)])
    (tmp_path / "box" / INVENTORY).write_bytes(listed)
    assert how.compare(str(tmp_path), ["box"], INVENTORY, True) == [COMPLETE]
    assert how.compare(str(tmp_path), ["box"], INVENTORY, False) == [LACKING]


def test_of_a_long_front_not_all_is_looked_at(how: Any, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    files = [(f"p/{number:04}.js", 4) for number in range(200)]

    def state(lacks: str) -> int:
        listed = [*files, ("p/package.json", 4)]
        names = [name for name, _ in listed if name != lacks]
        shutil.rmtree(tmp_path / "box")
        (tmp_path / "box/p").mkdir(parents=True)
        for name in names:
            (tmp_path / "box" / name).write_text("four")
        (tmp_path / "box" / INVENTORY).write_bytes(inventory(listed))
        whole, front = (how.compare(str(tmp_path), ["box"], INVENTORY, much)[0] for much in BOTH)
        assert whole == (LACKING if lacks else COMPLETE)
        return int(front)

    assert state("") == COMPLETE
    assert state("p/0000.js") == LACKING
    assert state("p/0199.js") == COMPLETE
    assert state("p/package.json") == LACKING


RUNS = "console.log(require('a').requires('b').requires('c').version)"


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b -> c``, installed; the registry has forgotten what it was asked."""
    registry.publish("c@1.0.0", files={"lib/deep.js": "deep"})
    registry.publish("b@1.0.0", dependencies={"c": "1"}, bin={"b": "cli.js"})
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    registry.clear_log()
    return project


def second(first: Project, name: str = "second") -> Project:
    folder = first.sibling(name)
    for file in ("package.json", "graft-lock.json"):
        folder.write(file, first.read(file))
    return folder


def package(project: Project, name: str) -> Path:
    """Where a package's own files lie: in its slot, or, with nothing beside it, in its object."""
    (slot,) = project.store.glob(f"slots/{name}@*")
    return (slot / "node_modules" / name).resolve()


def damage(path: Path, how: str) -> None:
    path.parent.chmod(0o755)
    if how == "short":  # another file, as an editor leaves it: no hard link is touched
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data[:-1])
    elif path.is_dir() and not path.is_symlink():
        for folder in [path, *(each for each in path.rglob("*") if each.is_dir())]:
            folder.chmod(0o755)
        shutil.rmtree(path)
    else:
        path.unlink()


PLACES = {
    "a file of a slot": ("b", "index.js", "missing", 0),
    "a file of a slot, cut short": ("b", "index.js", "short", 0),
    "a link of a slot": ("b", "../c", "missing", 0),
    "a command of a slot": ("a", "../.bin/b", "missing", 0),
    "an inventory": ("b", "../../inventory", "short", 0),
    "a file of an object": ("c", "lib/deep.js", "missing", 1),
    "a folder of an object": ("c", "lib", "missing", 1),
    "a file of an object, cut short": ("c", "index.js", "short", 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_pnpm_11385_an_incomplete_slot_is_made_again_without_force(
    installed: Project, registry: LocalRegistry, place: str
) -> None:
    good = {folder: snapshot(installed.store / folder) for folder in ("objects", "slots")}
    name, path, how, fetched = PLACES[place]
    damage(package(installed, name) / path, how)
    # An hour later, so that also what lies below the direct dependencies is looked at.
    (seen,) = installed.store.glob("graphs/*.seen")
    os.utime(seen, (time.time() - 3700,) * 2)
    folder = second(installed)
    folder.graft("install")
    assert folder.node(RUNS) == "1.0.0"
    assert len(registry.tarball_requests) == fetched
    assert {folder: snapshot(installed.store / folder) for folder in good} == good
    assert not list(installed.store.glob("trash/*"))


def test_direct_dependencies_are_looked_at_on_every_road(
    installed: Project, registry: LocalRegistry
) -> None:
    damage(package(installed, "a") / "index.js", "missing")
    folder = second(installed)
    folder.graft("install")
    assert folder.node(RUNS) == "1.0.0"
    assert registry.requests == []


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_copies_are_made_of_whole_objects(installed: Project, layout: str) -> None:
    for name in ("b", "c"):
        (record,) = installed.store.glob(f"objects/*/node_modules/{name}/index.js")
        damage(record, "short")
    folder = second(installed)
    folder.graft("install", "--layout", layout)
    assert folder.node(RUNS) == "1.0.0"


def test_a_private_slot_that_lacks_a_file_is_built_again(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("built@1.0.0", scripts={"postinstall": "echo more > more.txt"})
    project.manifest(dependencies={"built": "1"})
    project.graft("install")
    project.graft("approve-builds", "built")
    damage(project.path("node_modules/built/more.txt").resolve(), "missing")
    project.remove("node_modules")
    assert project.graft("install", "--json").json["built"] == ["built@1.0.0"]
    assert project.read("node_modules/built/more.txt") == "more\n"


def test_a_store_of_before_there_were_inventories_is_used(
    installed: Project, registry: LocalRegistry
) -> None:
    for listed in installed.store.glob(f"*/*/{INVENTORY}"):
        damage(listed, "missing")
    folder = second(installed)
    report = folder.graft("install", "--json").json
    assert (report["slots"], registry.tarball_requests) == (0, [])
    assert folder.node(RUNS) == "1.0.0"
