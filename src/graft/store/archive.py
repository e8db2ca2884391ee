"""Reading package archives: gzip'd or plain tar, from anyone, so believed in nothing.

The standard library's reader costs five to eight times as much and allows what must be refused
here, so this one reads the four tar dialects that npm packages come in (v7, ustar, PAX, GNU long
names) and refuses everything else by name: links, devices, sparse files, traversal, collisions.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import deflate

from graft.store.archive_names import MAX_ENTRIES, ArchiveRefused, Names, shown

MAX_FILE_BYTES = 500 * 1024**2
MAX_TOTAL_BYTES = 5 * 1024**3
# Names and PAX records: real ones have a few hundred bytes, and at most ten records an entry.
MAX_EXTENDED_BYTES = 1024**2
MAX_RECORDS = 10 * MAX_ENTRIES
# Of a package.json: it is read whole, and takes a hundred times its size in memory.
MAX_MANIFEST_BYTES = 8 * 1024**2
# Two gzip members for each entry is more than any tool makes; each costs a copy of what follows.
MAX_MEMBERS = 2 * MAX_ENTRIES
# Up to this size an archive is inflated in one call; above it, piece by piece in bounded memory.
_ONE_CALL_BYTES = 256 * 1024**2
_PIECE = 64 * 1024

_BLOCK = 512
_GZIP_MAGIC = b"\x1f\x8b"
_USTAR = b"ustar\x0000"
_ADLER_PRIME = 65521
# npm passes over such a header, and takes the bytes that it is about for headers.
_NAMELESS = "the archive holds an entry without a name"
_FILE_TYPES = frozenset(b"0\x007")
_EXTENDED_TYPES = frozenset(b"xgLK")  # said of the next entry, or (g) of all; no entries themselves
# What a PAX record can change of an entry. npm takes any of it from a record that hides within
# another one's value.
_PAX_FIELDS = ("path", "size", "linkpath", "GNU.sparse")
_HIDDEN_RECORD = re.compile(rb"\n[0-9]+ (?:path|size|linkpath|GNU\.sparse[^=\n]*)=")
_REFUSED_TYPES = {
    ord("1"): "a hard link",
    ord("2"): "a symbolic link",
    ord("3"): "a character device",
    ord("4"): "a block device",
    ord("6"): "a fifo",
    ord("S"): "a sparse file",
}


class ArchiveFile(NamedTuple):
    """A regular file: path below the package's folder, ``/``-separated; whether it may be run."""

    path: str
    executable: bool
    data: bytes | memoryview


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes | memoryview: ...


def read_archive(data: bytes) -> Iterator[ArchiveFile]:
    """The archive's files in its order, with the first path component dropped, as npm does.

    A path can come twice, as npm itself packs what a manifest lists as ``./x`` and as ``x``; who
    writes the files refuses the second unless it has the same bytes. Raises ``ArchiveRefused``,
    possibly after files have been yielded: they must then be thrown away.
    """
    if not data.startswith(_GZIP_MAGIC):
        return _read_other(data)
    inflated = _inflate_at_once(data)
    if inflated is None:
        return _files(_GzipStream(data))
    return _files(_Buffer(inflated))


