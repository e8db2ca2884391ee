"""One operation at a time: installs, publications, rollbacks, migrations, collections, scrubs.

The lock ends with its holder, so whoever has it knows that nobody else is at work, and that what
looks so was left by a death.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graft.base.diagnostics import GraftError
from graft.fleet.records import Operation
from graft.fleet.state.database import Database, Lock
from graft.fleet.state.epochs import LOCK, last_operation, lost, need_newest
from graft.fleet.state.releases import end_interrupted

_LOOK_SECONDS = 0.1
# For as long the name of whoever has just taken the lock is waited for.
_NAME_SECONDS = 2.0


class Held:
    """The lock. ``epoch`` is to be given to each step that decides something."""

    def __init__(self, database: Database, lock: Lock, operation: Operation) -> None:
        self.operation = operation
        self.epoch = operation.epoch
        self._database = database
        self._lock = lock

    def check(self) -> None:
        """Raises ``fleet-lost`` if it is another's by now: before each step that cannot be taken
        back and is none of the database's, as deleting an archive is not."""
        if not self._lock.is_held():
            raise lost("the connection that held the lock has ended")
        with self._database.reading() as t:
            need_newest(t, self.epoch)


@contextmanager
def hold(
    database: Database,
    kind: str,
    subject: str,
    holder: str,
    now: Callable[[], int],
    *,
    wait_seconds: float = 0,
) -> Iterator[Held]:
    """Take the lock, and clear what a dead holder has left: attempts that are said to be under way
    have failed. A migration of blobs stays what it is, to be resumed.

    ``holder`` is a process in words that an admin can find it by. Raises ``fleet-busy`` with the
    name of the other operation if it is not free within ``wait_seconds``.
    """
    lock = _take_lock(database, wait_seconds, now)
    try:
        operation = _enter(database, kind, subject, holder, now())
        try:
            held = Held(database, lock, operation)
            held.check()  # a lock that does not last is found out now
            yield held
        finally:
            _leave(database, operation.epoch)
    finally:
        lock.release()


def heal(database: Database, holder: str, now: Callable[[], int]) -> bool:
    """What taking the lock clears, for a server that has just been started; False if somebody has
    the lock, and so is alive."""
    try:
        with hold(database, "start", "", holder, now):
            return True
    except GraftError as error:
        if error.diagnostic.code != "fleet-busy":
            raise
        return False


def _take_lock(database: Database, wait_seconds: float, now: Callable[[], int]) -> Lock:
    until = time.monotonic() + wait_seconds
    while True:
        lock = database.try_lock(LOCK)
        if lock:
            return lock
        late = time.monotonic() - until
        if late >= 0:
            with database.reading() as t:
                last = last_operation(t)
            # Between taking the lock and saying who did, the last one has left and the next has no
            # name.
            if (last and last.kind) or late >= _NAME_SECONDS:
                raise _busy(last, now())
        time.sleep(_LOOK_SECONDS)


def _busy(operation: Operation | None, now: int) -> GraftError:
    if operation is None or not operation.kind:
        message, why = "another operation has just begun", []
    else:
        about = f" of {operation.subject}" if operation.subject else ""
        seconds = max(0, now - operation.since) // 1000
        message = f"{operation.kind}{about} is under way, and only one operation is at a time"
        why = [f"it was begun {seconds} s ago by {operation.holder}"]
    return GraftError(
        "fleet-busy", message, why=why, fix="try again when it is done, or wait for it"
    )


def _enter(database: Database, kind: str, subject: str, holder: str, now: int) -> Operation:
    with database.transaction() as t:
        last = last_operation(t)
        epoch = last.epoch + 1 if last else 1
        t.run(
            "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " kind = excluded.kind, subject = excluded.subject, holder = excluded.holder,"
            " epoch = excluded.epoch, since = excluded.since",
            (LOCK, kind, subject, holder, epoch, now),
        )
        end_interrupted(t)
    return Operation(kind=kind, subject=subject, holder=holder, epoch=epoch, since=now)


def _leave(database: Database, epoch: int) -> None:
    """What the operation came to is said already, and counts, even if this cannot be."""
    try:
        with database.transaction() as t:
            t.run("UPDATE operations SET kind = '' WHERE name = ? AND epoch = ?", (LOCK, epoch))
    except GraftError:
        pass
