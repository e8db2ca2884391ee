"""Tar archives byte by byte, for what no library would write."""

from __future__ import annotations

import gzip

from harness.archive import Entry, pack


def tar_of(*entries: Entry) -> bytearray:
    """A plain tar in which header, then data, of each entry lie at multiples of 512."""
    return bytearray(gzip.decompress(pack(entries, format="ustar")))


def resealed(tar: bytearray, at: int = 0) -> bytes:
    """The tar, with the checksum of the header at ``at`` made right again."""
    tar[at + 148 : at + 156] = b" " * 8
    tar[at + 148 : at + 156] = b"%06o\0 " % sum(tar[at : at + 512])
    return bytes(tar)


def pax_named(name: bytes, *others: Entry) -> bytes:
    """A tar with one file, whose name is in an extended header as it is said here, and others."""
    record = b" path=" + name + b"\n"
    record = b"%d" % (len(record) + 2) + record
    tar = tar_of(Entry("package/header", record), Entry("package/x", b"1"), *others)
    tar[156:157] = b"x"
    return resealed(tar)


def header(
    name: bytes,
    size: int,
    *,
    kind: bytes = b"0",
    prefix: bytes = b"",
    size_field: bytes = b"",
    magic: bytes = b"ustar\x0000",
) -> bytes:
    """One header with a right checksum; what is too long for its field is cut."""
    block = bytearray(512)
    block[: len(name[:100])] = name[:100]
    block[100:108] = b"0000644\0"
    block[124:136] = (size_field or b"%011o\0" % size)[:12].ljust(12, b"\0")
    block[156:157] = kind
    block[257:265] = magic
    block[345 : 345 + len(prefix[:155])] = prefix[:155]
    return resealed(block)


def extended(kind: bytes, data: bytes) -> bytes:
    """A header of the kind ``x``, ``g``, ``L`` or ``K``, with what it says of what follows."""
    return header(b"extended", len(data), kind=kind) + data + bytes(-len(data) % 512)


def pax_record(key: bytes, value: bytes) -> bytes:
    """``<length> <key>=<value>\\n``, where the length counts its own digits."""
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest
