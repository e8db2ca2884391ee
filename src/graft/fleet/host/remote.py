"""The upstream that is asked over HTTP: a server, or a host that serves others.

The HTTP client is for one thread at a time, so each that asks at the same time as others has one of
its own, which is used again by whoever comes next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from graft.base.http import HttpSettings
from graft.base.http_client import HttpClient
from graft.fleet.client import Desired, FleetClient, Offer
from graft.fleet.listening import listen
from graft.fleet.records import HostReport
from graft.fleet.release import Release
from graft.model.integrity import Integrity
from graft.model.platform import Platform


class Remote:
    """An ``Upstream``. Raises as ``FleetClient`` does, also when it is made."""

    def __init__(self, server: str, token: str, settings: HttpSettings) -> None:
        self._server = server.rstrip("/")
        self._token = token
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[FleetClient] = []
        self._known: dict[str, Desired] = {}
        with self._client():
            pass

    def close(self) -> None:
        with self._lock:
            for client in self._idle:
                client.http.close()
            self._idle.clear()

    def whoami(self, token: str = "") -> dict[str, object]:
        if not token:
            with self._client() as client:
                return client.whoami()
        with HttpClient(self._settings) as http:
            return FleetClient(self._server, token, http).whoami()

    def desired(self, name: str) -> Desired:
        known = self._known.get(name)
        with self._client() as client:
            found = client.desired(name, known.etag if known else "")
        if found is None:
            assert known is not None
            return known
        self._known[name] = found
        return found

    def release(self, name: str, release: str) -> Release:
        with self._client() as client:
            return client.release(name, release)

    def missing(
        self, name: str, release: str, platform: Platform, have: Iterable[Integrity]
    ) -> Sequence[Offer]:
        with self._client() as client:
            return client.missing(name, release, platform, have)

    def part(self, offer: Offer, start: int, end: int) -> bytes:
        with self._client() as client:
            return client.taken(client.part(offer, start, end), start, end)

    def report(self, report: HostReport, token: str = "") -> None:
        if not token:
            with self._client() as client:
                client.report(report)
            return
        with HttpClient(self._settings) as http:
            FleetClient(self._server, token, http).report(report)

    def events(self, names: Sequence[str], stop: Callable[[], bool]) -> Iterator[str]:
        sets, first = tuple(names), True
        for heard in listen(self._server, self._token, self._settings, sets=sets, stop=stop):
            if heard.id or first:
                yield heard.set
            first = False

    @contextmanager
    def _client(self) -> Iterator[FleetClient]:
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = FleetClient(self._server, self._token, HttpClient(self._settings))
        try:
            yield client
        except BaseException:
            client.http.close()  # something of it may still be under way
            raise
        with self._lock:
            self._idle.append(client)
