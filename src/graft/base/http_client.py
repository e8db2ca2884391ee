"""The HTTP client: many requests under way at once, and no thread of its own.

Whoever waits for an answer pumps: every pump starts what is due, lets libcurl read and write what
the sockets allow, and runs the callbacks of what has finished. Callbacks may send new requests, and
may wait for others.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import selectors
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from graft.base import curl
from graft.base.certificates import Trust, trust
from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings, HttpStats, Request, Response, Transfer
from graft.base.light_pycurl import pycurl
from graft.base.records import replace
from graft.base.retry import RETRYABLE_STATUSES, Silences, parse_retry_after
from graft.base.turns import Turns

_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_LONGEST_WAIT = 1.0


def _random() -> float:
    # The random module costs 5 ms to import; jitter needs no more than this.
    return int.from_bytes(os.urandom(4), "big") / 2**32


class _Try:
    """One transfer's body and headers as they arrive, and how often it was tried."""

    __slots__ = (
        *("chunks", "hops", "lines", "overflowed", "request", "size", "transfer"),
        *("tries", "trusted"),
    )

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer
        self.trusted: Trust | None = None
        self.tries = 0
        self.begin()

    def begin(self) -> None:
        self.tries += 1
        self.request = self.transfer.request
        self.hops = 0
        self.clear()

    def follow(self, request: Request) -> None:
        self.request = request
        self.hops += 1
        self.clear()

    def clear(self) -> None:
        self.chunks: list[bytes] = []
        self.lines: list[bytes] = []
        self.size = 0
        self.overflowed = False

    def take(self, chunk: bytes) -> int | None:
        self.size += len(chunk)
        if self.size > self.transfer.request.max_bytes:
            self.overflowed = True
            return -1  # libcurl ends the transfer
        self.chunks.append(chunk)
        return None


