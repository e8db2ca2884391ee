"""Archives that no retained release has, and has not had for some time, are removed.

Retained are, in every set, the current release, the newest before it, and those that are pinned.
The time counts from when the collector first finds that nobody needs an archive: one that has been
there for a year has as long to be needed again as one of yesterday.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record
from graft.fleet.blobs.copies import called, in_batches, integrity_of
from graft.fleet.blobs.garbage import Garbage, Listing, decide
from graft.fleet.blobs.migration import need_none_interrupted
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Blob
from graft.fleet.state import blob_index
from graft.fleet.state.database import Database
from graft.fleet.state.epochs import need_newest
from graft.fleet.state.operations import Held
from graft.fleet.state.releases import KEEP

KIND = "collection"
"""What ``operations.hold`` is to be told."""

GRACE = 24 * 60 * 60 * 1000
"""For how many milliseconds nobody must have needed an archive."""


class Removed(Record):
    """``size`` is that of one copy; ``stores`` are those that one was in."""

    package: str
    integrity: str
    size: int
    stores: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in type(self).fields}


class Collected(Record):
    """What was removed, or would be in a ``dry_run``: archives, and of others the second ones that
    a migration has left (``copies``). ``waiting`` are not needed either, but were until lately;
    ``found`` of all these no index had named. What is in ``failures`` could not be asked or
    removed, and is left for the next time."""

    dry_run: bool
    removed: tuple[Removed, ...]
    copies: tuple[Removed, ...]
    waiting: int
    waiting_bytes: int
    found: int
    releases: int
    failures: tuple[Diagnostic, ...]

    @property
    def freed_bytes(self) -> int:
        return sum(one.size * len(one.stores) for one in (*self.removed, *self.copies))

    def as_json(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "removed": [one.as_json() for one in self.removed],
            "copies": [one.as_json() for one in self.copies],
            "freed_bytes": self.freed_bytes,
            "waiting": self.waiting,
            "waiting_bytes": self.waiting_bytes,
            "found": self.found,
            "releases": self.releases,
            "failures": [failure.as_json() for failure in self.failures],
        }


def collect(
    database: Database,
    stores: BlobStores,
    held: Held,
    now: Callable[[], int],
    *,
    grace: int = GRACE,
    keep: int = KEEP,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Collected:
    """Remove what is due. ``keep`` is how many releases of each set are retained beside the current
    one. Raises ``fleet-busy`` where a migration was interrupted, and ``fleet-lost``."""
    need_none_interrupted(database)
    failures: list[Diagnostic] = []
    listing = _list(stores, failures)
    garbage = _decide(database, listing, held.epoch, now(), grace, keep, dry_run)
    work = _Removal(database, stores, listing, held, failures, dry_run)
    total = len(garbage.due) + len(garbage.copies)
    removed: list[Removed] = []
    for _, gone in in_batches(work.remove, garbage.due):
        removed += itertools.chain.from_iterable(gone)
        progress(len(removed), total)
    copies: list[Removed] = []
    for _, gone in in_batches(work.remove_copy, garbage.copies):
        copies += itertools.chain.from_iterable(gone)
        progress(len(removed) + len(copies), total)
    return Collected(
        dry_run=dry_run,
        removed=tuple(removed),
        copies=tuple(copies),
        waiting=len(garbage.waiting),
        waiting_bytes=sum(blob.size for blob in garbage.waiting),
        found=garbage.found,
        releases=garbage.releases,
        failures=tuple(failures),
    )


def _list(stores: BlobStores, failures: list[Diagnostic]) -> Listing:
    listing = {}
    for id in stores.ids:
        try:
            listing[id] = {
                integrity: (size, written) for integrity, size, written in stores.store(id).list()
            }
        except GraftError as error:
            failures.append(error.diagnostic)
    return listing


class _DryRunError(Exception):
    pass


def _decide(
    database: Database, listing: Listing, epoch: int, now: int, grace: int, keep: int, dry_run: bool
) -> Garbage:
    """A dry run decides what a real one would, and takes it back."""
    try:
        with database.transaction() as t:
            need_newest(t, epoch)
            garbage = decide(t, listing, keep=keep, now=now, before=now - grace)
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        pass
    return garbage


class _Removal:
    """For several threads at once, each of which asks for the lock before it removes anything."""

    def __init__(
        self,
        database: Database,
        stores: BlobStores,
        listing: Listing,
        held: Held,
        failures: list[Diagnostic],
        dry_run: bool,
    ) -> None:
        self._database = database
        self._stores = stores
        self._listing = listing
        self._held = held
        self._failures = failures
        self._dry_run = dry_run

    def remove(self, blob: Blob) -> list[Removed]:
        """First from the index: what it names is there, and what dies here is found again. Where
        the server does not have its store any more, only from the index."""
        integrity = integrity_of(blob)
        if not self._can_be_asked(blob):
            return []
        where = [id for id, there in self._listing.items() if integrity in there]
        if not self._dry_run:
            self._held.check()
            with self._database.transaction() as t:
                need_newest(t, self._held.epoch)
                blob_index.forget(t, blob.integrity)
            where = [id for id in where if self._tried(self._delete, id, blob)]
        return [_removed(blob, where)]

    def remove_copy(self, copy: tuple[Blob, str]) -> list[Removed]:
        """If the one that the index names is good: nothing if not."""
        blob, store = copy
        if self._dry_run or self._tried(self._delete_copy, store, blob):
            return [_removed(blob, [store])]
        return []

    def _can_be_asked(self, blob: Blob) -> bool:
        """Whether it is known if its store has it. One that the server does not have is said."""
        return blob.store in self._listing or not self._tried(self._need_store, blob.store, blob)

    def _need_store(self, store: str, _: Blob) -> None:
        self._stores.store(store)

    def _delete(self, store: str, blob: Blob) -> None:
        self._stores.store(store).delete(integrity_of(blob))

    def _delete_copy(self, store: str, blob: Blob) -> None:
        integrity = integrity_of(blob)
        named = self._stores.store(blob.store)
        data = named.get(integrity)
        if data is None or not integrity.matches(data):
            raise GraftError(
                "fleet-blob-damaged",
                f"the archive of {called(blob)} is good in no store but '{store}'",
                fix="put it right with 'graft fleet storage scrub'",
            )
        self._held.check()
        self._stores.store(store).delete(integrity)
        if named.size(integrity) is None:
            named.put(integrity, data)
            raise GraftError(
                "fleet-invalid",
                f"the blob stores '{store}' and '{named.id}' are one and the same",
                fix="start the server with one of them",
            )

    def _tried(self, step: Callable[[str, Blob], None], store: str, blob: Blob) -> bool:
        try:
            step(store, blob)
        except GraftError as error:
            if error.diagnostic.code == "fleet-lost":
                raise
            if error.diagnostic not in self._failures:
                self._failures.append(error.diagnostic)
            return False
        return True


def _removed(blob: Blob, stores: list[str]) -> Removed:
    return Removed(
        package=called(blob), integrity=blob.integrity, size=blob.size, stores=tuple(stores)
    )
