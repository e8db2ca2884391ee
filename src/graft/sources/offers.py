"""What registries may offer beside packages, and not every one does: search, advisories."""

from __future__ import annotations

from typing import Any

import msgspec

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Response, Transfer, redact
from graft.base.http_client import HttpClient
from graft.project.registries import Registries
from graft.sources.answers import refusal, senseless

_MAX_ANSWER = 64 << 20
# What a server says of a path or a method that it does not know.
_UNKNOWN = frozenset({404, 405, 410, 501})


def ask(
    client: HttpClient,
    registries: Registries,
    registry: str,
    path: str,
    *,
    offer: str,
    posted: bytes | None = None,
) -> Transfer:
    """Ask ``registry`` at ``path`` below its URL, with what it is to know of who asks.

    ``offer`` names in a few words what is asked for. ``posted`` is JSON, compressed by gzip.
    """
    url = registry + path
    headers = {"Accept": "application/json"}
    if posted is not None:
        headers |= {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return client.send(
        Request(
            url=url,
            headers=headers,
            subject=offer,
            auth=registries.authorization_for(url),
            certificate=registries.certificate_for(url),
            max_bytes=_MAX_ANSWER,
            body=posted,
        )
    )


def answer(transfer: Transfer) -> dict[str, Any]:
    """What was answered, once the transfer is done.

    Raises ``registry-lacks`` where the registry offers no such thing, ``registry-refused``,
    ``registry-answer`` or ``registry-unreachable``.
    """
    request, response = transfer.request, transfer.result()
    if response.status in _UNKNOWN:
        raise _lacks(request, response)
    if response.status != 200:
        raise refusal(response, request.url, request.subject, authorized=bool(request.auth))
    try:
        said = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise senseless(request.subject, request.url, str(error)) from None
    if not isinstance(said, dict):
        raise senseless(request.subject, request.url, "it is not an object")
    return said


def _lacks(request: Request, response: Response) -> GraftError:
    return GraftError(
        "registry-lacks",
        f"the registry offers no {request.subject}",
        where=redact(request.url),
        why=(f"it answered {response.status}",),
        fix="name one that does, for this command: --registry <URL>",
    )
