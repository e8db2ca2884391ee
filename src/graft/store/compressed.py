"""Archives that are compressed otherwise than npm's: tar.xz and tar.zst as a stream, zip by entry.

Indices have them. What is in them is held to the same rules as what npm's archives hold.
"""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from graft.store.archive import MAX_FILE_BYTES, MAX_MANIFEST_BYTES, MAX_TOTAL_BYTES, ArchiveFile
from graft.store.archive_names import MAX_ENTRIES, ArchiveRefused, Names, shown

XZ_MAGIC = b"\xfd7zXZ\x00"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZIP_MAGIC = b"PK\x03\x04"

_PIECE = 64 * 1024
# What xz -9 needs is 65 MiB; more is for archives that somebody made to take memory.
_MAX_XZ_MEMORY = 256 * 1024**2
_ENCRYPTED = 0x1


class TarStream:
    """The tar within, inflated as it is read."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._kind = "xz" if data.startswith(XZ_MAGIC) else "zstd"
        self._inflater = self._new()

    def read(self, size: int, /) -> bytes:
        inflated = bytearray()
        while len(inflated) < size:
            if self._inflater.eof and not self._next():
                break
            data = self._file.read(_PIECE) if self._inflater.needs_input else b""
            try:
                piece = self._inflater.decompress(data, size - len(inflated))
            except (lzma.LZMAError, ValueError, OSError, self._error) as error:
                raise ArchiveRefused(
                    f"the archive is not readable as {self._kind}: {error}"
                ) from None
            inflated += piece
            if not (data or piece or self._inflater.eof):
                raise ArchiveRefused("the archive ends in the middle of its compressed data")
        return bytes(inflated)

    def _new(self) -> Any:
        if self._kind == "xz":
            self._error: type[Exception] = lzma.LZMAError
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)
        zstd = _zstd()
        self._error = zstd.ZstdError
        return zstd.ZstdDecompressor()

    def _next(self) -> bool:
        """What follows is another member, or is no part of the archive."""
        rest = self._inflater.unused_data
        rest += self._file.read(_PIECE - len(rest)) if len(rest) < _PIECE else b""
        rest = rest.lstrip(b"\0") if self._kind == "xz" else rest
        if not rest.startswith(XZ_MAGIC if self._kind == "xz" else ZSTD_MAGIC):
            return False
        self._file = io.BytesIO(rest + self._file.read())
        self._inflater = self._new()
        return True


def _zstd() -> Any:
    """The standard library's, where it has one."""
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


def read_zip(data: bytes) -> Iterator[ArchiveFile]:
    """The files of a zip. Its first path component is dropped if all entries have the same one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from _entries(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
        raise ArchiveRefused(f"the archive is not readable as zip: {error}") from None


def _entries(archive: zipfile.ZipFile) -> Iterator[ArchiveFile]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ArchiveRefused(f"the archive has more than {MAX_ENTRIES:,} entries")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise ArchiveRefused("the archive is larger than is allowed")
    folders = {entry.filename.partition("/")[0] for entry in entries}
    is_wrapped = len(folders) == 1 and all("/" in entry.filename for entry in entries)
    names = Names()
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name != entry.orig_filename.replace("\\", "/") or "\\" in entry.orig_filename:
            raise ArchiveRefused(f"'{shown(entry.orig_filename)}' is no path on every machine")
        if entry.flag_bits & _ENCRYPTED:
            raise ArchiveRefused(f"'{shown(name)}' is encrypted")
        mode = entry.external_attr >> 16
        kind = stat.S_IFMT(mode)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            what = "a symbolic link" if kind == stat.S_IFLNK else "neither a file nor a folder"
            raise ArchiveRefused(f"'{shown(name)}' is {what}")
        stored = name if is_wrapped or name.startswith("/") else f"./{name}"
        if entry.is_dir():
            names.folder(stored)
            continue
        path = names.file(stored)
        if path in seen:
            raise ArchiveRefused(f"'{shown(path)}' is there twice")
        seen.add(path)
        if entry.file_size > (MAX_MANIFEST_BYTES if path == "package.json" else MAX_FILE_BYTES):
            raise ArchiveRefused(f"'{shown(name)}' is larger than is allowed")
        yield ArchiveFile(path, bool(mode & 0o111), archive.read(entry))
