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
