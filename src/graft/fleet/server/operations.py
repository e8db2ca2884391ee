"""What changes the release of a set, and what came of that."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from graft.fleet.server.answers import (
    History,
    InstallAsked,
    PublishAsked,
    Published,
    Report,
    RollbackAsked,
    State,
)
from graft.fleet.server.auth import Hosted, Manages, Reads
from graft.fleet.server.jobs import Job
from graft.fleet.server.names import Hash, SetName, checked_hash
from graft.fleet.server.services import Served, Services
from graft.fleet.server.sets import state_of
from graft.fleet.state import releases

router = APIRouter(prefix="/v1/sets/{set}", tags=["releases"])

Wait = Annotated[bool, Query(description="answer when it is done")]


@router.get("/state")
def read_state(served: Served, _: Hosted, set: SetName) -> State:
    with served.database.reading() as t:
        return state_of(t, set)


@router.get("/history")
def history(served: Served, _: Reads, set: SetName) -> History:
    with served.database.reading() as t:
        found = releases.history(t, set)
    return History(releases=[Published.model_validate(each) for each in found])


@router.post("/install", status_code=202, responses={200: {"model": Report}})
def install(
    served: Served,
    caller: Manages,
    set: SetName,
    response: Response,
    asked: InstallAsked | None = None,
    wait: Wait = False,
) -> Report:
    """Answers as soon as it has begun, unless it is asked to ``wait``. A dry run is waited for."""
    _need(served, set)
    said = asked or InstallAsked()
    by = caller.label or caller.id
    job = served.jobs.start(
        lambda began: served.work.install(
            set,
            by,
            began,
            dry_run=said.dry_run,
            update=said.update,
            wait_seconds=said.wait_seconds,
        ),
        job_name(said.id, "install", set, caller.id),
    )
    return _report(served, "install", set, job, response, wait=wait or said.dry_run)


@router.post("/publish", status_code=202, responses={200: {"model": Report}})
def publish(
    served: Served,
    caller: Manages,
    set: SetName,
    response: Response,
    asked: PublishAsked,
    wait: Wait = False,
) -> Report:
    """``lock`` is the text of a graft-lock.json."""
    _need(served, set)
    lock, by = asked.lock.encode(), caller.label or caller.id
    job = served.jobs.start(
        lambda began: served.work.publish(
            set, lock, by, began, dry_run=asked.dry_run, wait_seconds=asked.wait_seconds
        ),
        job_name(asked.id, "publish", set, caller.id),
    )
    return _report(served, "publish", set, job, response, wait=wait or asked.dry_run)


@router.post("/rollback")
def rollback(
    served: Served, caller: Manages, set: SetName, asked: RollbackAsked | None = None
) -> Report:
    """To a retained release, or to the one before the current one. Asks no registry."""
    _need(served, set)
    said = asked or RollbackAsked()
    by = caller.label or caller.id
    job = served.jobs.start(
        lambda _: served.work.rollback(
            set, said.hash, by, dry_run=said.dry_run, wait_seconds=said.wait_seconds
        ),
        job_name(said.id, "rollback", set, caller.id),
    )
    return _done(served, "rollback", set, dict(job.result()))


@router.put("/releases/{hash}/pin")
def pin(served: Served, _: Manages, set: SetName, hash: Hash) -> Published:
    """Retain it whatever comes after it."""
    served.work.pin(set, checked_hash(hash))
    return _one(served, set, hash)


@router.delete("/releases/{hash}/pin")
def unpin(served: Served, _: Manages, set: SetName, hash: Hash) -> Published:
    with served.database.transaction() as t:
        releases.unpin_release(t, set, checked_hash(hash))
    return _one(served, set, hash)


def job_name(id: str, operation: str, set: str, caller: str) -> str:
    """Empty where the caller gives it none. One caller's are not another's."""
    return id and "\n".join((caller, operation, set, id))


def _one(served: Services, set: str, hash: str) -> Published:
    with served.database.reading() as t:
        found = releases.history(t, set)
    return Published.model_validate(next(each for each in found if each.hash == hash))


def _need(served: Services, set: str) -> None:
    with served.database.reading() as t:
        releases.state(t, set)


def _report(
    served: Services, operation: str, set: str, job: Job, response: Response, *, wait: bool
) -> Report:
    if not wait:
        with served.database.reading() as t:
            state = state_of(t, set)
        return Report(operation=operation, set=set, done=False, state=state)
    job.done.wait()
    response.status_code = 200
    return _done(served, operation, set, dict(job.result()))


def _done(served: Services, operation: str, set: str, report: dict[str, Any]) -> Report:
    with served.database.reading() as t:
        state = state_of(t, set)
    return Report(operation=operation, set=set, done=True, report=report, state=state)
