"""A server's events as they come: one long answer, read for as long as somebody wants to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from graft.base import curl
from graft.base.certificates import trust
from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings, Request, redact
from graft.base.light_pycurl import pycurl
from graft.base.records import Record

_LOOK_SECONDS = 0.5
_BLIND_SECONDS = 0.1
# The server says every quarter of a minute that it is there.
_SILENT_SECONDS = 60
_LONGEST_LINE = 1 << 20


class Heard(Record):
    """``kind`` is ``release`` for a set's new one. What has no ``id`` is nothing but a sign of
    life, which comes first of all: whoever asks now what is so misses nothing after it."""

    id: int = 0
    kind: str = ""
    set: str = ""
    data: Mapping[str, Any] = {}


def listen(
    server: str,
    token: str,
    settings: HttpSettings,
    *,
    sets: tuple[str, ...] = (),
    after: int = 0,
    stop: Callable[[], bool],
) -> Generator[Heard, None, None]:
    """Ends where the connection does, or soon after ``stop`` says so. ``after`` is the id of the
    last event that was heard; 0 is from now on. Raises ``fleet-unreachable`` where there is no
    such answer."""
    query = urlencode([("set", name) for name in sets])
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(after)} if after else {})
    request = Request(
        url=f"{server}/v1/events" + (f"?{query}" if query else ""),
        headers=headers,
        auth=f"Bearer {token}" if token else "",
        compressed=False,
    )
    came = bytearray()
    multi, handle = pycurl.CurlMulti(), curl.new_handle(settings, trust(settings))
    try:
        curl.aim(handle, request, settings, on_body=_into(came), on_header=lambda _: None)
        handle.setopt(pycurl.TIMEOUT, 0)
        handle.setopt(pycurl.LOW_SPEED_LIMIT, 1)
        handle.setopt(pycurl.LOW_SPEED_TIME, _SILENT_SECONDS)
        multi.add_handle(handle)
        running = 1
        while running and not stop():
            _, running = multi.perform()
            if handle.getinfo(pycurl.RESPONSE_CODE) in (0, 200):
                yield from _taken(came)
            # It waits for no descriptor above 1,023, of which a host that serves others has many.
            if running and multi.select(_LOOK_SECONDS) < 1:
                time.sleep(_BLIND_SECONDS)
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        if not running and status != 200:
            raise _unheard(request, status)
    finally:
        multi.remove_handle(handle)
        handle.close()
        multi.close()


def _into(came: bytearray) -> Callable[[bytes], int | None]:
    def take(chunk: bytes) -> int | None:
        came.extend(chunk)
        return -1 if len(came) > _LONGEST_LINE else None

    return take


def _taken(came: bytearray) -> Iterator[Heard]:
    """Whole events, each up to an empty line."""
    while (end := came.find(b"\n\n")) >= 0:
        lines = bytes(came[:end]).decode(errors="replace").split("\n")
        del came[: end + 2]
        yield _heard(lines)


def _heard(lines: list[str]) -> Heard:
    said = dict(line.split(": ", 1) for line in lines if ": " in line and line[0] != ":")
    try:
        data = json.loads(said.get("data", "{}"))
    except ValueError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    id = said.get("id", "")
    return Heard(
        id=int(id) if id.isascii() and id.isdigit() else 0,
        kind=said.get("event", ""),
        set=str(data.get("set", "")),
        data=data,
    )


def _unheard(request: Request, status: int) -> GraftError:
    return GraftError(
        "fleet-unreachable",
        "the fleet's server tells no events",
        where=redact(request.url),
        why=(f"it answered {status}" if status else "no connection could be made, or it broke",),
        fix="nothing is lost: hosts also ask by themselves",
    )
