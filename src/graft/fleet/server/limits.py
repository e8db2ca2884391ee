"""How much may be sent to the server."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graft.base.diagnostics import Diagnostic
from graft.fleet.server.failures import failure

MOST_BYTES = 4 << 20
# A lock of ten thousand packages has 5 MB.
MOST_PUBLISHED = 64 << 20


class Limited:
    """Around the application: what is larger is refused before it is read, or as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        most = MOST_PUBLISHED if scope["path"].endswith("/publish") else MOST_BYTES
        said = dict(scope["headers"]).get(b"content-length", b"")
        if said.isdigit() and int(said) > most:
            await _too_much(most)(scope, receive, send)
            return
        came, began = 0, False

        async def limited() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise _TooMuchError
            return message

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, limited, watched)
        except _TooMuchError:
            if not began:
                await _too_much(most)(scope, receive, send)


class _TooMuchError(Exception):
    pass


def _too_much(most: int) -> ASGIApp:
    return failure(
        Diagnostic(
            code="fleet-invalid",
            message=f"what was sent is larger than {most:,} bytes",
            fix="send less at once",
        ),
        413,
    )
