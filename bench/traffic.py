"""Registries on the loopback that count what is asked of them: requests, and bytes of answers.

One serves generated packages. The other stands before a real registry, asks that for whatever it
has not been asked itself before, and keeps the answers: so every tool can be counted alike, without
looking into its connections.
"""

from __future__ import annotations

import gzip
import re
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from harness.exchange import Reply, Request
from harness.registry import LocalRegistry
from harness.server import Server

_PASSED_BACK = ("Content-Type", "ETag", "Last-Modified", "Cache-Control")
_ARCHIVE = ".tgz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """``packuments`` and ``archives`` are requests; ``size`` is the bytes of all answers, as they
    were sent and without headers."""

    packuments: int = 0
    archives: int = 0
    size: int = 0

    @property
    def requests(self) -> int:
        return self.packuments + self.archives


class Tally:
    """Counts from many threads; ``take`` says what came since it was last asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packuments = self._archives = self._size = 0

    def add(self, request: Request, reply: Reply) -> None:
        with self._lock:
            if request.path.endswith(_ARCHIVE):
                self._archives += 1
            else:
                self._packuments += 1
            self._size += len(reply.body)

    def take(self) -> Traffic:
        with self._lock:
            taken = Traffic(packuments=self._packuments, archives=self._archives, size=self._size)
            self._packuments = self._archives = self._size = 0
        return taken


class CountingRegistry(LocalRegistry):
    """The registry of the tests, with its traffic counted."""

    def __init__(self) -> None:
        self.tally = Tally()
        super().__init__()

    def _answer(self, request: Request) -> Reply:
        reply = super()._answer(request)
        self.tally.add(request, reply)
        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """An answer of the registry behind; ``body`` is a file, unpacked and with our own URLs."""

    status: int
    headers: Mapping[str, str]
    body: Path
    packed: bool


class Mirror:
    """A registry that has what ``upstream`` has, which is a URL. ``folder`` is for its answers."""

    def __init__(self, upstream: str, folder: Path, trusted: ssl.SSLContext) -> None:
        self.tally = Tally()
        self._upstream = upstream.rstrip("/") + "/"
        self._folder = folder
        self._trusted = trusted
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._server = Server(self._answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.close()

    def _answer(self, request: Request) -> Reply:
        # The server's own threads run this.
        reply = self._reply(request) if request.method == "GET" else Reply(status=404)
        self.tally.add(request, reply)
        return reply

    def _reply(self, request: Request) -> Reply:
        key = request.target, request.headers.get("accept", "")
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            kept = self._ask(*key)
            with self._lock:
                self._kept[key] = kept
        headers = dict(kept.headers)
        etag = headers.get("ETag")
        if etag and request.headers.get("if-none-match") == etag:
            return Reply(status=304, headers=headers)
        body = kept.body.read_bytes()
        if kept.packed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=6, mtime=0)
        return Reply(status=kept.status, headers=headers, body=body)

    def _ask(self, target: str, accept: str) -> _Kept:
        is_archive = target.endswith(_ARCHIVE)
        asked = urllib.request.Request(self._upstream + target.removeprefix("/"))
        asked.add_header("Accept-Encoding", "identity" if is_archive else "gzip")
        if accept:
            asked.add_header("Accept", accept)
        try:
            answer = urllib.request.urlopen(asked, timeout=60, context=self._trusted)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            packed = answer.headers.get("Content-Encoding") == "gzip"
            said = {name: answer.headers.get(name) for name in _PASSED_BACK}
            status = answer.status
        if not is_archive:
            body = self._with_own_urls(gzip.decompress(body) if packed else body)
        with self._lock:
            file = self._folder / str(len(list(self._folder.iterdir())))
            file.write_bytes(body)
        headers = {name: value for name, value in said.items() if value}
        return _Kept(status=status, headers=headers, body=file, packed=packed and not is_archive)

    def _with_own_urls(self, packument: bytes) -> bytes:
        """Archives are asked for here too; one that would be fetched elsewhere is not counted, and
        then nothing can be said."""
        changed = packument.replace(self._upstream.encode(), self.url.encode())
        elsewhere = rb'"tarball":\s*"(?!' + re.escape(self.url.encode()) + rb")"
        if re.search(elsewhere, changed):
            raise ValueError("the registry's archives lie at other hosts: they cannot be counted")
        return changed
