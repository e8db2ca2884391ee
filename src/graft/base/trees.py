"""Folders built in bulk: many files, links and modes in one call.

Each function is here twice: ``_native.c`` does it without the interpreter's lock, where that could
be compiled; what follows does the same, file by file. Paths are relative to the folder that comes
first, and nothing that exists is written over or written through.
"""

from __future__ import annotations

import os

from graft.base.files import write_file
from graft.base.native import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Contents = tuple[str, int, bytes | memoryview]
    """A file's path, mode and bytes."""


class Folders:
    """The folders that files lie in: each once, behind the one that holds it."""

    __slots__ = ("_known", "paths")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._known = {""}

    def add_parents(self, path: str) -> None:
        """Note the folders of ``path``, a file's or a link's."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            self._known.add(folder)
            self.add_parents(folder)
            self.paths.append(folder)


def _build(
    root: str, folders: Sequence[str], files: Sequence[Contents], links: Sequence[tuple[str, str]]
) -> None:
    """Make folders in their order, then files, then symbolic links (path, target)."""
    for folder in folders:
        os.mkdir(f"{root}/{folder}")
    for path, mode, data in files:
        write_file(f"{root}/{path}", data, mode=mode)
    for path, target in links:
        os.symlink(target, f"{root}/{path}")


def _link_files(source: str, target: str, paths: Sequence[str]) -> tuple[int, int]:
    """Hard-link ``source/path`` as ``target/path``. How many came about before the first that was
    refused, and the error number of that; zero if none was."""
    for done, path in enumerate(paths):
        try:
            os.link(f"{source}/{path}", f"{target}/{path}")
        except OSError as error:
            return done, error.errno or 0
    return len(paths), 0


def _set_modes(root: str, paths: Sequence[str], mode: int) -> None:
    for path in paths:
        os.chmod(f"{root}/{path}", mode)


build, link_files, set_modes = _build, _link_files, _set_modes
if native is not None:
    build, link_files, set_modes = native.build, native.link_files, native.set_modes
