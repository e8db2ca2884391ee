"""What hosts are to have: the hash, the release that it names, and which archives a host lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from graft.fleet.server.answers import (
    Desired,
    Missing,
    MissingAsked,
    Offer,
    ReleaseAnswer,
    json_answer,
)
from graft.fleet.server.auth import Hosted
from graft.fleet.server.blobs import address_of
from graft.fleet.server.names import Hash, SetName, checked_hash
from graft.fleet.server.services import Manifest, Served, Services
from graft.fleet.state.blob_index import find
from graft.fleet.state.releases import need_published, read_release, state
from graft.fleet.wire import release_document
from graft.model.platform import Platform

router = APIRouter(prefix="/v1/sets/{set}", tags=["hosts"])

FOR_EVER = "private, max-age=31536000, immutable"
_ADDRESS_SECONDS = 3600


@router.get("/desired", response_model=Desired, responses={304: {"description": "as before"}})
def desired(
    served: Served, _: Hosted, set: SetName, if_none_match: Annotated[str, Header()] = ""
) -> Response:
    return desired_answer(served, set, if_none_match)


def desired_answer(served: Services, set: str, if_none_match: str) -> Response:
    with served.database.reading() as t:
        said = state(t, set)
    etag = f'"{said.epoch}-{said.hash}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in [each.strip() for each in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return JSONResponse({"set": set, "hash": said.hash, "epoch": said.epoch}, headers=headers)


@router.get("/releases/{hash}", response_model=ReleaseAnswer)
def release(served: Served, _: Hosted, set: SetName, hash: Hash) -> Response:
    """An unknown hash is not found, and never a release of nothing."""
    return release_answer(served, set, hash)


def release_answer(served: Services, set: str, hash: str) -> Response:
    found = need_release(served, set, hash)
    headers = {"Cache-Control": FOR_EVER, "ETag": f'"{hash}"'}
    return Response(found.text, headers=headers, media_type="application/json")


@router.post("/releases/{hash}/missing", response_model=Missing)
def missing(served: Served, _: Hosted, set: SetName, hash: Hash, asked: MissingAsked) -> Response:
    """Which archives of a release a host of that platform lacks, in one answer."""
    return missing_answer(served, set, hash, asked)


def missing_answer(served: Services, set: str, hash: str, asked: MissingAsked) -> Response:
    found = need_release(served, set, hash).release
    said = asked.platform
    platform = Platform(os=said.os, cpu=said.cpu, libc=said.libc)
    have = frozenset(asked.have)
    wanted = {
        entry.integrity: entry.size
        for entry in found.entries
        if entry.integrity not in have and entry.platforms.admit(platform)
    }
    return json_answer(Missing(blobs=_offers(served, wanted)))


def _offers(served: Services, wanted: Mapping[str, int]) -> list[Offer]:
    # What is in no index is said too: who asks for it is told that it is missing.
    found = [Offer(integrity=integrity, size=size) for integrity, size in wanted.items()]
    if not served.presigned:
        return found
    with served.database.reading() as t:
        indexed = find(t, wanted)
    for offer in found:
        if blob := indexed.get(offer.integrity):
            offer.url = address_of(served, blob, _ADDRESS_SECONDS)
    return found


def need_release(served: Services, set: str, hash: str) -> Manifest:
    """Raises ``fleet-not-found`` for one that the set's history does not have."""
    checked_hash(hash)
    with served.database.reading() as t:
        need_published(t, set, hash)

    def read() -> Manifest:
        with served.database.reading() as t:
            need_published(t, set, hash)
            found = read_release(t, set, hash)
        assert found is not None
        text = ReleaseAnswer.model_validate(release_document(found)).model_dump_json()
        return Manifest(release=found, text=text.encode())

    return served.releases.get(hash, read)