class HttpClient:
    """Not for several threads at once, except ``wake``."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        jitter: Callable[[], float] = _random,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stats = HttpStats()
        self._settings = settings
        self._jitter = jitter
        self._clock = clock
        self._now = now
        self._trust = trust(settings)
        self._turns: Turns[_Try] = Turns(settings.max_sockets, settings.max_streams)
        self._later: list[tuple[float, int, _Try]] = []
        self._postponed = 0
        self._silences = Silences(settings.retry.retries)
        self._running: dict[Any, _Try] = {}
        self._idle: list[Any] = []
        self._finished: deque[tuple[Transfer, Response | GraftError]] = deque()
        self._timer: float | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._multi = curl.new_multi(settings)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def send(self, request: Request) -> Transfer:
        """Queue a request; it starts with the next pump."""
        transfer = Transfer(request)
        self._turns.wait(request.url, _Try(transfer), urgent=request.urgent)
        return transfer

    def wait(self, transfer: Transfer) -> Response:
        """Pump until ``transfer`` is done; its response, or its error raised."""
        self.pump_until_done(transfer)
        return transfer.result()

    def pump_until_done(self, transfer: Transfer) -> None:
        while not transfer.done:
            if not self.pump(_LONGEST_WAIT) and not transfer.done:
                raise RuntimeError("waiting for a transfer that nothing will finish")

    def pump(self, timeout: float = 0.0) -> int:
        """Advance what is under way, waiting up to ``timeout`` seconds for something to happen.

        Runs the callbacks of what finished and returns how many transfers remain under way or
        queued. Returns at once when that is none.
        """
        self._start_due()
        if self.in_flight:
            self._turn(0.0 if self._finished else timeout)
            self._collect()
        self._deliver()
        self._start_due()
        return self.in_flight

    @property
    def in_flight(self) -> int:
        """Transfers under way, queued, waiting for their next try, or done and not yet told."""
        queued = len(self._turns) + len(self._later)
        return queued + len(self._running) + len(self._finished)

    def wake(self) -> None:
        """End the wait of a pump early. The one method that any thread may call."""
        with contextlib.suppress(BlockingIOError):  # a full pipe has wake-ups enough
            os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """Drop every connection and everything under way; transfers that are not done stay so."""
        for handle in self._running:
            self._multi.remove_handle(handle)
        for handle in [*self._running, *self._idle]:
            handle.close()
        self._running.clear()
        self._idle.clear()
        for queue in (self._turns, self._later, self._finished):
            queue.clear()
        self._multi.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Starting

    def _start_due(self) -> None:
        if self._later:
            now = self._clock()
            while self._later and self._later[0][0] <= now:
                # Who has waited already goes first.
                again = heapq.heappop(self._later)[2]
                self._turns.wait(again.request.url, again, urgent=True, first=True)
        while (attempt := self._turns.next()) is not None:
            end = self._silences.end(attempt.request.url) if self._silences else 0.0
            if end > self._clock():
                self._put_off(attempt, end)
            else:
                self._start(attempt)

    def _start(self, attempt: _Try) -> None:
        handle = self._idle.pop() if self._idle else curl.new_handle(self._settings, self._trust)
        try:
            curl.aim(
                handle,
                attempt.request,
                self._settings,
                on_body=attempt.take,
                on_header=attempt.lines.append,
            )
        except (pycurl.error, ValueError) as error:
            handle.close()
            failed = curl.failure(
                attempt.request, pycurl.E_URL_MALFORMAT, str(error), attempt.tries
            )
            self._finished.append((attempt.transfer, failed))
            return
        attempt.trusted = self._trust
        self._running[handle] = attempt
        self._turns.began(attempt.request.url)
        self._multi.add_handle(handle)
        self.stats.requests += 1

    # Reading and writing

    def _turn(self, timeout: float) -> None:
        """One round of libcurl: its timer, or the sockets that became ready."""
        now = self._clock()
        for moment in (self._timer, self._later[0][0] if self._later else None):
            if moment is not None:
                timeout = min(timeout, max(0.0, moment - now))
        for key, events in self._selector.select(timeout):
            if key.fd == self._wake_read:
                os.read(self._wake_read, 65536)
                continue
            mask = pycurl.CSELECT_IN if events & selectors.EVENT_READ else 0
            if events & selectors.EVENT_WRITE:
                mask |= pycurl.CSELECT_OUT
            self._multi.socket_action(key.fd, mask)
        if self._timer is not None and self._timer <= self._clock():
            self._timer = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _watch(self, event: int, descriptor: int, _multi: object, _data: object) -> None:
        """libcurl's word on which sockets matter to it, and how."""
        if event == pycurl.POLL_REMOVE:
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        elif descriptor in self._selector.get_map():
            self._selector.modify(descriptor, _EVENTS[event])
        else:
            self._selector.register(descriptor, _EVENTS[event])

    def _set_timer(self, milliseconds: int) -> None:
        self._timer = None if milliseconds < 0 else self._clock() + milliseconds / 1000

    # Finishing

    def _collect(self) -> None:
        """Take what libcurl has finished: outcomes to deliver, or tries to come."""
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            for handle in succeeded:
                self._end(handle, 0, "")
            for handle, code, message in failed:
                self._end(handle, code, message)

    def _end(self, handle: Any, code: int, message: str) -> None:
        attempt = self._running.pop(handle)
        self._multi.remove_handle(handle)
        self.stats.received += handle.getinfo(pycurl.SIZE_DOWNLOAD_T)
        self.stats.connections += handle.getinfo(pycurl.NUM_CONNECTS)
        transfer, request, wait = attempt.transfer, attempt.request, None
        self._turns.ended(request.url, shared=curl.is_shared(handle))
        onward = None
        if request.certificate and not code:
            onward = curl.redirected(handle, request, attempt.hops)
        outcome: Response | GraftError
        if attempt.overflowed:
            outcome = curl.too_large(request)
        elif isinstance(onward, Request):
            handle.close()
            attempt.follow(onward)
            self._turns.wait(attempt.request.url, attempt, urgent=True)
            return
        elif onward is not None:
            outcome = onward
        elif curl.is_distrust(code) and attempt.trusted and attempt.trusted.folder:
            handle.close()
            self._trust_bundle()
            attempt.clear()
            self._turns.wait(attempt.request.url, attempt, urgent=True)
            return
        elif code:
            outcome = curl.failure(request, code, message, attempt.tries)
            wait = self._delay(attempt) if curl.is_retryable(code) else None
        else:
            outcome = Response(
                status=handle.getinfo(pycurl.RESPONSE_CODE),
                url=handle.getinfo(pycurl.EFFECTIVE_URL),
                body=b"".join(attempt.chunks),
                lines=attempt.lines,
            )
            if outcome.status in RETRYABLE_STATUSES:
                asked = parse_retry_after(outcome.headers.get("retry-after", ""), self._now)
                if not asked or self._silences.ask(request.url, self._clock(), asked):
                    wait = self._delay(attempt, asked)
            elif self._silences:
                self._silences.answered(request.url)
        if attempt.trusted is self._trust and not request.certificate:
            curl.rest(handle)
            self._idle.append(handle)
        else:
            handle.close()
        if wait is None:
            self._finished.append((transfer, outcome))
        else:
            self._postpone(attempt, wait)

    def _trust_bundle(self) -> None:
        """From here on; handles that know of the folder alone are of no more use."""
        if self._trust.folder:
            self._trust = replace(self._trust, folder="")
        for handle in self._idle:
            handle.close()
        self._idle.clear()

    def _delay(self, attempt: _Try, asked: float | None = None) -> float | None:
        """Seconds until the next try; None if this was the last one."""
        policy = self._settings.retry
        if attempt.tries > policy.retries:
            return None
        return max(asked or 0.0, policy.delay(attempt.tries, self._jitter()))

    def _postpone(self, attempt: _Try, seconds: float) -> None:
        attempt.begin()
        self.stats.retries += 1
        self._put_off(attempt, self._clock() + seconds)

    def _put_off(self, attempt: _Try, moment: float) -> None:
        self._postponed += 1
        heapq.heappush(self._later, (moment, self._postponed, attempt))

    def _deliver(self) -> None:
        # A queue of the client's own: a callback may pump, or raise, and nothing gets lost.
        while self._finished:
            transfer, outcome = self._finished.popleft()
            transfer.finish(outcome)
