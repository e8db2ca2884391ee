"""Which archives there are, in which store, and since when nobody needs them.

What an archive is called and how large it is stays what was first said; where it lies may change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graft.fleet.records import Blob
from graft.fleet.state.database import Row, Transaction
from graft.fleet.state.rows import rows_with, run_with


def record(t: Transaction, blob: Blob) -> None:
    """That it lies in ``blob.store`` now. One that was indexed before keeps when that was, and a
    name if it had one: what a collector finds has none."""
    t.run(
        "INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (integrity) DO UPDATE SET"
        " store = excluded.store, size = excluded.size, unpacked = excluded.unpacked,"
        " name = COALESCE(NULLIF(blobs.name, ''), excluded.name),"
        " version = COALESCE(NULLIF(blobs.version, ''), excluded.version)",
        (
            blob.integrity,
            blob.name,
            blob.version,
            blob.store,
            blob.size,
            blob.unpacked,
            blob.created_at,
            blob.unreferenced_at,
        ),
    )


def find(t: Transaction, integrities: Iterable[str]) -> dict[str, Blob]:
    """Those that are indexed."""
    query = "SELECT * FROM blobs WHERE integrity IN (*)"
    found = map(_blob, rows_with(t, query, dict.fromkeys(integrities)))
    return {blob.integrity: blob for blob in found}


def every(t: Transaction) -> list[Blob]:
    return _sorted(t.rows("SELECT * FROM blobs"))


def not_in(t: Transaction, store: str) -> list[Blob]:
    """What a migration to ``store`` has still to move."""
    return _sorted(t.rows("SELECT * FROM blobs WHERE store <> ?", (store,)))


def move(t: Transaction, integrity: str, store: str) -> None:
    t.run("UPDATE blobs SET store = ? WHERE integrity = ?", (store, integrity))


def forget(t: Transaction, integrity: str) -> None:
    t.run("DELETE FROM blobs WHERE integrity = ?", (integrity,))


def mark_references(t: Transaction, retained: Collection[str], now: int) -> None:
    """From now on unreferenced are those that are not ``retained`` and were before; those that are
    unreferenced already stay so since when they were."""
    marks = {
        row["integrity"]: row["unreferenced_at"]
        for row in t.rows("SELECT integrity, unreferenced_at FROM blobs")
    }
    left = sorted(name for name, since in marks.items() if not since and name not in retained)
    back = sorted(name for name, since in marks.items() if since and name in retained)
    change = "UPDATE blobs SET unreferenced_at = ? WHERE integrity IN (*)"
    run_with(t, change, (now,), left)
    run_with(t, change, (0,), back)


def collectable(t: Transaction, before: int) -> list[Blob]:
    """Those that were unreferenced at ``before`` and ever since."""
    query = "SELECT * FROM blobs WHERE unreferenced_at > 0 AND unreferenced_at <= ?"
    return _sorted(t.rows(query, (before,)))


def _sorted(rows: Iterable[Row]) -> list[Blob]:
    return sorted(map(_blob, rows), key=lambda blob: blob.integrity)


def _blob(row: Row) -> Blob:
    return Blob(
        integrity=row["integrity"],
        name=row["name"],
        version=row["version"],
        store=row["store"],
        size=row["size"],
        unpacked=row["unpacked"],
        created_at=row["created_at"],
        unreferenced_at=row["unreferenced_at"],
    )
