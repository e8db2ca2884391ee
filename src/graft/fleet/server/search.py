"""What the registries of a package set have and know, for whoever decides what it pins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from graft.fleet.server.answers import Audited, FoundPackages, Versions
from graft.fleet.server.auth import Manages
from graft.fleet.server.names import SetName, checked_hash, checked_package
from graft.fleet.server.services import Served

router = APIRouter(prefix="/v1/sets/{set}", tags=["packages"])


@router.get("/search")
def search(
    served: Served,
    _: Manages,
    set: SetName,
    text: Annotated[str, Query(min_length=1, max_length=256)],
    limit: Annotated[int, Query(ge=1, le=25)] = 20,
) -> FoundPackages:
    """In the set's registry, or in its scope's for words that begin with one."""
    return FoundPackages.model_validate(served.work.search(set, text, limit))


@router.get("/versions/{name:path}")
def versions(served: Served, _: Manages, set: SetName, name: str) -> Versions:
    return Versions.model_validate(served.work.versions(set, checked_package(name)))


@router.get("/audit", tags=["releases"])
def audit(
    served: Served, _: Manages, set: SetName, hash: Annotated[str, Query(max_length=64)] = ""
) -> Audited:
    """Known weaknesses of a release, as it was locked; without a hash of the current one."""
    return Audited.model_validate(served.work.audit(set, checked_hash(hash) if hash else ""))
