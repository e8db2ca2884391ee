"""Archives in an object store: S3 and what speaks like it, or any other that ``obstore`` knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from graft.fleet.blobs.failures import store_failed
from graft.fleet.extra import needed_for
from graft.model.integrity import Integrity, integrity_of_file

_CHUNK = 1000
# What obstore says where a ranged read was not answered as one.
_RANGELESS = ("non-partial response", "Range request not supported")


class ObjectBlobs:
    """Objects named by their integrity below ``url``: ``s3://bucket/prefix``.

    ``options`` are those of obstore's store of that kind, ``endpoint`` or ``region``; what is not
    among them it takes from the environment, credentials from where each provider's own tools have
    them. What has been put is there whole or not at all: that is the stores' own promise. A prefix
    is one fleet's alone: collecting removes what the fleet's index does not know.

    A part is read whole where the store does not keep to what HTTP says of ranges.
    """

    def __init__(
        self, id: str, url: str, options: Mapping[str, str] | None = None, *, retries: int = 4
    ) -> None:
        with needed_for("a blob store that is not a folder"):
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import AzureStore, GCSStore, S3Store, from_url
        self.id = id
        self._url = url
        self._client = obstore
        self._errors = (BaseError, OSError, ValueError)
        self._ranged = True
        # Of a store without ranges: who reads one archive in parts does not read it as often.
        self._last: tuple[Integrity, bytes] | None = None
        options = dict(options or {})
        more: dict[str, Any] = {}
        if not url.startswith("memory:"):
            plain = options.get("endpoint", url).startswith("http://")
            more = {
                "config": options,
                "client_options": {
                    "connect_timeout": "5s",
                    "timeout": "120s",
                    **({"allow_http": True} if plain else {}),
                },
                "retry_config": {
                    "max_retries": retries,
                    "retry_timeout": timedelta(seconds=60),
                },
            }
        with self._explained("opened"):
            self._store: Any = from_url(url, **more)
        self._signs = isinstance(self._store, (S3Store, GCSStore, AzureStore))

    def put(self, integrity: Integrity, data: bytes) -> None:
        self._last = None
        with self._explained("written to"):
            self._client.put(self._store, integrity.file_name, data)

    def get(self, integrity: Integrity) -> bytes | None:
        with self._explained("read"):
            try:
                found = self._client.get(self._store, integrity.file_name)
                return bytes(found.bytes())
            except FileNotFoundError:
                return None

    def part(self, integrity: Integrity, start: int, end: int) -> bytes | None:
        if end <= start:
            return b"" if self.size(integrity) is not None else None
        if self._ranged:
            name = integrity.file_name
            try:
                return bytes(self._client.get_range(self._store, name, start=start, end=end))
            except FileNotFoundError:
                return None
            except self._errors as error:
                # Else it was something that passes, or begins behind the end.
                self._ranged = not any(said in str(error) for said in _RANGELESS)
        last = self._last
        if last is None or last[0] != integrity:
            data = self.get(integrity)
            if data is None:
                return None
            last = self._last = (integrity, data)
        return last[1][start:end]

    def size(self, integrity: Integrity) -> int | None:
        with self._explained("read"):
            try:
                return int(self._client.head(self._store, integrity.file_name)["size"])
            except FileNotFoundError:
                return None

    def delete(self, integrity: Integrity) -> None:
        self._last = None
        with self._explained("changed"):
            try:
                self._client.delete(self._store, integrity.file_name)
            except FileNotFoundError:
                pass

    def list(self) -> Iterator[tuple[Integrity, int, int]]:
        with self._explained("listed"):
            for page in self._client.list(self._store, chunk_size=_CHUNK):
                for seen in page:
                    integrity = integrity_of_file(seen["path"])
                    if integrity:
                        written = int(seen["last_modified"].timestamp() * 1000)
                        yield integrity, seen["size"], written

    def address(self, integrity: Integrity, seconds: int) -> str:
        if not self._signs:
            return ""
        with self._explained("asked for an address"):
            signed = self._client.sign(
                self._store, "GET", integrity.file_name, timedelta(seconds=seconds)
            )
            return str(signed)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise store_failed(self._url, what, _spoken(error)) from None


def _spoken(error: BaseException) -> str:
    """The first line that obstore says; what follows is for its makers. URLs of requests lose their
    query, which may be a signature."""
    line = str(error).strip().partition("\n")[0]
    return re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", line)
