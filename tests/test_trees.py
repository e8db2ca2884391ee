"""Folders built in bulk: compiled or not, the same comes out and the same is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graft.base import trees
from harness.machine import Machine
from harness.registry import LocalRegistry
from harness.tree import snapshot

PURE = SimpleNamespace(build=trees._build, link_files=trees._link_files, set_modes=trees._set_modes)


@pytest.fixture(params=["compiled", "pure"])
def how(request: pytest.FixtureRequest) -> Any:
    if request.param == "pure":
        return PURE
    return pytest.importorskip("graft.base._native", reason="nothing could compile it here")


def seen(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below ``root``: kind and mode, and the bytes or the target."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        mode = oct(path.lstat().st_mode)
        what: object = None
        if path.is_symlink():
            what = os.readlink(path)
        elif path.is_file():
            what = path.read_bytes()
        found[str(path.relative_to(root))] = (mode, what)
    return found


def test_a_tree_is_built(how: Any, tmp_path: Path) -> None:
    big = os.urandom(3_000_000)
    odd = os.fsdecode(b"name-\xff")
    files = [
        ("a/empty", 0o444, b""),
        ("a/b/run", 0o555, memoryview(b"..#!/bin/sh..")[2:-2]),
        ("big", 0o444, bytearray(big)),
        (odd, 0o644, b"odd"),
    ]
    links = [("a/link", "../big"), ("nowhere", odd)]
    before = os.umask(0o022)
    try:
        how.build(str(tmp_path), ["a", "a/b"], files, links)
    finally:
        os.umask(before)
    assert seen(tmp_path) == {
        "a": ("0o40755", None),
        "a/b": ("0o40755", None),
        "a/empty": ("0o100444", b""),
        "a/b/run": ("0o100555", b"#!/bin/sh"),
        "big": ("0o100444", big),
        odd: ("0o100644", b"odd"),
        "a/link": ("0o120777", "../big"),
        "nowhere": ("0o120777", odd),
    }


def test_nothing_is_written_over_or_through(how: Any, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("there")
    for folders, files, links in (
        (["there"], [], []),
        ([], [("there", 0o644, b"new")], []),
        ([], [("link", 0o644, b"new")], []),
        ([], [], [("there", "x")]),
    ):
        with pytest.raises(FileExistsError, match=r"there|link"):
            how.build(str(tmp_path), folders, files, links)
    assert (tmp_path / "there").read_text() == "old"


def test_a_folder_that_is_not_there_is_named(how: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        how.build(str(tmp_path / "gone"), ["a"], [], [])
    with pytest.raises(FileNotFoundError, match="gone"):
        how.build(str(tmp_path), [], [("gone/file", 0o644, b"")], [])
    with pytest.raises(FileNotFoundError, match="gone"):
        how.set_modes(str(tmp_path), ["gone"], 0o555)


def test_links_say_how_far_they_came_and_why_no_further(how: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        (folder / "sub").mkdir(parents=True)
    for name in ("one", "sub/two", "three"):
        (source / name).write_text(name)
    paths = ["one", "sub/two", "three"]
    assert how.link_files(str(source), str(target), paths) == (3, 0)
    assert all((source / path).samefile(target / path) for path in paths)
    assert how.link_files(str(source), str(target), []) == (0, 0)
    (target / "one").unlink()
    assert how.link_files(str(source), str(target), paths) == (1, errno.EEXIST)
    (target / "one").unlink()
    assert how.link_files(str(source), str(target), ["one", "no"]) == (1, errno.ENOENT)


def test_modes_are_set(how: Any, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    how.set_modes(str(tmp_path), ["a", "."], 0o555)
    assert {oct(path.stat().st_mode) for path in (tmp_path, tmp_path / "a")} == {"0o40555"}
    how.set_modes(str(tmp_path), ["a", "."], 0o755)


@pytest.mark.parametrize(
    "arguments",
    [
        ("/", ["a\0b"], [], []),
        ("/", [3], [], []),
        ("/", 3, [], []),
        ("/", [], [("a", 0o644)], []),
        ("/", [], [("a", 0o644, "text")], []),
        ("/", [], [], [("a", None)]),
    ],
)
def test_the_compiled_one_refuses_what_makes_no_sense(arguments: Any) -> None:
    """Before it does anything: it would otherwise read memory that is not its own."""
    compiled = pytest.importorskip("graft.base._native")
    with pytest.raises((TypeError, ValueError)):
        compiled.build(*arguments)


def test_an_install_makes_the_same_store_without_it(
    registry: LocalRegistry, tmp_path: Path
) -> None:
    registry.publish("dep@1.0.0")
    registry.publish(
        "@acme/tool@1.0.0",
        files={"bin/tool.js": "#!/usr/bin/env node\n", "deep/er/file.txt": "x"},
        bin="bin/tool.js",
        dependencies={"dep": "^1.0.0"},
    )
    stores = []
    for pure in ("", "1"):
        machine = Machine(tmp_path / f"machine{pure}", registry)
        machine.env["GRAFT_PURE"] = pure
        project = machine.project(dependencies={"@acme/tool": "1.0.0"})
        project.graft("install")
        whole = snapshot(machine.store)
        stores.append({p: w for p, w in whole.items() if p.startswith(("objects", "slots"))})
    assert stores[0] == stores[1] and len(stores[0]) > 10
