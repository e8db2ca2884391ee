"""Where archives lie, and how they are moved, looked through and collected."""

from __future__ import annotations

from fastapi import APIRouter

from graft.fleet import storage as rows
from graft.fleet.server.answers import ActiveAsked, StorageAnswer
from graft.fleet.server.auth import Manages
from graft.fleet.server.services import Served, Services

router = APIRouter(prefix="/v1", tags=["storage"])


@router.get("/storage")
def read_storage(served: Served, _: Manages) -> StorageAnswer:
    return _answer(served)


@router.put("/storage")
def write_storage(served: Served, _: Manages, asked: ActiveAsked) -> StorageAnswer:
    """What is published from now on goes there. Nothing is moved."""
    served.stores.store(asked.active)
    with served.database.transaction() as t:
        rows.activate(t, asked.active, served.now())
    return _answer(served)


@router.post("/storage/cancel")
def cancel(served: Served, _: Manages) -> StorageAnswer:
    """What was copied stays where it is, and what is written to does too."""
    with served.database.transaction() as t:
        rows.cancel(t, served.now())
    return _answer(served)


def _answer(served: Services) -> StorageAnswer:
    with served.database.reading() as t:
        said = rows.read_storage(t)
    fields = {name: getattr(said, name) for name in type(said).fields}
    fields["active"] = served.stores.store(said.active).id
    return StorageAnswer(**fields, stores=list(served.stores.ids))
