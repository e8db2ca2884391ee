"""What a fleet's server did in a phase: processor time, requests and bytes, as it says itself."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fleet_world import World, memory_of, processor_seconds

_SAMPLE = re.compile(r"^(graft_fleet_\w+)\{(.*)\} ([0-9.e+]+)$")
_ROUTE = re.compile(r'route="([^"]*)"')
# What the benchmark itself asks.
_OWN = ("/metrics", "/v1/hosts", "/v1/sets/{set}/rollback")

FIRST, DELTA = "a first release", "a release with a few new"
QUIET, POLLS, REPORTS = "listening alone", "asking again", "reporting again"


@dataclass(kw_only=True)
class Phase:
    """``hosts`` took part. ``waits`` are seconds from the move to each host's report, sorted;
    ``requests`` and ``sent`` are by route. Times are seconds, all else bytes; ``memory`` is what
    all streams of events took."""

    name: str
    hosts: int
    waits: Sequence[float] = ()
    wall: float = 0.0
    server: float = 0.0
    players: float = 0.0
    peak: int = 0
    memory: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    sent: Mapping[str, int] = field(default_factory=dict)
    relay: float = 0.0

    @property
    def asked(self) -> int:
        return sum(self.requests.values())

    @property
    def each(self) -> float:
        """Milliseconds of the server's processor for a request."""
        return self.server / max(1, self.asked) * 1000

    @property
    def bytes(self) -> int:
        return sum(self.sent.values())

    def wait(self, part: float) -> float:
        return self.waits[min(len(self.waits) - 1, int(part * len(self.waits)))]


class Gauge:
    """Of one server. ``relay`` is another process, whose processor time is told beside it."""

    def __init__(self, world: World, relay: int = 0) -> None:
        self._world = world
        self._relay = relay
        self._before = memory_of(world.server.process.pid, "VmRSS")
        self._read = world.server.token("read")

    @contextmanager
    def phase(self, name: str, hosts: int) -> Iterator[Phase]:
        found = Phase(name=name, hosts=hosts)
        pid = self._world.server.process.pid
        requests, sent = self.counts()
        server, own = processor_seconds(pid), time.process_time()
        relay = processor_seconds(self._relay) if self._relay else 0.0
        began = time.monotonic()
        yield found
        found.wall = time.monotonic() - began
        found.server = processor_seconds(pid) - server
        found.players = time.process_time() - own
        if self._relay:
            found.relay = processor_seconds(self._relay) - relay
        found.peak = memory_of(pid, "VmHWM")
        after = self.counts()
        found.requests, found.sent = after[0] - requests, after[1] - sent

    @property
    def grown(self) -> int:
        """Bytes that the server has more than when this began."""
        return memory_of(self._world.server.process.pid, "VmRSS") - self._before

    def counts(self) -> tuple[Counter[str], Counter[str]]:
        """Requests and bytes, by route."""
        said = self._world.server.request("GET", "/metrics", token=self._read).body.decode()
        requests, sent = Counter[str](), Counter[str]()
        for line in said.splitlines():
            sample = _SAMPLE.match(line)
            route = _ROUTE.search(sample[2]) if sample else None
            if not (sample and route) or route[1] in _OWN:
                continue
            if sample[1] == "graft_fleet_requests_total":
                requests[route[1]] += round(float(sample[3]))
            elif sample[1] == "graft_fleet_sent_bytes_total":
                sent[route[1]] += round(float(sample[3]))
        return requests, sent
