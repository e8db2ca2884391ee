"""Simulated hosts, all in this process: what an agent asks, by the agent's own code.

Each has a name, a token, a connection and an open stream of events of its own. When it hears one,
it asks what is wanted, reads the release, asks what it lacks, fetches that, compares every archive
with its integrity, and reports. Nothing is written, unpacked or linked; a host fetches one archive
at a time, where an agent fetches six, and so many hosts are at it at once: a thread for each of a
thousand would measure how threads get in each other's way. One thread reads all streams.
"""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from fleet_world import SET
from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings
from graft.base.retry import RetryPolicy
from graft.fleet.host.pull import CHUNK
from graft.fleet.host.remote import Remote
from graft.fleet.records import READY, HostReport
from graft.model.integrity import Integrity
from graft.model.platform import Platform

_LINUX = Platform(os="linux", cpu="x64", libc="glibc")
_SPREAD_SECONDS = 0.5
_SETTINGS = HttpSettings(retry=RetryPolicy(retries=2), idle_timeout=120)
_AT_ONCE = 32


class SimulatedHost:
    """``has`` is the release that it reported last, ``at`` when that was done (monotonic)."""

    def __init__(self, server: str, name: str, token: str) -> None:
        self.host = name
        self.token = token
        self.has = ""
        self.at = 0.0
        self.listens = False
        self.failures: list[str] = []
        self._have: set[Integrity] = set()
        self._upstream = Remote(server, token, _SETTINGS)
        self._turn = threading.Lock()

    def look(self) -> None:
        with self._turn:
            while True:
                try:
                    self._converge()
                    return
                except GraftError as error:
                    self.failures.append(str(error))
                    time.sleep(0.5 + random.random())

    def poll(self, times: int) -> None:
        """What an agent asks when nothing has happened."""
        for _ in range(times):
            self._upstream.desired(SET)

    def tell(self) -> None:
        """What an agent reports now and then, with nothing new."""
        self._report(self.has, 0, 0, 0)

    def close(self) -> None:
        self._upstream.close()

    def _converge(self) -> None:
        began = time.monotonic()
        wanted = self._upstream.desired(SET).hash
        if wanted == self.has:
            return
        release = self._upstream.release(SET, wanted)
        have = {e.integrity for e in release.entries} & set(map(str, self._have))
        held = [each for each in self._have if str(each) in have]
        blobs, size = 0, 0
        offers = self._upstream.missing(SET, wanted, _LINUX, held)
        for offer in sorted(offers, key=lambda offer: -offer.size):
            data = b"".join(
                self._upstream.part(offer, at, min(at + CHUNK, offer.size))
                for at in range(0, offer.size, CHUNK)
            )
            if not offer.integrity.matches(data):
                raise GraftError("fleet-blob-damaged", f"{offer.integrity} came with other bytes")
            self._have.add(offer.integrity)
            blobs, size = blobs + 1, size + len(data)
        self._report(wanted, blobs, size, round((time.monotonic() - began) * 1000))
        self.has, self.at = wanted, time.monotonic()

    def _report(self, has: str, blobs: int, size: int, milliseconds: int) -> None:
        self._upstream.report(
            HostReport(
                host=self.host,
                set=SET,
                hash=has,
                status=READY,
                platform="linux-x64-glibc",
                pulled_bytes=size,
                pulled_blobs=blobs,
                milliseconds=milliseconds,
            )
        )


class SimulatedFleet:
    """All of them, and the streams that they hear."""

    def __init__(self, server: str, tokens: Mapping[str, str]) -> None:
        self._server = server.removeprefix("http://")
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self.hosts = [SimulatedHost(server, name, token) for name, token in tokens.items()]
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self._thread = threading.Thread(target=self._hear, daemon=True)
        for host in self.hosts:
            self._listen(host)
        self._thread.start()

    def _listen(self, host: SimulatedHost) -> None:
        name, _, port = self._server.rpartition(":")
        stream = socket.create_connection((name, int(port)))
        stream.sendall(
            f"GET /v1/events?set={SET} HTTP/1.1\r\nHost: {self._server}\r\n"
            f"Accept: text/event-stream\r\nAuthorization: Bearer {host.token}\r\n\r\n".encode()
        )
        self._selector.register(stream, selectors.EVENT_READ, host)

    def _hear(self) -> None:
        """An agent looks when it is heard, and at most half a second after it is told to."""
        due: list[tuple[float, int]] = []
        numbers = {host.host: number for number, host in enumerate(self.hosts)}
        while not self._stopped:
            now = time.monotonic()
            while due and due[0][0] <= now:
                self._pool.submit(self.hosts[heapq.heappop(due)[1]].look)
            for key, _ in self._selector.select(0.02 if due else 0.2):
                stream, host = key.fileobj, key.data
                assert isinstance(stream, socket.socket)
                came = stream.recv(1 << 16)
                if not came:
                    host.failures.append("its stream ended")
                    self._selector.unregister(stream)
                elif b"event: release" in came or (not host.listens and b": alive" in came):
                    spread = random.random() * _SPREAD_SECONDS
                    heapq.heappush(due, (time.monotonic() + spread, numbers[host.host]))
                host.listens = host.listens or b": alive" in came

    def until(self, hash: str, patience: float) -> list[float]:
        """Wait for all of them to have that; when each did."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if all(host.has == hash for host in self.hosts):
                return sorted(host.at for host in self.hosts)
            time.sleep(0.02)
        late = [host for host in self.hosts if host.has != hash]
        failures = sorted({failure for host in late for failure in host.failures})[:5]
        raise TimeoutError(f"{len(late)} hosts are late: {failures}")

    def each(self, work: Callable[[SimulatedHost], None]) -> None:
        """Of every host, a few at a time."""
        list(self._pool.map(work, self.hosts))

    @property
    def listening(self) -> int:
        return sum(host.listens for host in self.hosts)

    @property
    def failures(self) -> int:
        return sum(len(host.failures) for host in self.hosts)

    def close(self) -> None:
        self._stopped = True
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
        for host in self.hosts:
            host.close()
