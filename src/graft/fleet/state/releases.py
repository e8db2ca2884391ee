"""What each set's hosts are to have: releases, which of them is current, and what led there."""

from __future__ import annotations

import json
from collections.abc import Collection

from graft.base.diagnostics import GraftError
from graft.fleet.platforms import platforms_document, read_platforms
from graft.fleet.records import ERROR, INSTALLING, READY, PublishedRelease, SetState
from graft.fleet.release import Entry, Release, is_release_hash
from graft.fleet.state.database import Row, Transaction
from graft.fleet.state.epochs import is_newest, need_newest
from graft.fleet.state.rows import insert, rows_with
from graft.fleet.state.sets import drop_unpublished, list_sets, need_set
from graft.model.platform import PlatformLimits

KEEP = 2
"""How many releases of a set are retained beside the current one and those that are pinned."""

INTERRUPTED = "interrupted"


def add_release(t: Transaction, set: str, release: Release, by: str, now: int) -> None:
    """Into the set's history, as its newest. One that is there already is the newest again."""
    need_set(t, set)
    if not is_release_hash(release.hash):
        raise GraftError("fleet-invalid", f"'{release.hash}' is not the hash of a release")
    new = t.run(
        "INSERT INTO releases VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING",
        (release.hash, release.lock.decode(), json.dumps(platforms_document(release.platforms))),
    )
    if new:
        entries = enumerate(release.entries)
        insert(t, "release_entries", [_written(release.hash, n, entry) for n, entry in entries])
    number = t.rows(
        "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM published_releases WHERE set_name = ?",
        (set,),
    )[0]["next"]
    t.run(
        "INSERT INTO published_releases VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (set_name, hash)"
        " DO UPDATE SET number = excluded.number, published_at = excluded.published_at,"
        " published_by = excluded.published_by",
        (set, release.hash, number, now, by),
    )


def read_release(t: Transaction, set: str, hash: str) -> Release | None:
    """Any that the set's history has, current or not. None for others: a release that nobody knows
    is not one of nothing."""
    rows = t.rows(
        "SELECT lock_text, platforms FROM releases JOIN published_releases USING (hash)"
        " WHERE set_name = ? AND hash = ?",
        (set, hash),
    )
    if not rows:
        return None
    entries = t.rows("SELECT * FROM release_entries WHERE hash = ? ORDER BY position", (hash,))
    return Release(
        hash=hash,
        lock=rows[0]["lock_text"].encode(),
        entries=tuple(map(_entry, entries)),
        platforms=read_platforms(json.loads(rows[0]["platforms"])),
    )


def state(t: Transaction, set: str) -> SetState:
    """Raises ``fleet-not-found``."""
    for row in t.rows("SELECT * FROM set_states WHERE set_name = ?", (set,)):
        return SetState(
            status=row["status"],
            hash=row["hash"],
            epoch=row["epoch"],
            error=row["error"],
            operation=row["operation"],
            changed_at=row["changed_at"],
            attempted_at=row["attempted_at"],
        )
    need_set(t, set)
    raise AssertionError(f"the package set {set} has no state")


def begin_attempt(t: Transaction, set: str, operation: str, epoch: int, now: int) -> None:
    """Says that the release may change, and changes nothing of it."""
    need_newest(t, epoch)
    need_set(t, set)
    t.run(
        "UPDATE set_states SET status = ?, error = '', operation = ?, attempted_at = ?"
        " WHERE set_name = ?",
        (INSTALLING, operation, now, set),
    )


def fail_attempt(t: Transaction, set: str, error: str, epoch: int, now: int) -> bool:
    """The release stays what it was. False, and nothing is said, where another operation has begun
    since, whose word counts, or where the attempt has moved the release already: then it has
    succeeded, whatever else fails. An error that is being handled is not hidden by one of these."""
    if not is_newest(t, epoch):
        return False
    changed = t.run(
        "UPDATE set_states SET status = ?, error = ?, attempted_at = ?"
        " WHERE set_name = ? AND status = ?",
        (ERROR, error.replace("\0", ""), now, set, INSTALLING),
    )
    return changed > 0


def make_current(t: Transaction, set: str, hash: str, epoch: int, now: int) -> None:
    """The one move of what hosts are to have. Raises ``fleet-lost`` where a newer epoch has been
    given out, and ``fleet-not-found`` for a release that is not in the set's history."""
    need_newest(t, epoch)
    before = state(t, set)
    need_published(t, set, hash)
    t.run(
        "UPDATE set_states SET status = ?, hash = ?, epoch = ?, error = '', changed_at = ?,"
        " attempted_at = ? WHERE set_name = ?",
        (READY, hash, epoch, before.changed_at if before.hash == hash else now, now, set),
    )


