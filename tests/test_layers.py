"""A ``node_modules`` of a lower layer, in a container: what others keep there cannot be renamed.

In process, where the system's refusal is played and the power is cut before each effect; on real
layers in test_containers.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from graft.link.importers import ROOT
from graft.link.state import FOLDER, OWN_TIME, State, state_bytes
from harness.effects import Effect
from harness.folder import NEW, OLD, Folder, installed, power

KEPT = {
    ".cache/data": "file cached",
    ".cache/deep/er/one": "file 1",
    ".cache/deep/two": "file 2",
    ".cache/link": "link deep",
    "mine/package.json": "file {}",
    "@s/own/index.js": "file own",
}


def contents(modules: Path) -> dict[str, str]:
    return {
        str(path.relative_to(modules)): f"link {path.readlink()}"
        if path.is_symlink()
        else f"file {path.read_text()}"
        for path in sorted(modules.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@contextmanager
def lower(folder: Folder) -> Iterator[None]:
    """What is there is the lower layer: no folder of it can be renamed."""
    # While they are open, no other folder gets their inodes.
    below = [os.open(path, os.O_RDONLY) for path, _, _ in os.walk(folder.modules)]
    inodes = {os.fstat(descriptor).st_ino for descriptor in below}
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if os.lstat(source).st_ino in inodes:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
        rename(source, target)

    with patch.object(os, "rename", refusing):
        yield
    for descriptor in below:
        os.close(descriptor)


def cut_at(effects: int) -> Callable[[Effect], bool]:
    left = iter([False] * effects)
    return lambda _: next(left, True)


def whole_tree(folder: Folder) -> None:
    """``a`` is a folder of others, in the way."""
    (folder.modules / "a").unlink()
    (folder.modules / "a").mkdir()
    (folder.modules / "a/theirs").write_text("theirs")


def stage_tree(folder: Folder) -> None:
    staging = folder.staging()
    state = state_bytes(State(layout="virtual", inputs="", entries=NEW))
    staging.add_tree(ROOT, NEW, state, ("a",))
    staging.commit()


def made(at: Path) -> None:
    (at / "lib").mkdir(parents=True)
    (at / "lib/x.js").write_text("x")
    (at / "package.json").write_text("{}")
    os.utime(at / "package.json", (OWN_TIME, OWN_TIME))


ENTRIES = {"a": f"{FOLDER}2", "b": f"{FOLDER}2"}


def some_entries(folder: Folder) -> None:
    """``a`` is a folder of others, in the way; ``b`` and ``c`` are graft's."""
    whole_tree(folder)
    for name in ("b", "c"):
        made(folder.modules / name)
    record = {**OLD, "b": f"{FOLDER}1", "c": f"{FOLDER}1"}
    state = State(layout="hoisted", inputs="", entries=record)
    (folder.modules / ".graft/state").write_bytes(state_bytes(state))


def stage_entries(folder: Folder) -> None:
    staging = folder.staging()
    state = state_bytes(State(layout="hoisted", inputs="", entries=ENTRIES))
    goal = staging.add_entries(ROOT, ENTRIES, ["c", ".bin/a", "@s/p"], state)
    for name in ENTRIES:
        made(Path(goal, name))
    staging.commit()


@pytest.mark.parametrize(
    ("prepare", "change", "entries"),
    [(whole_tree, stage_tree, NEW), (some_entries, stage_entries, ENTRIES)],
)
def test_what_others_keep_moves_piece_by_piece_and_survives_power_cuts(
    tmp_path: Path,
    prepare: Callable[[Folder], None],
    change: Callable[[Folder], None],
    entries: dict[str, str],
) -> None:
    decided = []
    for effects in range(1000):
        folder = installed(tmp_path / str(effects))
        for path, what in KEPT.items():
            place = folder.modules / path
            place.parent.mkdir(parents=True, exist_ok=True)
            kind, _, text = what.partition(" ")
            place.unlink(missing_ok=True)
            place.write_text(text) if kind == "file" else place.symlink_to(text)
        (folder.modules / ".cache/deep").chmod(0o750)
        os.utime(folder.modules / ".cache/deep", (7, 7))
        prepare(folder)
        finished = False
        with lower(folder):
            with power(folder, cut_at(effects), two_steps=True):
                change(folder)
                finished = True
            with power(folder, cut_at(1000), two_steps=True):
                decided.append(folder.recover())
        tree = contents(folder.modules)
        changed = "a/theirs" not in tree
        assert changed >= decided[-1], effects
        aside = [".ignored/a/theirs"] if changed else []
        assert {path: tree.get(path) for path in KEPT} == KEPT, effects
        assert [path for path in tree if path.startswith(".ignored/")] == aside, effects
        seen = (folder.modules / ".cache/deep").stat()
        assert seen.st_mode & 0o777 == 0o750, effects
        assert seen.st_mtime == 7 or not finished, effects
        if changed:
            assert all(os.path.lexists(folder.modules / path) for path in entries), effects
            assert not (folder.modules / "c").exists(), effects
        assert folder.is_clean(), effects
        if finished:
            break
    assert changed and decided.count(True) > 20
