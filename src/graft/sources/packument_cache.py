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

from graft.base.files import write_atomic

_MAGIC = b"graft-packument-1 "
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


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    checksum: int
    validators: Validators


class CachedPackument(msgspec.Struct, frozen=True, kw_only=True):
    """``looked`` is when the registry last confirmed the document, in seconds since the epoch."""

    body: bytes
    looked: float
    validators: Validators

    def is_current(self, now: float) -> bool:
        age = self.validators.max_age
        longest = _USUAL_AGE if age is None else min(age, _LONGEST_AGE)
        # A time in the future is a clock that was set back: ask again.
        return 0.0 <= now - self.looked < longest


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Header).decode


class PackumentCache:
    """Entries are keyed by URL and by the Authorization header that was sent.

    So nobody reads what only somebody else's token may see. An empty ``root`` caches nothing.
    """

    def __init__(self, root: str) -> None:
        self._folder = os.path.join(root, "packuments") if root else ""
        self._pending: dict[str, tuple[bytes, ...]] = {}

    def get(self, url: str, authorization: str) -> CachedPackument | None:
        """The entry, or None where there is none that is whole. Sees what ``flush`` has written."""
        if not self._folder:
            return None
        try:
            with open(self._path(url, authorization), "rb") as file:
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

    def put(
        self, url: str, authorization: str, body: bytes, validators: Validators, now: float
    ) -> None:
        """Queue an entry for ``flush``: nobody waits for a cache while packages are missing."""
        if not self._folder:
            return
        header = _Header(checksum=crc32(body), validators=validators)
        lines = (_first_line(now), _encode(header), b"\n", body)
        self._pending[self._path(url, authorization)] = lines

    def confirm(self, url: str, authorization: str, now: float) -> None:
        """Note that the registry has just confirmed an entry."""
        if not self._folder:
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path(url, authorization), os.O_WRONLY)
            try:
                os.pwrite(descriptor, _first_line(now), 0)
            finally:
                os.close(descriptor)

    def flush(self) -> None:
        """Write what is queued. May run in a thread of its own once nothing is put any more."""
        pending, self._pending = self._pending, {}
        for path, lines in pending.items():
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write_atomic(path, b"".join(lines))
            except OSError:
                return

    def _path(self, url: str, authorization: str) -> str:
        # Hashed: a name may hold what a file system cannot, and a token must not be on disk.
        key = hashlib.sha256(f"{url}\0{authorization}".encode()).hexdigest()
        return os.path.join(self._folder, key[:2], key[2:])


def _first_line(now: float) -> bytes:
    return _MAGIC + f"{now:0{_TIME_WIDTH}.3f}\n".encode()
