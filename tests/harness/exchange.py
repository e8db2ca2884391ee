"""What goes over the wire: requests, the log that keeps them, and replies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["packument", "tarball", "other"]


@dataclass(slots=True, kw_only=True)
class Request:
    """A request as the registry saw it.

    ``path`` is below the registry's URL, decoded and without a query: ``/@acme/tool`` however the
    client wrote the slash; ``target`` is what it sent. Header names are in lower case. ``status``
    is 0 until the reply begins.
    """

    method: str
    path: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    kind: Kind = "other"
    status: int = 0

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


@dataclass(slots=True, kw_only=True)
class Reply:
    """A status, a body, and how badly to deliver it.

    ``sent`` is how many bytes of the body go out before the connection ends, under the length of
    the whole; ``reset`` ends it rudely; ``delay`` seconds pass before the first byte.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None
    reset: bool = False
    delay: float = 0.0


# A path, or a question about the request.
Where = str | Callable[[Request], bool]


def matches(where: Where, request: Request) -> bool:
    return request.path == where if isinstance(where, str) else where(request)


class RequestLog:
    """Requests in the order of their arrival."""

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._changed = threading.Condition()

    def add(self, request: Request) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def all(self) -> list[Request]:
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        with self._changed:
            self._requests.clear()

    def wait_for(self, where: Where, timeout: float) -> Request:
        """The first logged request that matches, as soon as there is one."""

        def found() -> Request | None:
            return next((request for request in self._requests if matches(where, request)), None)

        with self._changed:
            if request := self._changed.wait_for(found, timeout):
                return request
        raise TimeoutError(f"no request for {where} came within {timeout} s")
