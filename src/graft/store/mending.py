"""Single files of an object or a private slot, put right: written beside, digested, and renamed
into place, so that whoever reads meanwhile has the old or the new one. For who has the store
alone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable

from graft.base.files import remove_file, remove_tree, temporary_sibling, write_file
from graft.store.check import EXTRA, MODE, Fault
from graft.store.objects import FOLDER_MODE, ObjectFile

Find = Callable[[ObjectFile], bytes | None]
"""The bytes of a file from somewhere else; None where they are not to be had."""


def mend_folder(folder: str, found: Iterable[Fault], find: Find) -> list[Fault]:
    """Put right what is wrong with a folder of the store; what could not be."""
    opened: set[str] = set()
    try:
        # Folders come last, once nothing has to be put into them.
        ordered = sorted(found, key=lambda fault: _is_folder(folder, fault))
        return [fault for fault in ordered if not _mend(folder, fault, find, opened)]
    finally:
        for place in sorted(opened, reverse=True):
            os.chmod(place, FOLDER_MODE)


def _is_folder(folder: str, fault: Fault) -> bool:
    return fault.kind == MODE and os.path.isdir(f"{folder}/{fault.path}")


def _mend(folder: str, fault: Fault, find: Find, opened: set[str]) -> bool:
    path = os.path.normpath(f"{folder}/{fault.path}")
    if fault.kind == MODE:
        wanted = FOLDER_MODE if _is_folder(folder, fault) else 0o444
        os.chmod(path, fault.file.mode if fault.file else wanted)
        return True
    if fault.kind == EXTRA:
        _open(folder, os.path.dirname(path), opened)
        remove_tree(path)
        return True
    data = fault.data if fault.file is None else find(fault.file)
    if fault.file is not None and (data is None or _digest(data) != fault.file.digest):
        return False
    _open(folder, os.path.dirname(path), opened)
    if os.path.isdir(path) and not os.path.islink(path):
        remove_tree(path)
    staged = temporary_sibling(path)
    try:
        if fault.target:
            os.symlink(fault.target, staged)
        else:
            mode = fault.file.mode if fault.file else 0o444
            write_file(staged, data or b"", mode=mode)
            os.chmod(staged, mode)
        os.replace(staged, path)
    finally:
        remove_file(staged)
    return True


def _open(folder: str, place: str, opened: set[str]) -> None:
    """Let entries of a folder be changed, and make it if it is not there; also what holds it, as
    far as ``folder``."""
    if place in opened:
        return
    try:
        is_folder = stat.S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        is_folder = False
    if not is_folder:
        _open(folder, os.path.dirname(place), opened)
        remove_file(place)
        os.mkdir(place)
    os.chmod(place, 0o755)
    opened.add(place)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
