"""What the registries of a package set have, for whoever is about to pin something."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from graft.fleet.server.answers import FoundPackages, Versions
from graft.fleet.server.auth import Manages
from graft.fleet.server.names import SetName, checked_package
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
