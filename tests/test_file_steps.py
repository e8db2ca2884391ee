"""The steps on files that everything else is made of, where the system has them and where not."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graft.base import native, trees
from graft.base.clones import Cloner
from graft.base.files import remove_tree, write_atomic
from graft.base.renames import exchange
from graft.store.objects import ObjectFile


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with the file ``one``, beside two that are empty."""
    folder = tmp_path / "source"
    for path in (folder, tmp_path / "target", tmp_path / "next"):
        path.mkdir()
    (folder / "one").write_text("bytes")
    (folder / "one").chmod(0o444)
    return folder


def clone(cloner: Cloner, source: Path, name: str, *, executable: bool = False) -> Path:
    target = source.with_name(name)
    cloner.clone(str(source), str(target), [ObjectFile("one", executable, 5, "")])
    return target / "one"


def refuse(number: int) -> Any:
    def refusing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refusing


def without_reflinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "ioctl", refuse(errno.EOPNOTSUPP))


def test_a_clone_is_a_reflink_where_there_are_such(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reflink(target: int, _: int, origin: int) -> None:
        os.write(target, os.pread(origin, 100, 0))

    monkeypatch.setattr(fcntl, "ioctl", reflink)
    made = clone(Cloner(), source, "target")
    assert made.read_text() == "bytes" and not made.samefile(source / "one")
    assert made.stat().st_mode & 0o777 == 0o444


def test_else_a_hard_link(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_reflinks(monkeypatch)
    cloner = Cloner()
    for name in ("target", "next"):
        clone(cloner, source, name)
    assert (source / "one").stat().st_nlink == 3


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_else_a_copy(source: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    without_reflinks(monkeypatch)
    monkeypatch.setattr(trees, "link_files", lambda *_: (0, number))
    cloner = Cloner()
    made = clone(cloner, source, "target", executable=True)
    assert made.read_text() == "bytes" and not made.samefile(source / "one")
    assert made.stat().st_mode & 0o777 == 0o555
    monkeypatch.undo()
    without_reflinks(monkeypatch)
    # Too many links to one file says nothing of the next file; the others are not tried again.
    clone(cloner, source, "next")
    assert (source / "one").stat().st_nlink == (2 if number == errno.EMLINK else 1)


def test_what_no_other_way_can_help_is_raised(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_reflinks(monkeypatch)
    monkeypatch.setattr(trees, "link_files", lambda *_: (0, errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        clone(Cloner(), source, "target")


def folders(root: Path) -> tuple[str, str]:
    for name in ("one", "two"):
        (root / name).mkdir()
        (root / name / f"in-{name}").touch()
    return str(root / "one"), str(root / "two")


@pytest.mark.parametrize("compiled", [True, False])
def test_two_folders_change_places(
    tmp_path: Path, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(native, "native", None)
    one, two = folders(tmp_path)
    if not exchange(one, two):
        pytest.skip("this system has no exchange in one step")
    assert os.listdir(one) == ["in-two"] and os.listdir(two) == ["in-one"]
    with pytest.raises(FileNotFoundError):
        exchange(one, str(tmp_path / "nothing"))


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_without_exchange_says_so(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Libc:
        def __init__(self, *_: object, **__: object) -> None: ...

        def renameat2(self, *_: object) -> int:
            ctypes.set_errno(number)
            return -1

    one, two = folders(tmp_path)
    monkeypatch.setattr(native, "native", SimpleNamespace(exchange=lambda *_: number))
    assert exchange(one, two) is False
    monkeypatch.setattr(native, "native", None)
    monkeypatch.setattr(ctypes, "CDLL", Libc)
    assert exchange(one, two) is False


def test_a_tree_is_removed_and_nothing_behind_its_links(tmp_path: Path) -> None:
    one, two = folders(tmp_path)
    Path(one, "link").symlink_to(two)
    Path(one, "deep/er").mkdir(parents=True)
    Path(one, "deep/er/file").touch()
    for path in (Path(one, "deep/er"), Path(one, "deep"), Path(one)):
        path.chmod(0o555)
    remove_tree(one)
    assert not os.path.lexists(one) and os.listdir(two) == ["in-two"]
    (tmp_path / "link").symlink_to(two)
    remove_tree(str(tmp_path / "link"))
    remove_tree(str(tmp_path / "nothing"))
    assert os.listdir(tmp_path) == ["two"] and os.listdir(two) == ["in-two"]


def test_a_replaced_file_keeps_its_mode_and_a_failure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(str(path), b"1")
    path.chmod(0o666)
    write_atomic(str(path), b"2", durable=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"2", 0o666)
    monkeypatch.setattr(os, "replace", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        write_atomic(str(path), b"3")
    assert os.listdir(tmp_path) == ["file"] and path.read_bytes() == b"2"
