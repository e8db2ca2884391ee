"""Whether the server is there, whether it is of use, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from graft import __version__
from graft.fleet.server.answers import Health
from graft.fleet.server.auth import Reads
from graft.fleet.server.metrics import Metrics
from graft.fleet.server.services import Served
from graft.fleet.state.sets import list_sets

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """That it answers at all."""
    return Health(status="ok", version=__version__)


@router.get("/readyz")
def readyz(served: Served) -> Health:
    """That it can ask its state."""
    with served.database.reading() as t:
        list_sets(t)
    return Health(status="ok", version=__version__)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, _: Reads) -> Response:
    found = request.app.state.metrics
    assert isinstance(found, Metrics)
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
