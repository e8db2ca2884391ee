"""The number that each holder of the lock has, one more than the last, and what it keeps out.

A holder that was paused, or whose connection was cut, may wake when another has the lock. What it
writes then counts for nothing: each step that decides something asks, in its own transaction,
whether its epoch is still the newest.
"""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.fleet.records import Operation
from graft.fleet.state.database import Transaction

LOCK = "operation"


def last_operation(t: Transaction) -> Operation | None:
    """Who took the lock last; of no ``kind`` if it was given back since."""
    for row in t.rows("SELECT * FROM operations WHERE name = ?", (LOCK,)):
        return Operation(
            kind=row["kind"],
            subject=row["subject"],
            holder=row["holder"],
            epoch=row["epoch"],
            since=row["since"],
        )
    return None


def is_newest(t: Transaction, epoch: int) -> bool:
    last = last_operation(t)
    return last is None or last.epoch == epoch


def need_newest(t: Transaction, epoch: int) -> None:
    """Raises ``fleet-lost``, in the words of who was overtaken."""
    last = last_operation(t)
    if last and last.epoch != epoch:
        raise lost(f"'{last.kind or 'another'}' has taken over (epoch {last.epoch}, was {epoch})")


def lost(why: str) -> GraftError:
    return GraftError(
        "fleet-lost",
        "this operation no longer has the lock, and has changed nothing more",
        why=[why],
        fix="begin it again",
    )