def _read_other(data: bytes) -> Iterator[ArchiveFile]:
    if not data.startswith((b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")):
        return _files(io.BytesIO(data))
    from graft.store.compressed import ZIP_MAGIC, TarStream, read_zip  # few archives need it

    return read_zip(data) if data.startswith(ZIP_MAGIC) else _files(TarStream(data))


def _inflate_at_once(data: bytes) -> bytearray | None:
    """None where the trailer's size is large, or is not the size of everything (two gzip members,
    bytes behind the end): then only reading it as a stream tells."""
    size = int.from_bytes(data[-4:], "little")
    if not 0 < size <= _ONE_CALL_BYTES:
        return None
    try:
        inflated: bytearray = deflate.gzip_decompress(data, size)
    except (deflate.DeflateError, ValueError):
        return None
    # A first member of the size that the last one names would end here as well.
    complete = len(inflated) == size and not any(inflated[-2 * _BLOCK :])
    return inflated if complete else None


class _Buffer:
    """Slices of one inflated buffer, without copying."""

    def __init__(self, data: bytearray) -> None:
        self._view = memoryview(data)
        self._at = 0

    def read(self, size: int, /) -> memoryview:
        start = self._at
        self._at = start + size
        return self._view[start : self._at]


class _GzipStream:
    """Members one after the other. What follows the last one is no part of the archive: npm's users
    have packages with such a tail, and the integrity speaks for every byte of it."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._input = b""
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._members = 1

    def read(self, size: int, /) -> memoryview:
        inflated = bytearray()
        try:
            while len(inflated) < size and (not self._inflater.eof or self._next_member()):
                data = self._input or self._file.read(_PIECE)
                piece = self._inflater.decompress(data, size - len(inflated))
                self._input = self._inflater.unconsumed_tail
                inflated += piece
                if not (data or piece or self._inflater.eof):
                    raise ArchiveRefused("the archive ends in the middle of its compressed data")
        except zlib.error as error:
            raise ArchiveRefused(f"the archive is not readable as gzip: {error}") from None
        return memoryview(inflated)

    def _next_member(self) -> bool:
        self._input = self._inflater.unused_data
        if len(self._input) < len(_GZIP_MAGIC):
            self._input += self._file.read(_PIECE)
        if not self._input.startswith(_GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise ArchiveRefused(f"the archive is made of more than {MAX_MEMBERS:,} gzip members")
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True


def _files(reader: _Reader) -> Iterator[ArchiveFile]:
    names = Names()
    entries = 0
    total = 0
    extended = _Extended()
    # Written for plain files, of which there may be 100,000: what is rare is asked for last.
    while (header := _header(reader)) is not None:
        kind = header[156]
        size = _number(header[124:136])
        if kind in _EXTENDED_TYPES:
            if not header[0]:
                raise ArchiveRefused(_NAMELESS)
            total += _BLOCK + size
            extended.read(kind, _extended(reader, size))
            continue
        if extended.said:
            name, size, sparse = extended.applied(_stored_name(header), size)
        else:
            name, sparse = _text(_stored_name(header)), False
        if not name:
            raise ArchiveRefused(_NAMELESS)
        entries += 1
        total += _BLOCK + size
        if entries > MAX_ENTRIES:
            raise ArchiveRefused(f"the archive has more than {MAX_ENTRIES:,} entries")
        if size > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES:
            raise ArchiveRefused(f"'{shown(name)}' makes the archive larger than is allowed")
        is_file = kind in _FILE_TYPES
        if sparse or (not is_file and kind in _REFUSED_TYPES):
            what = _REFUSED_TYPES.get(kind, "a sparse file")
            raise ArchiveRefused(f"'{shown(name)}' is {what}")
        if kind == ord("5") or (is_file and name.endswith("/")):
            # Whatever size it names: some packers write what stat says, and none adds contents.
            names.folder(name)
            continue
        if not is_file:
            raise ArchiveRefused(f"'{shown(name)}' is an entry of the unknown type {chr(kind)!r}")
        content = _content(reader, size)
        if path := names.file(name):
            if path == "package.json" and size > MAX_MANIFEST_BYTES:
                raise ArchiveRefused(f"'{shown(name)}' is larger than is allowed")
            yield ArchiveFile(path, bool(_number(header[100:108]) & 0o111), content)


class _Extended:
    """What PAX and GNU headers say of the next entry. Each kind may come once before it: of two,
    npm takes the last and other tools the first."""

    def __init__(self) -> None:
        self.said: dict[int, bytes] = {}
        self._records = 0

    def read(self, kind: int, data: bytes) -> None:
        if kind in self.said:
            raise ArchiveRefused("the archive says twice what one entry is")
        self.said[kind] = data
        if kind == ord("g"):
            for_all = self._pax_of(kind)
            if any(key.startswith(_PAX_FIELDS) for key in for_all):
                raise ArchiveRefused("the archive's global header changes every entry")

    def applied(self, name: bytes, size: int) -> tuple[str, int, bool]:
        """Name, size, and whether it is a sparse file; and nothing is said any more."""
        pax = self._pax_of(ord("x"))
        long_name = self.said.get(ord("L"))
        if "path" in pax and long_name is not None:
            raise ArchiveRefused("the archive says twice what one entry is")
        self.said = {}
        said = pax.get("size")
        # npm reads records line by line, so a name with a line's end in it is no name there.
        if b"\n" in pax.get("path", b"") or (said is not None and not _is_number(said)):
            raise ArchiveRefused("the archive holds a broken extended header")
        sparse = any(key.startswith("GNU.sparse") for key in pax)
        if long_name is not None:
            name = long_name.rstrip(b"\0")
        return _text(pax.get("path", name)), size if said is None else int(said), sparse

    def _pax_of(self, kind: int) -> dict[str, bytes]:
        records = {}
        for key, value in _pax_records(self.said.get(kind, b"")):
            self._records += 1
            if self._records > MAX_RECORDS:
                raise ArchiveRefused(f"the archive has more than {MAX_RECORDS:,} extended records")
            records[key] = value
        return records


def _header(reader: _Reader) -> bytes | None:
    """The next header, or None at the end: two empty blocks, or no more bytes at a boundary."""
    header = bytes(reader.read(_BLOCK))
    if len(header) == _BLOCK and not header[0] and not any(header):
        # A lone empty block is passed over, as npm does; behind it, anything may be padding.
        header = bytes(reader.read(_BLOCK))
        if len(header) < _BLOCK or (not header[0] and not any(header)):
            return None
    if len(header) < _BLOCK:
        if header:
            raise ArchiveRefused("the archive ends in the middle of an entry")
        return None
    # The sum of the bytes, with the field that holds it taken as spaces. The low half of Adler's
    # checksum is that sum plus one, modulo its prime, at a thirtieth of the time.
    field = header[148:156]
    stored = _number(field) + sum(field) - 8 * ord(" ")
    if (stored + 1) % _ADLER_PRIME != zlib.adler32(header) & 0xFFFF:
        raise ArchiveRefused("the archive is not a tar: a header's checksum is wrong")
    return header


def _content(reader: _Reader, size: int) -> bytes | memoryview:
    data = reader.read(size)
    if len(data) < size:
        raise ArchiveRefused("the archive ends in the middle of an entry")
    padding = -size % _BLOCK
    if padding:
        reader.read(padding)
    return data


def _extended(reader: _Reader, size: int) -> bytes:
    if size > MAX_EXTENDED_BYTES:
        raise ArchiveRefused("the archive holds an extended header larger than is allowed")
    return bytes(_content(reader, size))


def _stored_name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    if header[345] and header[257:265] == _USTAR:
        return header[345:500].partition(b"\0")[0] + b"/" + name if name else b""
    return name


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base-256 where the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    try:
        if digits.isdigit():  # int() takes signs, underscores and prefixes too
            return int(digits, 8)
    except ValueError:
        pass  # an 8 or a 9
    raise ArchiveRefused("the archive is not a tar: a header holds a broken number")


def _is_number(value: bytes) -> bool:
    return value.isdigit() and len(value) < 20


def _pax_records(data: bytes) -> Iterator[tuple[str, bytes]]:
    """``<length> <key>=<value>\\n`` records."""
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 20)
        digits = data[start : max(space, start)]
        end = start + int(digits) if _is_number(digits) else 0
        if not space + 1 < end <= len(data) or data[end - 1] != ord("\n"):
            raise ArchiveRefused("the archive holds a broken extended header")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals or (b"\n" in value and _HIDDEN_RECORD.search(value)):
            raise ArchiveRefused("the archive holds a broken extended header")
        yield _text(key), value
        start = end


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
