"""Migrations, collections and scrubs, killed at each step that they take in the database and in
blob stores: nothing is lost, nothing damaged counts, and whoever comes next brings it to its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from graft.fleet.blobs.collect import collect
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.blobs.migration import migrate
from graft.fleet.blobs.objects import ObjectBlobs
from graft.fleet.blobs.scrub import scrub
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Blob, SetSettings
from graft.fleet.release import Entry, Release, release_hash
from graft.fleet.state import blob_index, releases, sets, storage
from graft.fleet.state.database import Database
from graft.fleet.state.opening import open_database
from graft.fleet.state.operations import Held, hold
from harness.fleet_blobs import archive
from harness.fleet_kills import Scenario, Tally
from harness.fleet_mortal import Mortal, MortalBlobs, dies_at
from harness.fleet_s3 import S3Server

NOW = 10**12
LONG_AGO = 10**11

Operation = Callable[[Database, BlobStores, Held], object]


class Place:
    """A fleet whose release has ``a``; of ``b`` and ``c`` nobody has known for long what for. Of
    its two stores, which are folders to us, the new one may be behind ``s3``."""

    def __init__(self, folder: Path, url: str, s3: S3Server | None = None) -> None:
        self.url = url
        self._bucket = s3.bucket(folder.name).location(folder.name, "b") if s3 else ""
        self._folders = {id: folder / id for id in ("old", "new")}
        if s3:
            self._folders["new"] = s3.root / folder.name / "b"
        self._s3 = s3
        for path in self._folders.values():
            path.mkdir(parents=True)
        for name in "abc":
            self.lay("old", name)
        database = open_database(url)
        entries = (Entry(name="a", version="1", integrity=str(archive("a")[0]), size=1000),)
        release = Release(hash=release_hash(b"", entries), lock=b"", entries=entries)
        with database.transaction() as t:
            sets.create_set(t, "tools", SetSettings(), LONG_AGO)
            releases.add_release(t, "tools", release, "test", LONG_AGO)
            releases.make_current(t, "tools", release.hash, 0, LONG_AGO)
            for name in "abc":
                blob_index.record(
                    t,
                    Blob(
                        integrity=str(archive(name)[0]),
                        name=name,
                        version="1",
                        store="old",
                        size=1000,
                        unpacked=1000,
                        created_at=LONG_AGO,
                        unreferenced_at=0 if name == "a" else LONG_AGO,
                    ),
                )
        database.close()

    def lay(self, store: str, name: str, data: bytes = b"") -> None:
        integrity, good = archive(name)
        (self._folders[store] / integrity.file_name).write_bytes(data or good)

    def names(self, store: str) -> list[str]:
        return os.listdir(self._folders[store])

    def holds(self, store: str) -> dict[str, bool]:
        """Which archives are in a store, and whether they are whole."""
        found = {}
        for name in ("a", "b", "c", "stray"):
            integrity, _ = archive(name)
            path = self._folders[store] / integrity.file_name
            if path.exists():
                found[name] = integrity.matches(path.read_bytes())
        return found

    def do(self, operation: Operation, at: int = 0) -> bool:
        """In a process that is killed at that step; whether it was. With 0 it never is."""

        def work(database: Mortal) -> None:
            replace = os.replace

            def replacing(source: str, target: str) -> None:
                database.step()
                replace(source, target)

            os.replace = replacing  # type: ignore[assignment]
            stores = BlobStores([MortalBlobs(self._store(id), database.step) for id in _IDS])
            with hold(database, "test", "", "test", lambda: NOW, wait_seconds=20) as held:
                operation(database, stores, held)

        return dies_at(at, self.url, work)

    def done(self, operation: Operation) -> dict[str, str]:
        """To its end; what the index says then."""
        assert not self.do(operation)
        return self.seen()[0]

    def seen(self) -> tuple[dict[str, str], str]:
        """What the index says, and the active store."""
        database = open_database(self.url)
        with database.reading() as t:
            active = storage.read_storage(t).active
            index = {blob.name or "stray": blob.store for blob in blob_index.every(t)}
        database.close()
        return index, active

    def _store(self, id: str) -> BlobStore:
        """One in each process: what speaks to object stores does not survive a fork."""
        if id == "old" or not self._s3:
            return FolderBlobs(id, str(self._folders[id]))
        url, _, query = self._bucket.partition("?")
        options = dict(each.split("=", 1) for each in query.split("&"))
        keys = self._s3.environment("s3")
        options |= {name.rpartition("__")[2].lower(): key for name, key in keys.items()}
        return ObjectBlobs(id, url, options)


_IDS = ("old", "new")


def whole_where_the_index_says(place: Place) -> dict[str, str]:
    index, active = place.seen()
    assert all(place.holds(store).get(name) for name, store in index.items()), index
    assert active == "" or {*index.values()} == {active}
    return index


class _Kills:
    """``check`` is for what a kill has left, before anybody else comes."""

    def __init__(
        self,
        operation: Operation,
        prepare: Callable[[Place], None],
        check: Callable[[Place], None],
    ) -> None:
        self._operation = operation
        self._prepare = prepare
        self._check = check

    def on(self, tally: Tally, folder: Path, url: Callable[[], str], *, s3: bool = False) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(S3Server(folder / "s3")) if s3 else None
            for step in tally.steps():
                place = Place(folder / f"step-{step}", url(), server)
                self._prepare(place)
                if not place.do(self._operation, step):
                    return
                with tally.kill(f"step {step}"):
                    self._check(place)


def _move(database: Database, stores: BlobStores, held: Held) -> None:
    migrate(database, stores, "new", held, lambda: NOW)


def _check_move(place: Place) -> None:
    assert whole_where_the_index_says(place).keys() == {*"abc"}
    assert place.holds("old") == dict.fromkeys("abc", True)
    assert place.done(_move) == dict.fromkeys("abc", "new")
    assert place.seen()[1] == "new" and place.holds("new") == dict.fromkeys("abc", True)


def _clear(database: Database, stores: BlobStores, held: Held) -> None:
    collect(database, stores, held, lambda: NOW)


def _clear_later(database: Database, stores: BlobStores, held: Held) -> None:
    collect(database, stores, held, lambda: 2 * NOW)


def _prepare_clear(place: Place) -> None:
    place.lay("new", "a")  # a second copy
    place.lay("new", "b")
    place.lay("old", "stray")


def _check_clear(place: Place) -> None:
    assert whole_where_the_index_says(place)["a"] == "old"
    place.done(_clear)
    assert place.done(_clear_later) == {"a": "old"}
    assert place.holds("old") == {"a": True} and place.holds("new") == {}


def _mend(database: Database, stores: BlobStores, held: Held) -> None:
    scrub(database, stores, held)


def _prepare_mend(place: Place) -> None:
    place.lay("old", "a", b"rotten")
    place.lay("new", "a")
    place.lay("old", "b", b"rotten")
    place.lay("new", "b", b"rotten too")


def _check_mend(place: Place) -> None:
    index, _ = place.seen()
    assert {"a", "c"} <= index.keys() and place.holds("new")["a"] and place.holds("old")["c"]
    assert place.done(_mend) == {"a": "old", "c": "old"}
    assert place.holds("old")["a"] and not place.holds("old").get("b")


# A copy that is no good lies there from before.
_MIGRATION = _Kills(_move, lambda place: place.lay("new", "c", b"rotten"), _check_move)
_COLLECTION = _Kills(_clear, _prepare_clear, _check_clear)
_SCRUB = _Kills(_mend, _prepare_mend, _check_mend)
SCENARIOS: dict[str, Scenario] = {
    "migration": _MIGRATION.on,
    "migration to S3": partial(_MIGRATION.on, s3=True),
    "collection": _COLLECTION.on,
    "collection, one store is S3": partial(_COLLECTION.on, s3=True),
    "scrub": _SCRUB.on,
    "scrub, one store is S3": partial(_SCRUB.on, s3=True),
}
