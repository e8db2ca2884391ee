"""The agent of a host: it goes on comparing what is here with what is wanted, for ever.

What is wanted is asked for each time. An announcement only makes that happen sooner; one that is
lost costs a minute. After a failure it is tried again soon, then less and less often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.host.reconcile import Host, Reconciled, reconcile
from graft.fleet.records import HostReport

PERIOD_SECONDS = 60.0
_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 300.0
# Hosts that hear the same announcement do not all ask in the same instant.
_SPREAD_SECONDS = 0.5
# A host that has nothing new to say says so as often as this.
_REPORT_MS = 5 * 60 * 1000

Told = Callable[[Reconciled], None]


class Agent:
    """Of one host, for the package ``sets``. ``jitter`` gives numbers from 0 to 1, ``told`` is
    called with what came of each attempt, and ``named`` gives the name that the server knows the
    host by, or raises. ``full`` is about the first attempt at each set."""

    def __init__(
        self,
        host: Host,
        sets: Sequence[str],
        *,
        jitter: Callable[[], float],
        told: Told,
        named: Callable[[], str] | None = None,
        period: float = PERIOD_SECONDS,
        full: bool = False,
    ) -> None:
        self._host = host
        self._sets = tuple(sets)
        self._jitter = jitter
        self._told = told
        self._named = named
        self._period = period
        self._full = set(sets) if full else set[str]()
        self._failures = dict.fromkeys(sets, 0)
        self._said: dict[str, HostReport] = {}
        self._rung: set[str] = set()
        self._wake = threading.Event()
        self._stopped = False

    def once(self) -> list[Reconciled]:
        return [self._turn(name) for name in self._sets]

    def run(self) -> None:
        """Until ``stop``, which any thread or signal may call."""
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        due = dict.fromkeys(self._sets, time.monotonic())
        while not self._stopped:
            for name in self._sets:
                if due[name] <= time.monotonic() and not self._stopped:
                    self._turn(name)
                    due[name] = time.monotonic() + self.pause(name)
            if not self._stopped:
                self._wake.wait(max(0.0, min(due.values()) - time.monotonic()))
            self._wake.clear()
            soon = time.monotonic() + self._jitter() * _SPREAD_SECONDS
            while self._rung:
                name = self._rung.pop()
                due[name] = min(due[name], soon)
        listener.join(_SPREAD_SECONDS * 4)

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def ring(self, name: str) -> None:
        """Something may have changed there; an empty name is all of them."""
        self._rung.update(each for each in self._sets if name in (each, ""))
        self._wake.set()

    def pause(self, name: str) -> float:
        """Seconds to the next attempt: spread, so that a fleet does not ask in step."""
        failures = self._failures[name]
        if not failures:
            return self._period * (0.75 + self._jitter() / 2)
        longest = _FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 16)
        return min(_LAST_RETRY_SECONDS, longest) * (0.5 + self._jitter() / 2)

    def _turn(self, name: str) -> Reconciled:
        done = reconcile(self._host, name, full=name in self._full)
        if done.error is None:
            self._full.discard(name)
        self._failures[name] = self._failures[name] + 1 if done.error else 0
        done = replace(done, report=self._reported(done.report))
        self._told(done)
        return done

    def _reported(self, report: HostReport) -> HostReport:
        """The report under the name that the server knows the host by, if that is known. One that
        does not arrive is made good by the next one."""
        before = self._said.get(report.set)
        if before is not None:
            report = replace(report, host=before.host)
            if (
                not report.pulled_blobs
                and report.reported_at - before.reported_at < _REPORT_MS
                and (before.hash, before.status, before.error)
                == (report.hash, report.status, report.error)
            ):
                return report
        try:
            if self._named:
                report = replace(report, host=self._named())
            self._host.upstream.report(report)
        except GraftError:
            return report
        self._said[report.set] = report
        return report

    def _listen(self) -> None:
        failures, again = 0, False
        while not self._stopped:
            try:
                for name in self._host.upstream.events(self._sets, lambda: self._stopped):
                    failures = 0
                    # What was told while nobody listened is not told again.
                    if name or again:
                        self.ring(name)
                    again = True
            except (GraftError, OSError):
                failures += 1
            if not self._stopped:
                longest = min(_LAST_RETRY_SECONDS, 2.0 ** min(failures, 16))
                self._sleep(longest * (0.5 + self._jitter() / 2))

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopped and time.monotonic() < end:
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))
