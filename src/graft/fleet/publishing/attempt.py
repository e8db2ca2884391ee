"""One attempt at changing what a set's hosts are to have: it succeeds as a whole, or the release
before it stays, and the set says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.state.database import Database
from graft.fleet.state.operations import Held, hold
from graft.fleet.state.releases import begin_attempt, fail_attempt
from graft.fleet.state.sets import need_set
from graft.fleet.state.storage import read_storage


class Fleet(Record):
    """What a server works on. ``holder`` is how admins find this process, ``now`` gives
    milliseconds since the epoch."""

    database: Database
    stores: BlobStores
    holder: str
    now: Callable[[], int]


class Attempt(Record):
    """The lock is ``held``. ``active`` is the store that is written to, ``by`` who asked."""

    fleet: Fleet
    set: str
    by: str
    held: Held
    active: BlobStore


@contextmanager
def attempt(
    fleet: Fleet, kind: str, set: str, by: str, *, wait_seconds: float = 0
) -> Iterator[Attempt]:
    """Whatever is raised within is recorded as what became of it.

    Raises ``fleet-not-found``, ``fleet-busy`` with whoever is at work, and ``fleet-invalid`` where
    the active store is none that this server has.
    """
    with fleet.database.reading() as t:
        need_set(t, set)
    with hold(
        fleet.database, kind, set, fleet.holder, fleet.now, wait_seconds=wait_seconds
    ) as held:
        with fleet.database.transaction() as t:
            begin_attempt(t, set, kind, held.epoch, fleet.now())
        try:
            yield Attempt(fleet=fleet, set=set, by=by, held=held, active=active_store(fleet))
        except BaseException as error:
            # What went wrong is told even where that cannot be written down.
            with suppress(GraftError), fleet.database.transaction() as t:
                fail_attempt(t, set, _said(error), held.epoch, fleet.now())
            fleet.database.ring()
            raise


def active_store(fleet: Fleet) -> BlobStore:
    with fleet.database.reading() as t:
        active = read_storage(t).active
    return fleet.stores.store(active)


def _said(error: BaseException) -> str:
    """For whoever may see the set: no text that nobody has looked at for secrets."""
    if isinstance(error, GraftError):
        return f"{error.diagnostic.code}: {error.diagnostic.message}"
    if isinstance(error, Exception):
        return f"internal-error: {type(error).__name__}"
    return "interrupted"
