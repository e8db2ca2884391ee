"""``fleet agent``: a host of a fleet at work."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from graft.base.diagnostics import GraftError
from graft.base.progress import Progress
from graft.base.records import Record, replace
from graft.base.retry import RetryPolicy
from graft.fleet.host.agent import PERIOD_SECONDS, Agent
from graft.fleet.host.pace import Pace
from graft.fleet.host.reconcile import Host, Reconciled
from graft.fleet.host.relay import Relay
from graft.fleet.host.remote import Remote
from graft.fleet.host.root import HostRoot
from graft.fleet.host.tree_gc import sweep_archives
from graft.project.settings import Settings
from graft.store.paths import Store, open_store
from graft.workflows.collect import Wishes, collect
from graft.workflows.host import this_platform

_DAY_MS = 24 * 60 * 60 * 1000
_COLLECT_SECONDS = 60.0


class HostWishes(Record, unshown=("token",)):
    """``home`` is where the store's home is, if not below ``root``; both are absolute. ``serve`` is
    the address for hosts behind this one, if any, ``max_rate`` bytes a second, 0 for any, and
    ``period`` the seconds between two looks. ``full`` compares every byte at the first."""

    server: str
    token: str
    root: str
    sets: Sequence[str]
    layout: str
    home: str = ""
    name: str = ""
    serve: tuple[str, int] | None = None
    max_rate: int = 0
    period: float = PERIOD_SECONDS
    full: bool = False


class Working(Record):
    """``address`` is that of the relay."""

    agent: Agent
    address: tuple[str, int] | None


@contextmanager
def agent_at_work(
    wishes: HostWishes,
    settings: Settings,
    progress: Progress,
    told: Callable[[Reconciled], None],
) -> Iterator[Working]:
    """An agent that can be run. Raises ``fleet-invalid`` for what is no server or no set, and
    ``store-unwritable``."""
    root = HostRoot(wishes.root)
    for name in wishes.sets:
        root.set(name)
    store = open_store(wishes.home or root.home)
    http = replace(settings.http, retry=RetryPolicy(retries=2))
    upstream = Remote(wishes.server, wishes.token, http)
    host = Host(
        root=root,
        name=wishes.name or os.uname().nodename,
        store=store,
        upstream=upstream,
        platform=this_platform(),
        layout=wishes.layout,
        now=_now,
        pace=Pace(wishes.max_rate, time.monotonic, time.sleep),
        say=progress.say,
        keeps=wishes.serve is not None,
    )
    relay = Relay(host, wishes.sets, wishes.serve) if wishes.serve else None
    tidy = _Tidy(host, settings.garbage.grace, progress)

    def after(done: Reconciled) -> None:
        if relay and done.flipped:
            relay.ring(done.report.set)
        tidy.now_and_then()
        told(done)

    agent = Agent(
        host,
        wishes.sets,
        jitter=random.random,
        told=after,
        named=_Name(upstream, wishes.name or host.name),
        period=wishes.period,
        full=wishes.full,
    )
    try:
        yield Working(agent=agent, address=relay.address if relay else None)
    finally:
        if relay:
            relay.close()
        upstream.close()


class _Name:
    """What the host is called where it reports: a token of the role ``host`` says so itself."""

    def __init__(self, upstream: Remote, name: str) -> None:
        self._upstream = upstream
        self._name = name
        self._known = False

    def __call__(self) -> str:
        if not self._known:
            said = self._upstream.whoami().get("host")
            self._name = said if isinstance(said, str) and said else self._name
            self._known = True
        return self._name


class _Tidy:
    """Once a day what no tree needs any more goes from the store and from the kept archives."""

    def __init__(self, host: Host, grace: int, progress: Progress) -> None:
        self._host = host
        self._grace = grace
        self._progress = progress

    def now_and_then(self) -> None:
        store = self._host.store
        try:
            since = os.stat(store.collected).st_mtime_ns // 10**6
        except FileNotFoundError:
            since = 0
        if 0 <= self._host.now() - since < _DAY_MS:
            return
        self._tidy(store)

    def _tidy(self, store: Store) -> None:
        try:
            wishes = Wishes(grace=self._grace, waits=False, seconds=_COLLECT_SECONDS)
            collect(store, wishes, self._progress)
            sweep_archives(self._host.root)
        except (GraftError, OSError):
            return  # it is tried again


def _now() -> int:
    return time.time_ns() // 10**6
