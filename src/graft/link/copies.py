"""A package's files as copies that may be written, for the short road, which imports little."""

from __future__ import annotations

import os

from graft.base.files import write_file
from graft.link.state import mark_own


def copy_package(source: str, target: str) -> None:
    """Make ``target`` hold what ``source``, a package in a slot, holds. OSError where the store
    lacks a part of it."""
    for place, _, names in os.walk(os.path.realpath(source)):
        below = os.path.relpath(place, os.path.realpath(source))
        folder = os.path.normpath(os.path.join(target, below))
        os.mkdir(folder)
        for name in names:
            _copy(os.path.join(place, name), os.path.join(folder, name))
    mark_own(target)


def _copy(source: str, target: str) -> None:
    with open(source, "rb") as file:
        mode = 0o755 if os.fstat(file.fileno()).st_mode & 0o100 else 0o644
        data = file.read()
    write_file(target, data)
    os.chmod(target, mode)
