"""What Prometheus is told: requests as they are answered, and the fleet as its state has it now."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graft.fleet.records import READY
from graft.fleet.server.hosts import lag
from graft.fleet.server.services import Services
from graft.fleet.state import blob_index
from graft.fleet.state.hosts import hosts
from graft.fleet.state.releases import state
from graft.fleet.state.sets import list_sets


class Metrics:
    """Of one application: a registry of its own, as several may live in a process."""

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "graft_fleet_requests",
            "answers, by route",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "graft_fleet_request_seconds",
            "until an answer began",
            ("route",),
            registry=self.registry,
        )
        self.sent = Counter(
            "graft_fleet_sent_bytes",
            "bodies of answers, by route",
            ("route",),
            registry=self.registry,
        )
        self.registry.register(_Fleet(services))


class Measured:
    """Around the application: each answer counts once it has ended."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, sent, waited = time.perf_counter(), 500, 0, 0.0

        async def measured(message: Message) -> None:
            nonlocal status, sent, waited
            if message["type"] == "http.response.start":
                status, waited = message["status"], time.perf_counter() - began
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, measured)
        finally:
            # The route and not the path: names of sets and hashes would make a series each.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(waited)
            self._metrics.sent.labels(route).inc(sent)


class _Fleet(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[Metric]:
        return iter(())  # or the registry would ask the state to know its names

    def collect(self) -> Iterator[Metric]:
        served = self._services
        with served.database.reading() as t:
            states = {name: state(t, name) for name in list_sets(t)}
            reports = hosts(t)
            blobs = blob_index.every(t)
        by_status = GaugeMetricFamily(
            "graft_fleet_hosts", "hosts, by set and what they said last", labels=("set", "status")
        )
        late = GaugeMetricFamily(
            "graft_fleet_host_lag_seconds",
            "for how long the last host of a set has not had its release",
            labels=("set",),
        )
        now = served.now()
        for name, desired in states.items():
            own = [each for each in reports if each.set == name]
            said = [
                each.status if each.hash == desired.hash or each.status != READY else "behind"
                for each in own
            ]
            for status in sorted({READY, *said}):
                by_status.add_metric((name, status), said.count(status))
            late.add_metric(
                (name,), max((lag(each, desired, now) for each in own), default=0) / 1000
            )
        yield by_status
        yield late
        counts = GaugeMetricFamily("graft_fleet_blobs", "archives, by store", labels=("store",))
        sizes = GaugeMetricFamily("graft_fleet_blob_bytes", "their sizes", labels=("store",))
        for store in sorted({blob.store for blob in blobs}):
            lying = [blob.size for blob in blobs if blob.store == store]
            counts.add_metric((store,), len(lying))
            sizes.add_metric((store,), sum(lying))
        yield counts
        yield sizes
        yield GaugeMetricFamily(
            "graft_fleet_listeners", "who waits for events", value=served.announcements.waiting
        )
