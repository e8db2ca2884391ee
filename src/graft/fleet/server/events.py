"""Server-sent events: what hurries hosts, and decides nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from graft.fleet.records import Event
from graft.fleet.server.auth import Hosted
from graft.fleet.server.services import Served, Services

router = APIRouter(prefix="/v1/events", tags=["hosts"])

_ALIVE = b": alive\n\n"


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def events(
    served: Served,
    _: Hosted,
    set: Annotated[list[str], Query(description="of these sets alone")] = [],  # noqa: B006
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """With ``Last-Event-ID``, what has happened since then first."""
    after = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else None
    return StreamingResponse(
        _stream(served, frozenset(set), after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    served: Services, sets: frozenset[str], after: int | None
) -> AsyncIterator[bytes]:
    yield _ALIVE
    async for event in served.announcements.follow(after):
        if event is None:
            yield _ALIVE
        elif not sets or event.set in sets or not event.set:
            yield _written(event)


def _written(event: Event) -> bytes:
    said = json.dumps({"set": event.set, "at": event.at, **event.data})
    return f"id: {event.id}\nevent: {event.kind}\ndata: {said}\n\n".encode()
