"""Gzipped tar archives: the ones that packages come in, and ones that nobody should unpack."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

EntryType = Literal["file", "dir", "symlink", "hardlink", "char", "fifo"]
TarFormat = Literal["pax", "gnu", "ustar"]

# A file's text or bytes, alone or with its mode: ``("#!/bin/sh\n", 0o755)``.
Content = str | bytes | tuple[str | bytes, int]

_TYPES: dict[EntryType, bytes] = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "fifo": tarfile.FIFOTYPE,
}
_FORMATS: dict[TarFormat, int] = {
    "pax": tarfile.PAX_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "ustar": tarfile.USTAR_FORMAT,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive, written as it is said here and checked by nothing.

    ``target`` is what a symlink or a hard link points at. Names over 100 bytes become a PAX header
    or a GNU long-name record, by the archive's format.
    """

    name: str
    data: bytes = b""
    mode: int = 0o644
    type: EntryType = "file"
    target: str = ""


def pack(entries: Iterable[Entry], *, format: TarFormat = "pax") -> bytes:
    """A .tgz that is the same for the same entries, whenever and by whomever it is packed."""
    bytes_out = io.BytesIO()
    with tarfile.open(fileobj=bytes_out, mode="w", format=_FORMATS[format]) as tar:
        for entry in entries:
            tar.addfile(_header(entry), io.BytesIO(entry.data))
    return gzip.compress(bytes_out.getvalue(), compresslevel=6, mtime=0)


def pack_files(files: Mapping[str, Content], *, root: str = "package") -> bytes:
    """An archive as ``npm pack`` makes it: sorted files below ``package/``, and no directories."""
    return pack(_file(f"{root}/{name}", content) for name, content in sorted(files.items()))


def _file(name: str, content: Content) -> Entry:
    data, mode = content if isinstance(content, tuple) else (content, 0o644)
    return Entry(name, data.encode() if isinstance(data, str) else data, mode)


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.name)
    header.type = _TYPES[entry.type]
    header.mode = entry.mode
    header.linkname = entry.target
    header.size = len(entry.data) if entry.type == "file" else 0
    header.mtime = 499162500  # what npm writes: 1985-10-26T08:15:00Z
    return header
