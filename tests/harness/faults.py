"""Misbehaviour on demand: each fault spoils the next few requests that it is meant for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.exchange import Reply, Request, Where, matches


@dataclass(slots=True, kw_only=True)
class Fault:
    """How to answer wrongly, ``left`` times more (None: for ever). ``used`` counts upward."""

    where: Where
    left: int | None = 1
    status: int | None = None
    retry_after: int | str | None = None
    drop: bool = False
    truncate: int | None = None
    delay: float = 0.0
    redirect: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    used: int = 0

    def spoil(self, answer: Callable[[], Reply]) -> Reply:
        """The wrong reply; ``answer`` gives the right one, for faults that only damage it."""
        reply = self._own() or answer()
        reply.headers |= self.headers
        reply.delay = self.delay
        if self.retry_after is not None:
            reply.headers["Retry-After"] = str(self.retry_after)
        if self.truncate is not None:
            reply.sent = self.truncate
        if self.drop:
            reply.sent, reply.reset = len(reply.body) // 2, True
        return reply

    def _own(self) -> Reply | None:
        if self.redirect:
            return Reply(status=self.status or 302, headers={"Location": self.redirect})
        if self.body is not None:
            return Reply(status=self.status or 200, body=self.body)
        if self.status is not None:
            body = b'{"error":"a fault that the test asked for"}'
            return Reply(
                status=self.status, headers={"Content-Type": "application/json"}, body=body
            )
        return None


class Faults:
    """The faults in force, first come first used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.left != 0 and matches(fault.where, request):
                    fault.used += 1
                    if fault.left is not None:
                        fault.left -= 1
                    return fault
        return None
