"""A fleet's state with archives in blob stores and releases that have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graft.fleet.blobs.collect import Collected, collect
from graft.fleet.blobs.migration import Migration, migrate
from graft.fleet.blobs.scrub import Scrub, scrub
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Blob, SetSettings, Storage
from graft.fleet.release import Entry, Release, release_hash
from graft.fleet.state import blob_index, releases, sets, storage
from graft.fleet.state.database import Database
from graft.fleet.state.operations import Held, hold
from graft.model.integrity import Integrity
from harness.fleet_blobs import archive

HOUR = 60 * 60 * 1000


class Archives:
    """``at`` is the time, in milliseconds. The package ``a`` is a@1.0.0 with ``archive("a")``."""

    def __init__(self, database: Database, stores: Sequence[BlobStore]) -> None:
        self.database = database
        self.stores = BlobStores(stores)
        self.at = 1000 * HOUR

    def now(self) -> int:
        return self.at

    @contextmanager
    def held(self, kind: str = "test") -> Iterator[Held]:
        with hold(self.database, kind, "", "test", self.now) as held:
            yield held

    def add(self, *names: str, store: str = "") -> None:
        """Put and indexed."""
        for name in names:
            integrity, data = archive(name)
            id = self.stores.put(store, integrity, data)
            with self.database.transaction() as t:
                blob_index.record(t, self._blob(name, id))

    def publish(self, *names: str, set: str = "tools") -> str:
        """A release of these, current from now on; its hash."""
        entries = [
            Entry(name=name, version="1.0.0", integrity=str(archive(name)[0]), size=1000)
            for name in names
        ]
        lock = " ".join(names).encode()
        release = Release(hash=release_hash(lock, entries), lock=lock, entries=tuple(entries))
        with self.held() as held, self.database.transaction() as t:
            if not sets.read_set(t, set):
                sets.create_set(t, set, SetSettings(), self.at)
            releases.add_release(t, set, release, "test", self.at)
            releases.make_current(t, set, release.hash, held.epoch, self.at)
        return release.hash

    def migrate(self, target: str) -> Migration:
        with self.held("migration") as held:
            return migrate(self.database, self.stores, target, held, self.now)

    def collect(self, *, keep: int = 0, dry_run: bool = False) -> Collected:
        with self.held("collection") as held:
            return collect(self.database, self.stores, held, self.now, keep=keep, dry_run=dry_run)

    def scrub(self) -> Scrub:
        with self.held("scrub") as held:
            return scrub(self.database, self.stores, held)

    def index(self) -> dict[str, str]:
        """By name, or integrity where there is none, the store that the index says."""
        with self.database.reading() as t:
            blobs = blob_index.every(t)
        return {blob.name or blob.integrity: blob.store for blob in blobs}

    def storage(self) -> Storage:
        with self.database.reading() as t:
            return storage.read_storage(t)

    def _blob(self, name: str, store: str) -> Blob:
        return Blob(
            integrity=str(archive(name)[0]),
            name=name,
            version="1.0.0",
            store=store,
            size=1000,
            unpacked=3000,
            created_at=self.at,
        )


def named(*names: str) -> set[Integrity]:
    return {archive(name)[0] for name in names}
