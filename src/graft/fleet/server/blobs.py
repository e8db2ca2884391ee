"""Archives, whole or in ranges. They are verified before they are handed on; what is small is kept
a while, since all hosts of a fleet ask for the same within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from graft.fleet.blobs.failures import blob_missing
from graft.fleet.records import Blob
from graft.fleet.server.auth import Hosted
from graft.fleet.server.names import checked_blob
from graft.fleet.server.ranges import read_range
from graft.fleet.server.services import Served, Services
from graft.fleet.state.blob_index import find
from graft.fleet.state.storage import read_storage
from graft.model.integrity import Integrity, parse_integrity

router = APIRouter(prefix="/v1/blobs", tags=["hosts"])

_KEPT_BYTES = 8 << 20
_TYPE = "application/octet-stream"
_PART = 1 << 20
_ADDRESS_SECONDS = 600
_FOR_EVER = "private, max-age=31536000, immutable"
_BYTES = {_TYPE: {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/{file}",
    response_class=Response,
    responses={
        200: {"content": _BYTES},
        206: {"content": _BYTES, "description": "the range that was asked for"},
        307: {"description": "a place where anyone can read it for a while"},
        416: {"description": "there are no such bytes"},
    },
)
def blob(
    served: Served,
    _: Hosted,
    file: str,
    range: Annotated[str, Header()] = "",
    itself: bool = False,
) -> Response:
    """``file`` is the integrity as ``sha512-<hex>``. Honours one range of bytes. What is wanted of
    the server ``itself`` is not redirected: who did not get it there, or got other bytes."""
    return blob_answer(served, file, range, itself=itself)


def blob_answer(served: Services, file: str, range: str, *, itself: bool = False) -> Response:
    integrity = checked_blob(file)
    indexed, active = _find(served, integrity)
    address = "" if itself else address_of(served, indexed, _ADDRESS_SECONDS)
    if address:
        return RedirectResponse(address, 307, {"Cache-Control": "no-store"})
    size = indexed.size
    headers = {"ETag": f'"{file}"', "Accept-Ranges": "bytes", "Cache-Control": _FOR_EVER}
    wanted = read_range(range, size)
    if wanted is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted
    status = 206 if range and wanted != (0, size) else 200
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if size <= _KEPT_BYTES:
        data = served.archives.get(
            integrity,
            lambda: served.stores.read(integrity, active=active, indexed=indexed.store).data,
        )
        return Response(data[start:end], status, headers, media_type=_TYPE)

    def part(at: int) -> bytes:
        end_of_part = min(at + _PART, end)
        return served.stores.part(integrity, at, end_of_part, active=active, indexed=indexed.store)

    first = part(start)  # what is wrong is said before the answer has begun
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(_parts(part, first, start, end), status, headers, media_type=_TYPE)


def address_of(served: Services, blob: Blob, seconds: int) -> str:
    """Where anyone can read it for so long; empty where the server is to give it itself."""
    if not served.presigned or blob.store not in served.stores.ids:
        return ""
    return served.stores.store(blob.store).address(parse_integrity(blob.integrity), seconds)


def _find(served: Services, integrity: Integrity) -> tuple[Blob, str]:
    with served.database.reading() as t:
        indexed = find(t, [str(integrity)])
        active = read_storage(t).active
    for blob in indexed.values():
        return blob, active
    raise blob_missing(str(integrity))


def _parts(part: Callable[[int], bytes], first: bytes, start: int, end: int) -> Iterator[bytes]:
    yield first
    at = start + len(first)
    while at < end:
        data = part(at)
        yield data
        at += len(data)
