"""A host that serves others: a site pulls each archive once, however many hosts it has.

It speaks as much of the server's protocol as hosts need, and answers from what it has. An archive
that it does not have comes from upstream while somebody waits for it, once for all who do. Whose a
token is, upstream is asked; none is kept but as a hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from graft import __version__
from graft.base.diagnostics import GraftError
from graft.fleet.host.pull import Pulled, Puller
from graft.fleet.host.reconcile import Host
from graft.fleet.host.root import read_note
from graft.fleet.host.tree import read_tree_release
from graft.fleet.host.tree_plan import Archive
from graft.fleet.records import HostReport
from graft.fleet.release import Release, is_release_hash
from graft.fleet.statuses import status_of
from graft.fleet.wire import release_document
from graft.model.integrity import Integrity, integrity_of_file, parse_integrity
from graft.model.platform import Platform

_TOKEN_SECONDS = 60.0
# For so long a token that was good goes on being so where nobody can be asked.
_GRACE_SECONDS = 3600.0
_KEEP_ALIVE_SECONDS = 15.0
_MOST_BODY = 16 << 20
_PIECE = 1 << 18
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_SET = r"/v1/sets/(?P<set>[^/]+)"


class Relay:
    """Serves what ``host`` follows, the package ``sets``, at ``address``. ``clock`` has seconds."""

    def __init__(
        self,
        host: Host,
        sets: Collection[str],
        address: tuple[str, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._upstream = host.upstream
        self._sets = frozenset(sets)
        self._clock = clock
        self._puller = Puller(host.root, host.store, host.upstream, host.pace, keeps=True)
        self._archives: dict[Integrity, Archive] = {}
        self._tokens: dict[bytes, tuple[float, Mapping[str, object]]] = {}
        self._heard: dict[str, int] = {}
        self._bell = threading.Condition()
        self._closed = False
        self.pulled = Pulled()
        relay = self

        class Handler(_Handler):
            def __init__(self, *arguments: Any) -> None:
                self.relay = relay
                super().__init__(*arguments)

        self._server = _Server(address, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def close(self) -> None:
        self._closed = True
        self.ring("")
        self._server.shutdown()
        self._server.server_close()

    def ring(self, name: str) -> None:
        """Tell those who listen that something may have changed with a set."""
        with self._bell:
            for each in self._sets if not name else {name} & self._sets:
                self._heard[each] = self._heard.get(each, 0) + 1
            self._bell.notify_all()

    # What is asked; each gives a document

    def whoami(self, token: str) -> Mapping[str, object]:
        """Raises ``fleet-unauthorized``."""
        if not token:
            raise GraftError("fleet-unauthorized", "no token was shown")
        key, now = hashlib.sha256(token.encode()).digest(), self._clock()
        known = self._tokens.get(key)
        if known and now - known[0] < _TOKEN_SECONDS:
            return known[1]
        try:
            said = self._upstream.whoami(token)
        except GraftError as error:
            if error.diagnostic.code != "fleet-unreachable":
                self._tokens.pop(key, None)
            elif known and now - known[0] < _GRACE_SECONDS:
                return known[1]
            raise
        self._tokens[key] = now, said
        return said

    def desired(self, name: str) -> dict[str, object]:
        self._followed(name)
        try:
            found = self._upstream.desired(name)
            return {"set": name, "hash": found.hash, "epoch": found.epoch}
        except GraftError as error:
            note = read_note(self._host.root.set(name))
            if error.diagnostic.code != "fleet-unreachable" or not note.desired:
                raise
            return {"set": name, "hash": note.desired, "epoch": note.epoch}

    def release(self, name: str, hash: str) -> Release:
        self._followed(name)
        if not is_release_hash(hash):
            raise GraftError("fleet-not-found", "that is no hash of a release")
        found = read_tree_release(self._host.root.set(name), hash)
        release = found or self._upstream.release(name, hash)
        for entry in release.entries:
            integrity = parse_integrity(entry.integrity)
            subject = f"{entry.name}@{entry.version}"
            self._archives[integrity] = Archive(
                integrity=integrity, subject=subject, size=entry.size
            )
        return release

    def missing(self, name: str, hash: str, said: Mapping[str, Any]) -> dict[str, object]:
        try:
            machine = {key: str(said["platform"].get(key, "")) for key in ("os", "cpu", "libc")}
            have = set(map(str, said["have"]))
        except (KeyError, TypeError, AttributeError):
            raise GraftError("fleet-invalid", "that says no platform, or not what it has") from None
        platform = Platform(**machine)
        blobs = [
            {"integrity": entry.integrity, "size": entry.size}
            for entry in self.release(name, hash).entries
            if entry.platforms.admit(platform) and entry.integrity not in have
        ]
        return {"blobs": blobs}

    def archive(self, file: str) -> str:
        """The path of one that is here now."""
        integrity = integrity_of_file(file)
        archive = self._archives.get(integrity) if integrity else None
        if integrity and archive is None:
            self._remember()
            archive = self._archives.get(integrity)
        if archive is None:
            raise GraftError(
                "fleet-blob-missing", "no release that this host has seen has that archive"
            )
        return self._puller.archive(archive, self.pulled)

    def report(self, host: str, name: str, said: Mapping[str, Any], token: str) -> None:
        """Handed on, with the token of whom it is of."""
        self._followed(name)
        fields = {key: said[key] for key in HostReport.fields if key in said}
        self._upstream.report(HostReport(**{**fields, "host": host, "set": name}), token)

    def wait(self, seen: dict[str, int]) -> list[str]:
        """The sets that were rung for since; nothing after a while."""
        with self._bell:
            self._bell.wait_for(lambda: self._closed or seen != self._heard, _KEEP_ALIVE_SECONDS)
            rung = [name for name, count in self._heard.items() if seen.get(name) != count]
            seen.update(self._heard)
        return rung

    def state(self) -> dict[str, int]:
        with self._bell:
            return dict(self._heard)

    @property
    def closed(self) -> bool:
        return self._closed

    def _followed(self, name: str) -> None:
        if name not in self._sets:
            raise GraftError("fleet-not-found", f"this host does not follow '{name}'")

    def _remember(self) -> None:
        """What the trees here are made of, after this process began anew."""
        for name in self._sets:
            for hash in self._host.root.set(name).hashes():
                if read_tree_release(self._host.root.set(name), hash):
                    self.release(name, hash)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """That a host went away in the middle of something is no news, and it may be killed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = f"graft/{__version__}"
    timeout = 60
    relay: Relay
    _routes: tuple[tuple[str, str, str], ...] = (
        ("GET", r"/healthz", "_health"),
        ("GET", r"/v1/whoami", "_whoami"),
        ("GET", rf"{_SET}/desired", "_desired"),
        ("GET", rf"{_SET}/releases/(?P<hash>[^/]+)", "_release"),
        ("POST", rf"{_SET}/releases/(?P<hash>[^/]+)/missing", "_missing"),
        ("GET", r"/v1/blobs/(?P<file>[^/]+)", "_blob"),
        ("PUT", r"/v1/hosts/(?P<host>[^/]+)/sets/(?P<set>[^/]+)", "_report"),
        ("GET", r"/v1/events", "_events"),
    )

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: requests have tokens in them, and a site many hosts."""

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        try:
            body = self._body()
            for method, pattern, name in self._routes:
                matched = re.fullmatch(pattern, path)
                if matched and method == self.command:
                    words = {key: unquote(word) for key, word in matched.groupdict().items()}
                    if name != "_health":
                        self.relay.whoami(self._token())
                    getattr(self, name)(body, **words)
                    return
            raise GraftError("fleet-not-found", "a host that serves others has no such thing")
        except GraftError as error:
            said = error.diagnostic
            self._document({"error": said.as_json()}, status_of(said.code, said.exit_code))
        except OSError:
            self.close_connection = True

    def _token(self) -> str:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MOST_BODY:
            self.close_connection = True
            raise GraftError("fleet-too-large", "that is too much to say at once")
        return self.rfile.read(int(length))

    def _said(self, body: bytes) -> dict[str, Any]:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise GraftError("fleet-invalid", "that is no JSON object")
        return said

    def _document(self, said: object, status: int = 200) -> None:
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _health(self, _: bytes) -> None:
        self._document({"status": "ok"})

    def _whoami(self, _: bytes) -> None:
        self._document(self.relay.whoami(self._token()))

    def _desired(self, _: bytes, set: str) -> None:
        self._document(self.relay.desired(set))

    def _release(self, _: bytes, set: str, hash: str) -> None:
        self._document(release_document(self.relay.release(set, hash)))

    def _missing(self, body: bytes, set: str, hash: str) -> None:
        self._document(self.relay.missing(set, hash, self._said(body)))

    def _report(self, body: bytes, host: str, set: str) -> None:
        self.relay.report(host, set, self._said(body), self._token())
        self._document({})

    def _blob(self, _: bytes, file: str) -> None:
        with open(self.relay.archive(file), "rb") as archive:
            size = os.fstat(archive.fileno()).st_size
            matched = _RANGE.fullmatch(self.headers.get("Range", "").strip())
            start = int(matched[1]) if matched else 0
            end = min(size, int(matched[2]) + 1) if matched and matched[2] else size
            if matched and start >= end:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if matched else 200)
            if matched:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(end - start))
            self.send_header("ETag", f'"{file}"')
            self.end_headers()
            archive.seek(start)
            while start < end:
                piece = archive.read(min(_PIECE, end - start))
                if not piece:
                    raise ConnectionAbortedError  # it was taken away
                self.wfile.write(piece)
                start += len(piece)

    def _events(self, _: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        seen = self.relay.state()
        self.wfile.write(b": alive\n\n")
        while not self.relay.closed:
            rung = self.relay.wait(seen)
            for name in rung:
                said = json.dumps({"set": name})
                self.wfile.write(f"id: {seen[name]}\nevent: release\ndata: {said}\n\n".encode())
            if not rung:
                self.wfile.write(b": alive\n\n")
