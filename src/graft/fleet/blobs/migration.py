"""All archives move to another blob store, and then, in one step, everything that is written does.

Each is copied, read back and compared before the index says that it lies there. The source keeps
what it has: it is read where the target fails, and cleared by the collector later. A migration that
dies is resumed by whoever has the lock next, from what the index says; one that fails or is
cancelled leaves the active store as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.blobs.copies import bring, in_batches
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Storage
from graft.fleet.state import blob_index, storage
from graft.fleet.state.database import Database
from graft.fleet.state.operations import Held, hold

KIND = "migration"
"""What ``operations.hold`` is to be told."""


class Migration(Record):
    """``status`` is ``completed`` or ``cancelled``; ``moved`` counts what the index says now of the
    target and did not before, ``copied_bytes`` what had to be written for it."""

    target: str
    status: str
    moved: int = 0
    total: int = 0
    copied_bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in type(self).fields}


def migrate(
    database: Database,
    stores: BlobStores,
    target: str,
    held: Held,
    now: Callable[[], int],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Migration:
    """Move all archives to the store ``target``, and write there from then on.

    ``progress`` is told how many of how many are there. Raises ``fleet-invalid`` for a store that
    the server does not have, and ``fleet-busy`` where one to another store was interrupted, before
    anything is changed; what else goes wrong is written to the storage's row too.
    """
    before = _begin_at(database, stores, target, held, now)
    goal = stores.store(target)
    with database.transaction() as t:
        total = len(blob_index.not_in(t, goal.id))
        active = before.active or stores.store().id
        if not total and active == goal.id and before.status != storage.MIGRATING:
            return Migration(target=goal.id, status=storage.COMPLETED)
        storage.begin(t, goal.id, total, held.epoch, now())
    try:
        return _move_all(database, stores, goal, total, held, now, progress)
    except GraftError as error:
        with database.transaction() as t:
            storage.fail(t, str(error), held.epoch, now())
        raise


def resume(
    database: Database,
    stores: BlobStores,
    holder: str,
    now: Callable[[], int],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Migration | None:
    """Go on with a migration whose server has died, for a server that was just started. None where
    there is none, and where another server is at work, which may be at this very one."""
    if not _interrupted(database):
        return None
    try:
        with hold(database, KIND, _interrupted(database), holder, now) as held:
            # Somebody else may have come first.
            target = _interrupted(database)
            if not target:
                return None
            return migrate(database, stores, target, held, now, progress)
    except GraftError as error:
        if error.diagnostic.code == "fleet-busy":
            return None
        raise


def need_none_interrupted(database: Database) -> None:
    """For other operations, which hold the lock: no migration is at work, but one may be half done.
    Raises ``fleet-busy``."""
    target = _interrupted(database)
    if target:
        raise _half_done(target)


def _begin_at(
    database: Database, stores: BlobStores, target: str, held: Held, now: Callable[[], int]
) -> Storage:
    with database.reading() as t:
        before = storage.read_storage(t)
    half_done = before.target if before.status == storage.MIGRATING else ""
    try:
        goal = stores.store(target).id
    except GraftError as error:
        # The server was started without it: nothing says any more that it is being moved to.
        if half_done == target:
            with database.transaction() as t:
                storage.fail(t, str(error), held.epoch, now())
        raise
    if half_done not in ("", goal):
        raise _half_done(half_done)
    return before


def _move_all(
    database: Database,
    stores: BlobStores,
    goal: BlobStore,
    total: int,
    held: Held,
    now: Callable[[], int],
    progress: Callable[[int, int], None],
) -> Migration:
    with database.reading() as t:
        pending = blob_index.not_in(t, goal.id)
    moved = copied = 0
    progress(moved, total)
    for batch, sizes in in_batches(lambda blob: bring(stores, blob, goal), pending):
        with database.transaction() as t:
            if not storage.progress(t, moved + len(batch), held.epoch, now()):
                return Migration(
                    target=goal.id,
                    status=storage.CANCELLED,
                    moved=moved,
                    total=total,
                    copied_bytes=copied,
                )
            for blob in batch:
                blob_index.move(t, blob.integrity, goal.id)
        moved += len(batch)
        copied += sum(sizes)
        progress(moved, total)
    with database.transaction() as t:
        if not storage.progress(t, moved, held.epoch, now()):
            status = storage.CANCELLED
        else:
            status = storage.COMPLETED
            storage.complete(t, held.epoch, now())
    return Migration(target=goal.id, status=status, moved=moved, total=total, copied_bytes=copied)


def _interrupted(database: Database) -> str:
    """The target of a migration that is said to be under way; empty where none is."""
    with database.reading() as t:
        now = storage.read_storage(t)
    return now.target if now.status == storage.MIGRATING else ""


def _half_done(target: str) -> GraftError:
    return GraftError(
        "fleet-busy",
        f"a migration of archives to '{target}' was interrupted",
        fix=f"resume it with 'graft fleet storage migrate {target}', "
        "or end it with 'graft fleet storage cancel'",
    )
