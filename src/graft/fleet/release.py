"""A release: one published state of a package set, and the hash that names it everywhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from graft.base.records import Record
from graft.fleet.platforms import in_order, platform_text
from graft.model.platform import ANYWHERE, Platform, PlatformLimits

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_HASH = re.compile(r"[0-9a-f]{64}")


class Entry(Record):
    """One archive of a release. ``integrity`` is the lock's, and the name of the blob: who has the
    bytes can prove it. ``size`` is the archive's, ``unpacked`` that of its files, both in bytes;
    -1 where nobody knows yet. ``platforms`` says which hosts need it."""

    name: str
    version: str
    integrity: str
    size: int = -1
    unpacked: int = -1
    platforms: PlatformLimits = ANYWHERE


class Release(Record, unshown=("lock",)):
    """``lock`` is the text of a graft-lock.json, whose one importer asks for what may be imported
    at top level and for nothing else. ``entries`` are its archives, sorted. ``platforms`` are those
    that it was made for, in order: what only others need is not in it; none are all there are.
    ``size`` and ``unpacked`` are of the archives that somebody has seen."""

    hash: str
    lock: bytes
    entries: tuple[Entry, ...]
    platforms: tuple[Platform, ...] = ()

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries if entry.size > 0)

    @property
    def unpacked(self) -> int:
        return sum(entry.unpacked for entry in self.entries if entry.unpacked > 0)


def lockfile_hash(entries: Iterable[tuple[str, str, str]]) -> str:
    """sha256 over name NUL version NUL integrity LF of each, sorted: their order says nothing."""
    digest = hashlib.sha256()
    for name, version, integrity in sorted(entries):
        digest.update(f"{name}\0{version}\0{integrity}\n".encode())
    return digest.hexdigest()


def release_hash(lock: bytes, entries: Iterable[Entry], platforms: Iterable[Platform] = ()) -> str:
    """The lockfile hash of the packages and of the lock itself, as an entry without a name; and
    where it is not for all platforms, of these, as another one.

    Without that one, two releases of the same packages, of which other ones may be imported, or
    which lie otherwise, would be one, and no host would ever switch. A release of nothing is the
    hash of nothing."""
    packages = [(entry.name, entry.version, entry.integrity) for entry in entries]
    if not packages:
        return EMPTY_HASH
    packages.append(("", "", f"sha256-{hashlib.sha256(lock).hexdigest()}"))
    if made_for := ",".join(map(platform_text, in_order(platforms))):
        packages.append(("", "platforms", made_for))
    return lockfile_hash(packages)


def is_release_hash(text: str) -> bool:
    """Whether a text from outside may be used as the name of a folder."""
    return _HASH.fullmatch(text) is not None
