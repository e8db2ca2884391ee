"""Archives in a folder: one file each, named by its integrity."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from graft.base.files import read_file, remove_file, write_atomic
from graft.fleet.blobs.failures import store_failed
from graft.model.integrity import Integrity, integrity_of_file

_JUNK = ".tmp-"
_JUNK_SECONDS = 24 * 60 * 60


class FolderBlobs:
    """Files appear by a rename, flushed, so that a server which dies leaves whole ones or none. May
    be a mounted share that several servers use. It is one fleet's alone: collecting removes what
    the fleet's index does not know."""

    def __init__(self, id: str, folder: str) -> None:
        self.id = id
        self._folder = os.path.abspath(folder)

    def put(self, integrity: Integrity, data: bytes) -> None:
        with self._explained("written to"):
            os.makedirs(self._folder, exist_ok=True)
            # Also over one that is there: it may be damaged.
            write_atomic(self._path(integrity), data, durable=True)
            _flush_names(self._folder)

    def get(self, integrity: Integrity) -> bytes | None:
        with self._explained("read"):
            return read_file(self._path(integrity))

    def part(self, integrity: Integrity, start: int, end: int) -> bytes | None:
        with self._explained("read"):
            try:
                with open(self._path(integrity), "rb") as file:
                    file.seek(start)
                    return file.read(max(0, end - start))
            except FileNotFoundError:
                return None

    def size(self, integrity: Integrity) -> int | None:
        with self._explained("read"):
            try:
                return os.stat(self._path(integrity)).st_size
            except FileNotFoundError:
                return None

    def delete(self, integrity: Integrity) -> None:
        with self._explained("changed"):
            remove_file(self._path(integrity))

    def list(self) -> Iterator[tuple[Integrity, int, int]]:
        """What a put that was killed has left goes on the way, a day later."""
        with self._explained("listed"):
            try:
                names = sorted(os.listdir(self._folder))
            except FileNotFoundError:
                return
            for name in names:
                integrity = integrity_of_file(name)
                try:
                    seen = os.lstat(os.path.join(self._folder, name))
                except FileNotFoundError:
                    continue
                if integrity:
                    yield integrity, seen.st_size, seen.st_mtime_ns // 1_000_000
                elif name.startswith(_JUNK) and time.time() - seen.st_mtime > _JUNK_SECONDS:
                    remove_file(os.path.join(self._folder, name))

    def address(self, integrity: Integrity, seconds: int) -> str:  # noqa: ARG002
        return ""

    def _path(self, integrity: Integrity) -> str:
        return os.path.join(self._folder, integrity.file_name)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = f"{error.filename or self._folder}: {error.strerror or error}"
            raise store_failed(self._folder, what, why) from error


def _flush_names(folder: str) -> None:
    """After a rename: without this it may be taken back when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
