"""When a request is worth another try, and after how long."""

from __future__ import annotations

from collections.abc import Callable

from graft.base.records import Record

# Answers that another moment may change: too early, too many, or a server in trouble.
RETRYABLE_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_RETRY_AFTER = 60.0


class RetryPolicy(Record):
    """npm's ``fetch-retries`` and its three companions; times are seconds.

    npm waits 10 s before its second try. An install holds hundreds of requests, and most faults of
    a registry pass in a fraction of a second: so graft starts small, tries more often, and spreads
    the tries by jitter.
    """

    retries: int = 4
    factor: float = 2.0
    shortest: float = 0.2
    longest: float = 10.0

    def delay(self, tries: int, jitter: float) -> float:
        """Seconds to wait after ``tries`` tries; ``jitter`` in [0, 1) takes off up to a half."""
        full = min(self.longest, self.shortest * self.factor ** (tries - 1))
        return full * (1.0 - jitter / 2)


class Silences:
    """Servers that asked to be left alone, by the start of their URLs: what holds for one request
    holds for all. After ``limit`` times nobody waits for them any more. Moments are of one clock,
    in seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._until: dict[str, float] = {}
        self._times: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def ask(self, url: str, now: float, seconds: float) -> bool:
        """Keep away from the server of ``url``; False if it has asked too often since it last
        answered. Many requests that were under way together count as one."""
        server = server_of(url)
        if now >= self._until.get(server, 0.0):
            self._times[server] = self._times.get(server, 0) + 1
        if self._times[server] > self._limit:
            return False
        self._until[server] = max(self._until.get(server, 0.0), now + seconds)
        return True

    def end(self, url: str) -> float:
        """When the server of ``url`` may be asked again; 0 if it never forbade it."""
        return self._until.get(server_of(url), 0.0)

    def answered(self, url: str) -> None:
        self._times[server_of(url)] = 0


def server_of(url: str) -> str:
    """What its URLs begin with: a scheme, a host and perhaps a port."""
    return "/".join(url.split("/", 3)[:3]).lower()


def parse_retry_after(value: str, now: Callable[[], float]) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, at most 60; None if it says nothing sound.

    RFC 9110 section 10.2.3: a number of seconds or an HTTP date.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_AFTER)
    if not value:
        return None
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, moment - now()), LONGEST_RETRY_AFTER)
