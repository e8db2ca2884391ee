"""What happened, in the transaction in which it did: an outbox.

What is told is so, and what is so is told. Ids have no gaps that are filled later, since one
transaction is under way at a time: who has seen an id has seen all before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from graft.fleet.records import Event
from graft.fleet.state.database import Transaction


def emit(t: Transaction, kind: str, set: str, data: Mapping[str, str], now: int) -> None:
    """To be followed by ``Database.ring`` when the transaction has ended."""
    t.run(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        (newest(t) + 1, kind, set, json.dumps(dict(data)), now),
    )


def since(t: Transaction, id: int) -> list[Event]:
    """Those after ``id``, oldest first."""
    rows = t.rows("SELECT * FROM events WHERE id > ? ORDER BY id", (id,))
    return [
        Event(
            id=row["id"],
            kind=row["kind"],
            set=row["set_name"],
            data=json.loads(row["data"]),
            at=row["at"],
        )
        for row in rows
    ]


def newest(t: Transaction) -> int:
    """Its id; 0 before the first."""
    return int(t.rows("SELECT COALESCE(MAX(id), 0) AS id FROM events")[0]["id"])


def trim(t: Transaction, before: int) -> int:
    """Forget those that are older, but never the newest, which the next one's id is counted from.
    Nobody depends on them: who has missed some asks what is so now."""
    return t.run("DELETE FROM events WHERE at < ? AND id < ?", (before, newest(t)))
