"""Packuments on disk, with what is needed to ask whether they are still current.

One file an entry: a line with the time of the last look at the registry, in a fixed width so that
it can be rewritten in place; a line of JSON; the document. A file that is damaged, cut short or of
another format is no entry. Nothing here is worth an error: a cache that cannot be written is a
cache that stays empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import os

import msgspec
from deflate import crc32

from graft.sources.resolutions import Consulted

# The folder of the cache that entries lie in.
PACKUMENTS = "packuments"
_MAGIC = b"graft-packument-2 "
_TIME_WIDTH = 15
_FIRST_LINE = len(_MAGIC) + _TIME_WIDTH + 1
# How long an answer without Cache-Control counts as current. The others: at most a day.
_USUAL_AGE = 300.0
_LONGEST_AGE = 86400.0


class Validators(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``max_age`` is in seconds, None where the registry said none; ``full`` is the form."""

    etag: str = ""
    modified: str = ""
    max_age: float | None = None
    full: bool = False

    @property
    def lifetime(self) -> float:
        """For how long a document is current once a registry has sent or confirmed it."""
        return _USUAL_AGE if self.max_age is None else min(self.max_age, _LONGEST_AGE)


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    checksum: int
    validators: Validators


class CachedPackument(msgspec.Struct, frozen=True, kw_only=True):
    """``looked`` is when the registry last confirmed the document, in seconds since the epoch."""

    body: bytes
    looked: float
    validators: Validators

    def is_current(self, now: float) -> bool:
        # A time in the future is a clock that was set back: ask again.
        return 0.0 <= now - self.looked < self.validators.lifetime


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Header).decode


class PackumentCache:
    """Entries are keyed by URL and by who asked: the Authorization header that was sent, and the
    client certificate.

    So nobody reads what only somebody else's token may see. An empty ``root`` caches nothing.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._folder = os.path.join(root, PACKUMENTS) if root else ""
        self._pending: dict[str, tuple[bytes, ...]] = {}

    def get(self, url: str, asker: str) -> CachedPackument | None:
        """The entry, or None where there is none that is whole. Sees what ``flush`` has written."""
        return read_entry(self._path(url, asker)) if self._folder else None

    def put(self, url: str, asker: str, body: bytes, validators: Validators, now: float) -> None:
        """Queue an entry for ``flush``: nobody waits for a cache while packages are missing."""
        if not self._folder:
            return
        header = _Header(checksum=crc32(body), validators=validators)
        lines = (_first_line(now), _encode(header), b"\n", body)
        self._pending[self._path(url, asker)] = lines

    def confirm(self, url: str, asker: str, now: float) -> None:
        """Note that the registry has just confirmed an entry."""
        if not self._folder:
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path(url, asker), os.O_WRONLY)
            try:
                os.pwrite(descriptor, _first_line(now), 0)
            finally:
                os.close(descriptor)

    def flush(self) -> None:
        """Write what is queued. May run in a thread of its own once nothing is put any more."""
        pending, self._pending = self._pending, {}
        for path, lines in pending.items():
            try:
                _write(path, lines)
            except OSError:
                return

    def consulted(self, url: str, asker: str, looked: float, validators: Validators) -> Consulted:
        """An entry as whoever remembers what it led to needs it."""
        path = self._path(url, asker)[len(self.root) + 1 :]
        return Consulted(path=path, since=looked, until=looked + validators.lifetime)

    def holds(self, consulted: Consulted) -> bool:
        """Whether that very entry is there, neither newer nor older."""
        try:
            descriptor = os.open(os.path.join(self.root, consulted.path), os.O_RDONLY)
        except OSError:
            return False
        try:
            return os.pread(descriptor, _FIRST_LINE, 0) == _first_line(consulted.since)
        finally:
            os.close(descriptor)

    def _path(self, url: str, asker: str) -> str:
        # Hashed: a name may hold what a file system cannot, and a token must not be on disk.
        key = hashlib.sha256(f"{url}\0{asker}".encode()).hexdigest()
        return os.path.join(self._folder, key[:2], key[2:])


def read_entry(path: str) -> CachedPackument | None:
    """What is in a file of the cache; None if that is no whole entry."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    end = data.find(b"\n", _FIRST_LINE)
    if not data.startswith(_MAGIC) or end < 0:
        return None
    try:
        looked = float(data[len(_MAGIC) : _FIRST_LINE])
        header = _decode(data[_FIRST_LINE:end])
    except (ValueError, msgspec.DecodeError):
        return None
    body = data[end + 1 :]
    if crc32(body) != header.checksum:
        return None
    return CachedPackument(body=body, looked=looked, validators=header.validators)


def _write(path: str, lines: tuple[bytes, ...]) -> None:
    """In place: the checksum tells part of an entry, or of two, from a whole one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    try:
        os.writev(descriptor, lines)
    finally:
        os.close(descriptor)


def _first_line(now: float) -> bytes:
    return _MAGIC + f"{now:0{_TIME_WIDTH}.3f}\n".encode()
