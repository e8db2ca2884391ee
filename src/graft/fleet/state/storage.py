"""Which blob store is written to, and how a migration to another one stands.

The active store moves once, when the last archive is where it should be; a migration that failed,
was cancelled or died has moved nothing. While ``active`` is empty it is what the server was started
with.
"""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.fleet.records import ERROR, Storage
from graft.fleet.state.database import Transaction
from graft.fleet.state.epochs import is_newest, lost, need_newest

MIGRATING = "migrating"
COMPLETED = "completed"
CANCELLED = "cancelled"


def read_storage(t: Transaction) -> Storage:
    row = t.rows("SELECT * FROM storage")[0]
    return Storage(
        active=row["active"],
        status=row["status"],
        target=row["target"],
        moved=row["moved"],
        total=row["total"],
        error=row["error"],
        updated_at=row["updated_at"],
    )


def activate(t: Transaction, store: str, now: int) -> None:
    """Write to another store from now on, moving nothing. Raises ``fleet-busy`` in a migration,
    which is about to say the same."""
    storage = read_storage(t)
    if storage.status == MIGRATING:
        raise GraftError(
            "fleet-busy",
            f"archives are being migrated to '{storage.target}'",
            fix="wait until that is done, or cancel it",
        )
    t.run("UPDATE storage SET active = ?, updated_at = ?", (store, now))


def begin(t: Transaction, target: str, total: int, epoch: int, now: int) -> None:
    """Also for one that is resumed, of which ``total`` is what is left."""
    need_newest(t, epoch)
    t.run(
        "UPDATE storage SET status = ?, target = ?, moved = 0, total = ?, error = '',"
        " updated_at = ?",
        (MIGRATING, target, total, now),
    )


def progress(t: Transaction, moved: int, epoch: int, now: int) -> bool:
    """False if somebody has cancelled it: then nothing more is to be moved."""
    need_newest(t, epoch)
    return _update(t, "moved = ?", moved, now)


def complete(t: Transaction, epoch: int, now: int) -> None:
    """The flip. Raises ``fleet-lost`` if it was cancelled or taken over."""
    need_newest(t, epoch)
    if not _update(t, "active = target, status = ?", COMPLETED, now):
        raise lost("the migration was cancelled")


def fail(t: Transaction, error: str, epoch: int, now: int) -> None:
    """The active store stays what it was. Says nothing of what is cancelled or another's."""
    if is_newest(t, epoch) and _update(t, "error = ?", error.replace("\0", ""), now):
        _update(t, "status = ?", ERROR, now)


def cancel(t: Transaction, now: int) -> bool:
    """Whoever is at it sees that when it says its progress; False if nothing is migrated."""
    return _update(t, "status = ?", CANCELLED, now)


def _update(t: Transaction, change: str, value: object, now: int) -> bool:
    """Of a migration that is under way."""
    changed = t.run(
        f"UPDATE storage SET {change}, updated_at = ? WHERE status = ?", (value, now, MIGRATING)
    )
    return changed > 0
