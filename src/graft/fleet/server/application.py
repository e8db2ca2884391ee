"""The application: routes, errors and limits around what it is given to work with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from graft import __version__
from graft.fleet.server import (
    blobs,
    events,
    health,
    hosts,
    operations,
    packages,
    releases,
    search,
    sets,
    storage,
    types,
    whoami,
)
from graft.fleet.server.failures import FAILURES, handle_failures
from graft.fleet.server.limits import Limited
from graft.fleet.server.metrics import Measured, Metrics
from graft.fleet.server.quick import Quick
from graft.fleet.server.services import Services

_ROUTERS = (
    *(whoami, sets, packages, search, operations, releases, types),
    *(blobs, hosts, events, storage, health),
)


def application(services: Services) -> FastAPI:
    """Its OpenAPI document is at ``/openapi.json``; there are no pages that need the network."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.announcements.open()
        yield
        services.announcements.close()

    app = FastAPI(
        title="graft fleet",
        version=__version__,
        summary="One release, many hosts.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses=FAILURES,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    app.state.metrics = Metrics(services)
    handle_failures(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.add_middleware(Quick, services=services)
    app.add_middleware(Limited)
    app.add_middleware(Measured, metrics=app.state.metrics)
    return app
