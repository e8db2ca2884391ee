"""What hosts ask, answered before the framework is.

A thousand hosts that begin with a release ask for all of its archives, and for the rest of their
lives whether there is a new one. A route's way through the framework takes several times what its
answer does. Only what goes well is answered here, by the route's own function; whatever else there
is to say, the route says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from anyio.to_thread import run_sync
from fastapi import Response
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.records import HOST, Token
from graft.fleet.server.answers import MissingAsked, ReportAsked
from graft.fleet.server.auth import need_caller
from graft.fleet.server.blobs import blob_answer
from graft.fleet.server.hosts import HOST_NAME, report_answer
from graft.fleet.server.releases import desired_answer, missing_answer, release_answer
from graft.fleet.server.services import Services

_Answer = Callable[[Services, Token, Sequence[str], str, bytes], Response]


class _Road(Record):
    """``path`` is the route's, for the metrics. ``answer`` is given who asks, what stands in the
    path, the text of ``header``, and the body."""

    method: str
    path: str
    pattern: re.Pattern[str]
    answer: _Answer
    header: bytes = b""


def _blob(served: Services, _: Token, said: Sequence[str], header: str, __: bytes) -> Response:
    return blob_answer(served, said[0], header)


def _desired(served: Services, _: Token, said: Sequence[str], header: str, __: bytes) -> Response:
    return desired_answer(served, said[0], header)


def _release(served: Services, _: Token, said: Sequence[str], __: str, ___: bytes) -> Response:
    return release_answer(served, said[0], said[1])


def _missing(served: Services, _: Token, said: Sequence[str], __: str, body: bytes) -> Response:
    asked = MissingAsked.model_validate_json(body)
    return missing_answer(served, said[0], said[1], asked)


def _report(served: Services, caller: Token, said: Sequence[str], _: str, body: bytes) -> Response:
    asked = ReportAsked.model_validate_json(body)
    return report_answer(served, caller, said[0], said[1], asked)


_SET = "/v1/sets/{set}"
_RELEASE = _SET + "/releases/{hash}"
_ROADS = tuple(
    _Road(
        method=method,
        path=path,
        pattern=re.compile(
            path.replace("{host}", f"({HOST_NAME})")
            .replace("{hash}", "([0-9a-f]{64})")
            .replace("{set}", "([^/]{1,64})")
            .replace("{file}", "([^/]+)")
        ),
        answer=answer,
        header=header,
    )
    for method, path, answer, header in (
        ("GET", "/v1/blobs/{file}", _blob, b"range"),
        ("GET", f"{_SET}/desired", _desired, b"if-none-match"),
        ("GET", _RELEASE, _release, b""),
        ("POST", f"{_RELEASE}/missing", _missing, b""),
        ("PUT", "/v1/hosts/{host}/sets/{set}", _report, b""),
    )
)


class Quick:
    """Around the application."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        road, said = _road(scope)
        if road is None:
            await self._app(scope, receive, send)
            return
        body = b"" if road.method == "GET" else await _body(receive)
        if body is None:
            return
        answer = await run_sync(self._answer, road, said, scope, body)
        if answer is not None:
            scope["route"] = road
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive if road.method == "GET" else _again(body, receive), send)

    def _answer(
        self, road: _Road, said: Sequence[str], scope: Scope, body: bytes
    ) -> Response | None:
        headers = dict(scope["headers"])
        kind, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        header = headers.get(road.header, b"").decode("latin-1")
        try:
            caller = need_caller(self._services, scope["path"], secret, HOST)
            return road.answer(self._services, caller, said, header, body)
        except (GraftError, ValidationError):
            return None


def _road(scope: Scope) -> tuple[_Road | None, Sequence[str]]:
    if scope["type"] == "http" and not scope["query_string"]:
        for road in _ROADS:
            if road.method == scope["method"]:
                matched = road.pattern.fullmatch(scope["path"])
                if matched:
                    return road, matched.groups()
    return None, ()


async def _body(receive: Receive) -> bytes | None:
    """None where whoever asks has gone."""
    came = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        came += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(came)


def _again(body: bytes, receive: Receive) -> Receive:
    """As if it had not been read."""
    told = False

    async def read() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read
