"""What the server's routes are given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from graft.base.records import Record
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.release import Release
from graft.fleet.server.announcements import Announcements
from graft.fleet.server.jobs import Jobs
from graft.fleet.server.kept import Kept
from graft.fleet.state.database import Database
from graft.model.integrity import Integrity

Report = Mapping[str, Any]
"""What something came to, as JSON has it."""
Began = Callable[[], None]


class Manifest(Record, unshown=("text",)):
    """A release, and the JSON that it is answered as."""

    release: Release
    text: bytes


class Work(Protocol):
    """What takes its time, or asks a registry. Each raises what went wrong; where there is a
    ``began``, it is called once the lock is held, so that ``fleet-busy`` comes before it. Others
    that hold the lock are waited for, ``wait_seconds``."""

    def install(
        self,
        set: str,
        by: str,
        began: Began,
        *,
        dry_run: bool,
        update: bool,
        wait_seconds: float = 0,
    ) -> Report: ...

    def publish(
        self,
        set: str,
        lock: bytes,
        by: str,
        began: Began,
        *,
        dry_run: bool,
        wait_seconds: float = 0,
    ) -> Report: ...

    def rollback(
        self, set: str, hash: str, by: str, *, dry_run: bool, wait_seconds: float = 0
    ) -> Report: ...

    def pin(self, set: str, hash: str) -> None: ...

    def migrate(self, target: str, began: Began) -> Report: ...

    def scrub(self, began: Began) -> Report: ...

    def collect(
        self, began: Began, grace: int, dry_run: bool, wait_seconds: float = 0
    ) -> Report: ...

    def search(self, set: str, text: str, limit: int) -> Report: ...

    def versions(self, set: str, name: str) -> Report: ...

    def audit(self, set: str, hash: str) -> Report: ...


class Services(Record, unshown=("key",)):
    """``key`` seals registries' tokens; ``presigned`` sends hosts to the blob stores themselves,
    where these have URLs that anyone can read. ``now`` is in milliseconds."""

    database: Database
    stores: BlobStores
    work: Work
    now: Callable[[], int]
    announcements: Announcements
    jobs: Jobs
    archives: Kept[Integrity, bytes]
    releases: Kept[str, Manifest]
    key: str = ""
    presigned: bool = False


async def services_of(request: Request) -> Services:
    # Asynchronous, as it waits for nothing: another would be sent to a thread for each request.
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


Served = Annotated[Services, Depends(services_of)]
