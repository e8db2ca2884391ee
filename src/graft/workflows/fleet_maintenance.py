"""What a fleet's server does unasked: it goes on with a migration that died, collects archives once
a day, and forgets old events."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from graft.base.diagnostics import GraftError
from graft.fleet.blobs.collect import GRACE
from graft.fleet.state.database import Database
from graft.fleet.state.events import trim
from graft.fleet.state.storage import MIGRATING, read_storage

if TYPE_CHECKING:
    from graft.fleet.server.jobs import Jobs
    from graft.workflows.fleet_work import FleetWork

DAY = 24 * 60 * 60 * 1000
# Events are for who is listening, or was a moment ago.
_EVENTS_KEPT = 7 * DAY
_LOOK_SECONDS = 60.0


class Maintenance:
    """One look a minute. Whatever is busy, or fails, is tried again with the next one: nothing
    waits for another day."""

    def __init__(
        self, database: Database, work: FleetWork, jobs: Jobs, now: Callable[[], int]
    ) -> None:
        self._database = database
        self._work = work
        self._jobs = jobs
        self._now = now
        self._collected = now()
        self._moment = own_moment(f"{os.uname().nodename} {os.getpid()}")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graft-fleet-daily", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(_LOOK_SECONDS)

    def look(self) -> None:
        """Raises what went wrong, and is no worse for being called again."""
        now = self._now()
        with self._database.reading() as t:
            storage = read_storage(t)
        if storage.status == MIGRATING:
            self._jobs.start(self._work.resume)
        if is_due(self._collected, now, self._moment):
            self._work.collect(lambda: None, GRACE, False)
            with self._database.transaction() as t:
                trim(t, now - _EVENTS_KEPT)
            self._collected = now

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except GraftError:
                pass  # busy, or out of order: whoever asks is told, and the next look tries again
            if self._ended.wait(_LOOK_SECONDS):
                return


def own_moment(name: str) -> int:
    """Of the day, in milliseconds: servers that share a state do not all begin at once."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % DAY


def is_due(last: int, now: int, moment: int) -> bool:
    """Whether ``moment`` of some day has passed since ``last``."""
    return (now - moment) // DAY > (last - moment) // DAY
