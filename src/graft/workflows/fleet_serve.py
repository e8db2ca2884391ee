"""``fleet serve``: state, archives and what installs, put together into a server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from graft.base.records import Record
from graft.fleet.extra import needed_for
from graft.fleet.state.database import Database
from graft.workflows.project import Context

# How long an operation that is under way is waited for when the server is told to stop. What is
# killed has published nothing, and the next holder of the lock clears what it left.
_STOP_SECONDS = 20.0


class Serving(Record, unshown=("key", "environment")):
    """``data`` is a folder for whatever has no other place; ``state`` and ``blobs`` are empty where
    they lie there too. ``environment`` may hold what blob stores are opened with."""

    data: str
    listen: str
    state: str = ""
    blobs: tuple[str, ...] = ()
    key: str = ""
    presigned: bool = False
    environment: Mapping[str, str] = {}


def open_state(data: str, state: str) -> Database:
    from graft.fleet.state.opening import open_database

    return open_database(state or os.path.join(data, "fleet.db"))


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def serve(context: Context, serving: Serving, started: Callable[[str], None]) -> None:
    """Until the process is told to stop. ``started`` is called with the server's URL."""
    with needed_for("A fleet's server"):
        from graft.fleet.server.announcements import Announcements
        from graft.fleet.server.application import application
        from graft.fleet.server.serving import listen, url_of
        from graft.fleet.server.serving import serve as run
    from graft.fleet.blobs.locations import open_blob_stores
    from graft.fleet.server.jobs import Jobs
    from graft.fleet.server.kept import Kept
    from graft.fleet.server.services import Services
    from graft.fleet.state.operations import heal
    from graft.workflows.fleet_maintenance import Maintenance
    from graft.workflows.fleet_work import FleetWork, holder

    data = os.path.abspath(serving.data)
    stores = open_blob_stores(serving.blobs or (os.path.join(data, "blobs"),), serving.environment)
    listening = listen(serving.listen)
    database = open_state(data, serving.state)
    jobs = Jobs()
    try:
        heal(database, holder(), milliseconds)
        work = FleetWork(
            database=database,
            stores=stores,
            settings=context.settings,
            now=milliseconds,
            key=serving.key,
        )
        announcements = Announcements(database)
        services = Services(
            database=database,
            stores=stores,
            work=work,
            now=milliseconds,
            announcements=announcements,
            jobs=jobs,
            archives=Kept(len),
            releases=Kept(lambda manifest: 3 * len(manifest.text)),
            key=serving.key,
            presigned=serving.presigned,
        )
        maintenance = Maintenance(database, work, jobs, milliseconds)
        maintenance.start()
        run(application(services), listening, announcements, lambda: started(url_of(listening)))
        maintenance.stop()
        jobs.close(_STOP_SECONDS)
    finally:
        listening.close()
        database.close()
