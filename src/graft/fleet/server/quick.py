"""What hosts ask most, answered before the framework is: what is wanted, and archives.

A thousand hosts that begin with a release ask for all of its archives, and for the rest of their
lives whether there is a new one. A route's way through the framework takes several times what its
answer does. Only what goes well is answered here, by the route's own function; whatever else there
is to say, the route says.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from anyio.to_thread import run_sync
from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.records import HOST
from graft.fleet.server.auth import need_caller
from graft.fleet.server.blobs import blob_answer
from graft.fleet.server.releases import desired_answer
from graft.fleet.server.services import Services


class _Road(Record):
    """``path`` is the route's, for the metrics; ``header`` is handed to ``answer`` with what
    stands in the path."""

    path: str
    pattern: re.Pattern[str]
    header: bytes
    answer: Callable[[Services, str, str], Response]


_ROADS = (
    _Road(
        path="/v1/blobs/{file}",
        pattern=re.compile(r"/v1/blobs/([^/]+)"),
        header=b"range",
        answer=blob_answer,
    ),
    _Road(
        path="/v1/sets/{set}/desired",
        pattern=re.compile(r"/v1/sets/([^/]+)/desired"),
        header=b"if-none-match",
        answer=desired_answer,
    ),
)


class Quick:
    """Around the application."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            for road in _ROADS:
                matched = road.pattern.fullmatch(scope["path"])
                if matched:
                    answer = await run_sync(self._answer, road, matched[1], scope)
                    if answer is not None:
                        scope["route"] = road
                        await answer(scope, receive, send)
                        return
        await self._app(scope, receive, send)

    def _answer(self, road: _Road, name: str, scope: Scope) -> Response | None:
        headers = dict(scope["headers"])
        kind, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        try:
            need_caller(self._services, scope["path"], secret, HOST)
            return road.answer(
                self._services, name, headers.get(road.header, b"").decode("latin-1")
            )
        except GraftError:
            return None
