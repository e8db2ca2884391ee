"""Where archives lie, and how they are moved, looked through and collected."""

from __future__ import annotations

from fastapi import APIRouter

from graft.fleet.server.answers import (
    ActiveAsked,
    GcAsked,
    Report,
    StorageAnswer,
    TargetAsked,
)
from graft.fleet.server.auth import Manages
from graft.fleet.server.jobs import Job
from graft.fleet.server.operations import job_name
from graft.fleet.server.services import Served, Services
from graft.fleet.state import storage as rows

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


@router.post("/storage/migrate", status_code=202)
def migrate(served: Served, _: Manages, asked: TargetAsked) -> StorageAnswer:
    """Answers as soon as it has begun; GET /v1/storage says how far it is."""
    served.jobs.start(lambda began: served.work.migrate(asked.target, began))
    return _answer(served)


@router.post("/storage/cancel")
def cancel(served: Served, _: Manages) -> StorageAnswer:
    """What was copied stays where it is, and what is written to does too."""
    with served.database.transaction() as t:
        rows.cancel(t, served.now())
    return _answer(served)


@router.post("/storage/scrub")
def scrub(served: Served, _: Manages) -> Report:
    """Reads every archive. Answers when it is done."""
    return _waited("scrub", served.jobs.start(served.work.scrub))


@router.post("/gc")
def collect(served: Served, caller: Manages, asked: GcAsked | None = None) -> Report:
    """Removes archives that no retained release has needed for a while."""
    said = asked or GcAsked()
    job = served.jobs.start(
        lambda began: served.work.collect(began, said.grace, said.dry_run, said.wait_seconds),
        job_name(said.id, "gc", "", caller.id),
    )
    return _waited("gc", job)


def _waited(operation: str, job: Job) -> Report:
    job.done.wait()
    return Report(operation=operation, done=True, report=dict(job.result()))


def _answer(served: Services) -> StorageAnswer:
    with served.database.reading() as t:
        said = rows.read_storage(t)
    fields = {name: getattr(said, name) for name in type(said).fields}
    fields["active"] = served.stores.store(said.active).id
    return StorageAnswer(**fields, stores=list(served.stores.ids))
