"""The application on a port, until it is told to stop."""

from __future__ import annotations

import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from graft.base.diagnostics import GraftError
from graft.fleet.server.announcements import Announcements

# How long answers that are under way have to end.
_STOP_SECONDS = 10
_QUEUE = 1024


def listen(address: str) -> socket.socket:
    """``host:port`` or ``[host]:port``; port 0 is a free one. Raises ``fleet-invalid``."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise GraftError(
            "fleet-invalid",
            f"'{address}' is no address to listen at",
            fix="write a host and a port, as 127.0.0.1:8080",
        )
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(_QUEUE)
    except OSError as error:
        raise GraftError(
            "fleet-invalid",
            f"cannot listen at {address}",
            why=(str(error),),
            fix="name another address with --listen; port 0 is a free one",
        ) from None
    return found


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    app: FastAPI,
    listening: socket.socket,
    announcements: Announcements,
    started: Callable[[], None],
) -> None:
    """Until SIGINT or SIGTERM; what is under way is answered, and who waits for events is let go.
    Calls ``started`` when requests are answered."""
    _allow_open_files()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        # Hosts ask again within half a minute: their connections are kept for that long.
        timeout_keep_alive=60,
    )
    _Server(config, announcements, started).run(sockets=[listening])


def _allow_open_files() -> None:
    """As many as the system lets this process have: each host holds a connection for events, and
    what is allowed to begin with is often a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, announcements: Announcements, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._announcements = announcements
        self._started = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The class's own sends itself the signal once more at the end, and so would end before
        the state is closed."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First of all: these answers would never end by themselves.
        self._announcements.close()
        await super().shutdown(sockets)
