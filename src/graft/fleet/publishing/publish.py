"""From a release to what hosts are to have: archives first, then one move of the desired state.

Until that move nothing that a host sees has changed. Whatever was put by then is an archive under
its own integrity: the next attempt finds it, or the collector does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import absent
from graft.fleet.publishing.attempt import Attempt, Fleet
from graft.fleet.records import Blob, SetState
from graft.fleet.release import Entry, Release
from graft.fleet.state.blob_index import find, record
from graft.fleet.state.events import emit
from graft.fleet.state.releases import add_release, make_current, read_release, state
from graft.lockfile.differences import differences
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.model.difference import Difference
from graft.model.graph import Graph
from graft.model.integrity import Integrity, parse_integrity

PUBLISHED = "release"
"""The kind of the event that says that a set has another release."""

_BATCH = 32
_THREADS = 8


class Published(Record):
    """What came of it, or with ``dry_run`` would. ``changes`` are from the release before, which
    was ``previous``; ``put`` counts the archives that the store lacked, of ``put_bytes``, which
    are not known beforehand, and ``put_unpacked`` with what is in them: beforehand, as registries
    say, but for ``put_unknown`` of which they say nothing."""

    state: SetState
    release: Release
    previous: str
    changes: tuple[Difference, ...]
    put: int = 0
    put_bytes: int = 0
    put_unpacked: int = 0
    put_unknown: int = 0
    dry_run: bool = False
    notes: tuple[Diagnostic, ...] = ()


def sizes_of(
    fleet: Fleet, active: BlobStore, integrities: Collection[str]
) -> dict[str, tuple[int, int]]:
    """Packed and unpacked, of those that the active store has: the index says what they are, and
    the store is asked whether they are there."""
    with fleet.database.reading() as t:
        rows = find(t, integrities)
    indexed = {i: (row.size, row.unpacked) for i, row in rows.items() if row.store == active.id}
    gone = {str(integrity) for integrity in absent(active, list(map(parse_integrity, indexed)))}
    return {i: sizes for i, sizes in indexed.items() if i not in gone}


def elsewhere(fleet: Fleet, integrities: Collection[str]) -> Callable[[Integrity], bytes | None]:
    """Reads, of the archives that the active store lacks, those that some other store has."""
    with fleet.database.reading() as t:
        indexed = {integrity: row.store for integrity, row in find(t, integrities).items()}

    def read(integrity: Integrity) -> bytes | None:
        store = indexed.get(str(integrity))
        if store is None:
            return None
        try:
            return fleet.stores.read(integrity, indexed=store).data
        except GraftError:
            return None  # the registry has it

    return read


def put_archives(
    attempt: Attempt,
    entries: Sequence[Entry],
    read: Callable[[Integrity], bytes],
) -> None:
    """Into the active store, a few at a time, each batch indexed once it is there."""
    from concurrent.futures import ThreadPoolExecutor

    fleet, active = attempt.fleet, attempt.active

    def put(entry: Entry) -> None:
        integrity = parse_integrity(entry.integrity)
        fleet.stores.put(active.id, integrity, read(integrity))

    with ThreadPoolExecutor(_THREADS) as pool:
        for batch in _batches(entries):
            attempt.held.check()
            list(pool.map(put, batch))
            with fleet.database.transaction() as t:
                for entry in batch:
                    record(t, _blob(entry, active.id, fleet.now()))


def announce(attempt: Attempt, release: Release) -> SetState:
    """The move, with the history and the event that tell of it. The same release once more is no
    news: only the attempt has ended. Raises ``fleet-lost`` where another has the lock by now."""
    fleet, name = attempt.fleet, attempt.set
    attempt.held.check()
    with fleet.database.transaction() as t:
        now, previous = fleet.now(), state(t, name).hash
        if release.hash != previous:
            add_release(t, name, release, attempt.by, now)
        make_current(t, name, release.hash, attempt.held.epoch, now)
        if release.hash != previous:
            said = {"hash": release.hash, "previous": previous, "by": attempt.by}
            emit(t, PUBLISHED, name, said, now)
        after = state(t, name)
    fleet.database.ring()
    return after


def current(fleet: Fleet, name: str) -> tuple[SetState, Release | None]:
    """None where nothing was ever published."""
    with fleet.database.reading() as t:
        now = state(t, name)
        return now, read_release(t, name, now.hash) if now.hash else None


def graph_of(release: Release | None) -> Graph | None:
    return read_lock(release.lock, where=LOCK_NAME) if release else None


def changes_between(before: Release | None, after: Release) -> tuple[Difference, ...]:
    graph = graph_of(after)
    assert graph is not None
    return differences(graph_of(before), graph)


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _BATCH):
        yield entries[start : start + _BATCH]


def _blob(entry: Entry, store: str, now: int) -> Blob:
    return Blob(
        integrity=entry.integrity,
        name=entry.name,
        version=entry.version,
        store=store,
        size=entry.size,
        unpacked=entry.unpacked,
        created_at=now,
    )
