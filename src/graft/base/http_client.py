"""The HTTP client."""

from __future__ import annotations

from graft.base.http import HttpSettings, HttpStats, Request, Response, Transfer


class HttpClient:
    def __init__(self, settings: HttpSettings) -> None:
        self.stats = HttpStats()

    def send(self, request: Request) -> Transfer:
        raise NotImplementedError

    def wait(self, transfer: Transfer) -> Response:
        raise NotImplementedError

    def pump(self, timeout: float = 0.0) -> int:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
