"""Simulated hosts, all in this process: what an agent asks, by the agent's own code.

Each has a name, a token, connections and an open stream of events of its own. It waits for the
stream, asks what is wanted, reads the release, asks what it lacks, fetches that, compares every
archive with its integrity, and reports. Nothing is written, unpacked or linked; a host fetches one
archive at a time, where an agent fetches six.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping

from fleet_world import SET
from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings
from graft.base.retry import RetryPolicy
from graft.fleet.pull import CHUNK
from graft.fleet.records import READY, HostReport
from graft.fleet.remote import Remote
from graft.model.integrity import Integrity
from graft.model.platform import Platform

_LINUX = Platform(os="linux", cpu="x64", libc="glibc")
_SPREAD_SECONDS = 0.5
_SETTINGS = HttpSettings(retry=RetryPolicy(retries=2), idle_timeout=120)
_STACK = 256 * 1024
_AT_ONCE = 32
_STEP_SECONDS = 0.002  # they come one after the other, as machines do that are started


class SimulatedHost(threading.Thread):
    """``has`` is the release that it reported last, ``at`` when that was done (monotonic)."""

    def __init__(self, server: str, name: str, token: str) -> None:
        super().__init__(daemon=True)
        self.host = name
        self.has = ""
        self.at = 0.0
        self.heard = 0.0
        self.listens = False
        self.blobs = 0
        self.bytes = 0
        self.failures: list[str] = []
        self._have: set[Integrity] = set()
        self._upstream = Remote(server, token, _SETTINGS)
        self._stopped = False

    def run(self) -> None:
        while not self._stopped:
            try:
                for name in self._upstream.events((SET,), lambda: self._stopped):
                    self.heard = time.monotonic()
                    self.listens = True
                    if name:
                        time.sleep(random.random() * _SPREAD_SECONDS)
                    self._look()
            except GraftError as error:
                self.failures.append(str(error))
                time.sleep(1 + random.random())
            self.listens = False
        self._upstream.close()

    def poll(self, times: int) -> None:
        """What an agent asks when nothing has happened."""
        for _ in range(times):
            self._upstream.desired(SET)

    def tell(self) -> None:
        """What an agent reports now and then, with nothing new."""
        self._report(self.has, 0, 0, 0)

    def stop(self) -> None:
        self._stopped = True

    def _look(self) -> None:
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
        self.blobs, self.bytes = self.blobs + blobs, self.bytes + size
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
    """All of them, each in a thread."""

    def __init__(self, server: str, tokens: Mapping[str, str]) -> None:
        self.hosts = [SimulatedHost(server, name, token) for name, token in tokens.items()]
        before = threading.stack_size(_STACK)
        for host in self.hosts:
            host.start()
            time.sleep(_STEP_SECONDS)
        threading.stack_size(before)

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
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(work, self.hosts))

    @property
    def listening(self) -> int:
        return sum(host.listens for host in self.hosts)

    @property
    def failures(self) -> int:
        return sum(len(host.failures) for host in self.hosts)

    def close(self) -> None:
        for host in self.hosts:
            host.stop()
        for host in self.hosts:
            host.join(10)
