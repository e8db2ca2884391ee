"""Which request begins next.

A server that speaks HTTP/1.1 answers one request a connection, so no more begin than it has
connections: what libcurl holds back for want of one runs out of the time to connect, and fails
where the server is merely slow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from graft.base.retry import server_of

T = TypeVar("T")


class Turns(Generic[T]):
    """A line for each server, by the start of its URLs, and another for what is urgent there.
    ``sockets`` may be under way at once at a server, ``streams`` at one that has shown that one
    connection is enough, and in all."""

    def __init__(self, sockets: int, streams: int) -> None:
        self._sockets = sockets
        self._streams = streams
        self._urgent: dict[str, deque[T]] = {}
        self._others: dict[str, deque[T]] = {}
        self._running: dict[str, int] = {}
        self._shares: set[str] = set()

    def __len__(self) -> int:
        return sum(map(len, self._lines()))

    def wait(self, url: str, item: T, *, urgent: bool, first: bool = False) -> None:
        lines = self._urgent if urgent else self._others
        line = lines.setdefault(server_of(url), deque())
        if first:
            line.appendleft(item)
        else:
            line.append(item)

    def next(self) -> T | None:
        """The next that may begin, taken out of its line."""
        if sum(self._running.values()) >= self._streams:
            return None
        for lines in (self._urgent, self._others):
            for server, line in lines.items():
                if line and self._has_room(server):
                    return line.popleft()
        return None

    def began(self, url: str) -> None:
        server = server_of(url)
        self._running[server] = self._running.get(server, 0) + 1

    def ended(self, url: str, *, shared: bool) -> None:
        """``shared`` says that its connection had room for others meanwhile."""
        server = server_of(url)
        self._running[server] -= 1
        if shared:
            self._shares.add(server)

    def clear(self) -> None:
        for line in self._lines():
            line.clear()

    def _has_room(self, server: str) -> bool:
        return server in self._shares or self._running.get(server, 0) < self._sockets

    def _lines(self) -> Iterator[deque[T]]:
        yield from self._urgent.values()
        yield from self._others.values()