def end_interrupted(t: Transaction) -> int:
    """Attempts that are said to be under way have failed: for who has just taken the lock, which
    proves it."""
    return t.run(
        "UPDATE set_states SET status = ?, error = ? WHERE status = ?",
        (ERROR, INTERRUPTED, INSTALLING),
    )


def history(t: Transaction, set: str, keep: int = KEEP) -> list[PublishedRelease]:
    """Newest first."""
    current = state(t, set).hash
    rows = t.rows(
        "SELECT p.hash, p.published_at, p.published_by, p.pinned, COUNT(e.hash) AS packages,"
        " COALESCE(SUM(e.size), 0) AS size, COALESCE(SUM(e.unpacked), 0) AS unpacked"
        " FROM published_releases p LEFT JOIN release_entries e ON e.hash = p.hash"
        " WHERE p.set_name = ?"
        " GROUP BY p.hash, p.number, p.published_at, p.published_by, p.pinned"
        " ORDER BY p.number DESC",
        (set,),
    )
    kept = _kept(rows, current, keep)
    return [
        PublishedRelease(
            hash=row["hash"],
            published_at=row["published_at"],
            by=row["published_by"],
            packages=row["packages"],
            size=int(row["size"]),
            unpacked=int(row["unpacked"]),
            pinned=bool(row["pinned"]),
            retained=row["hash"] in kept,
            current=row["hash"] == current,
        )
        for row in rows
    ]


def pin_release(t: Transaction, set: str, hash: str) -> None:
    """Retain it whatever comes after it."""
    _set_pinned(t, set, hash, True)


def unpin_release(t: Transaction, set: str, hash: str) -> None:
    _set_pinned(t, set, hash, False)


def retained(t: Transaction, keep: int = KEEP) -> frozenset[str]:
    """The integrities of all archives that some retained release of some set has."""
    hashes = {hash for name in list_sets(t) for hash in _kept_in(t, name, keep)}
    query = "SELECT DISTINCT integrity FROM release_entries WHERE hash IN (*)"
    return frozenset(row["integrity"] for row in rows_with(t, query, sorted(hashes)))


def prune(t: Transaction, set: str, keep: int = KEEP) -> list[str]:
    """Forget the releases of a set that are not retained; which ones. Archives that only these had
    are for the collector."""
    kept = _kept_in(t, set, keep)
    rows = t.rows("SELECT hash FROM published_releases WHERE set_name = ?", (set,))
    dropped = sorted(row["hash"] for row in rows if row["hash"] not in kept)
    for hash in dropped:
        t.run("DELETE FROM published_releases WHERE set_name = ? AND hash = ?", (set, hash))
    drop_unpublished(t)
    return dropped


def _kept_in(t: Transaction, set: str, keep: int) -> Collection[str]:
    rows = t.rows(
        "SELECT hash, pinned FROM published_releases WHERE set_name = ? ORDER BY number DESC",
        (set,),
    )
    return _kept(rows, state(t, set).hash, keep)


def _kept(newest_first: list[Row], current: str, keep: int) -> Collection[str]:
    others = [row["hash"] for row in newest_first if row["hash"] != current]
    pinned = [row["hash"] for row in newest_first if row["pinned"]]
    return {current, *others[:keep], *pinned}


def _set_pinned(t: Transaction, set: str, hash: str, pinned: bool) -> None:
    need_published(t, set, hash)
    t.run(
        "UPDATE published_releases SET pinned = ? WHERE set_name = ? AND hash = ?",
        (int(pinned), set, hash),
    )


def need_published(t: Transaction, set: str, hash: str) -> None:
    """Raises ``fleet-not-found`` for a release that is not in the set's history."""
    need_set(t, set)
    known = t.rows(
        "SELECT 1 AS one FROM published_releases WHERE set_name = ? AND hash = ?", (set, hash)
    )
    if not known:
        raise GraftError(
            "fleet-not-found",
            f"the package set '{set}' has no release {hash}",
            where=set,
            why=["it was never published there, or was forgotten when newer ones came"],
        )


def _written(hash: str, position: int, entry: Entry) -> tuple[object, ...]:
    limits = entry.platforms
    said = {"os": limits.os, "cpu": limits.cpu, "libc": limits.libc}
    platforms = json.dumps({key: values for key, values in said.items() if values})
    return (
        hash,
        position,
        entry.name,
        entry.version,
        entry.integrity,
        entry.size,
        entry.unpacked,
        platforms,
    )


def _entry(row: Row) -> Entry:
    limits = {key: tuple(values) for key, values in json.loads(row["platforms"]).items()}
    return Entry(
        name=row["name"],
        version=row["version"],
        integrity=row["integrity"],
        size=row["size"],
        unpacked=row["unpacked"],
        platforms=PlatformLimits(**limits),
    )
