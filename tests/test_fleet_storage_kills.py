"""Migrations, scrubs and collections are killed at each step that they take in the database and in
folders: nothing is lost, nothing damaged counts, and whoever comes next brings it to its end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graft.fleet import blob_index, releases, sets, storage
from graft.fleet.blob_stores import BlobStores
from graft.fleet.collect import collect
from graft.fleet.database import Database
from graft.fleet.folder_blobs import FolderBlobs
from graft.fleet.migration import migrate
from graft.fleet.opening import open_database
from graft.fleet.operations import Held, hold
from graft.fleet.records import Blob, SetSettings
from graft.fleet.release import Entry, Release, release_hash
from graft.fleet.scrub import scrub
from harness.fleet_blobs import archive
from harness.fleet_mortal import Mortal, MortalBlobs, dies_at

NOW = 10**12
LONG_AGO = 10**11

Operation = Callable[[Database, BlobStores, Held], object]


class Place:
    """A fleet whose release has ``a``; of ``b`` and ``c`` nobody has known for long what for."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        for store in ("old", "new"):
            (folder / store).mkdir(parents=True)
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
        (self.folder / store / integrity.file_name).write_bytes(data or good)

    def holds(self, store: str) -> dict[str, bool]:
        """Which archives are in a store, and whether they are whole."""
        found = {}
        for name in ("a", "b", "c", "stray"):
            integrity, _ = archive(name)
            path = self.folder / store / integrity.file_name
            if path.exists():
                found[name] = integrity.matches(path.read_bytes())
        return found

    def stores(self, step: Callable[[], None] = lambda: None) -> BlobStores:
        return BlobStores([MortalBlobs(id, str(self.folder / id), step) for id in ("old", "new")])

    def do(self, operation: Operation) -> dict[str, str]:
        """To its end; what the index says then."""
        database = open_database(self.url)
        try:
            with hold(database, "test", "", "test", lambda: NOW, wait_seconds=20) as held:
                operation(database, self.stores(), held)
            return self.index(database)
        finally:
            database.close()

    def seen(self) -> tuple[dict[str, str], str]:
        """What the index says, and the active store."""
        database = open_database(self.url)
        with database.reading() as t:
            active = storage.read_storage(t).active
        index = self.index(database)
        database.close()
        return index, active

    @staticmethod
    def index(database: Database) -> dict[str, str]:
        with database.reading() as t:
            return {blob.name or "stray": blob.store for blob in blob_index.every(t)}


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    numbers = itertools.count()

    def place() -> Place:
        folder = tmp_path / str(next(numbers))
        if request.param == "sqlite":
            return Place(folder, str(folder / "fleet.db"))
        return Place(folder, request.getfixturevalue("postgres").url())

    return place


def killed(place: Place, at: int, operation: Operation) -> bool:
    def work(database: Mortal) -> None:
        replace = os.replace

        def replacing(source: str, target: str) -> None:
            database.step()
            replace(source, target)

        os.replace = replacing  # type: ignore[assignment]
        with hold(database, "test", "", "test", lambda: NOW) as held:
            operation(database, place.stores(database.step), held)

    return dies_at(at, place.url, work)


def kills(
    places: Callable[[], Place],
    operation: Operation,
    prepare: Callable[[Place], None],
    check: Callable[[Place], None],
) -> int:
    """How many there were. ``check`` is for each what was left, before anybody else comes."""
    for at in itertools.count(1):
        place = places()
        prepare(place)
        if not killed(place, at, operation):
            return at - 1
        check(place)
    raise AssertionError


def whole_where_the_index_says(place: Place) -> dict[str, str]:
    index, active = place.seen()
    assert all(place.holds(store)[name] for name, store in index.items())
    assert active == "" or {*index.values()} == {active}
    return index


def test_a_migration_is_killed_at_each_step(places: Callable[[], Place]) -> None:
    def move(database: Database, stores: BlobStores, held: Held) -> None:
        migrate(database, stores, "new", held, lambda: NOW)

    def check(place: Place) -> None:
        assert whole_where_the_index_says(place).keys() == {*"abc"}
        assert place.holds("old") == dict.fromkeys("abc", True)
        assert place.do(move) == dict.fromkeys("abc", "new")
        assert place.seen()[1] == "new" and place.holds("new") == dict.fromkeys("abc", True)

    # A copy that is no good lies there from before.
    assert kills(places, move, lambda place: place.lay("new", "c", b"rotten"), check) >= 18


def test_a_collection_is_killed_at_each_step(places: Callable[[], Place]) -> None:
    def clear(database: Database, stores: BlobStores, held: Held) -> None:
        collect(database, stores, held, lambda: NOW)

    def prepare(place: Place) -> None:
        place.lay("new", "a")  # a second copy
        place.lay("new", "b")
        place.lay("old", "stray")

    def later(database: Database, stores: BlobStores, held: Held) -> None:
        collect(database, stores, held, lambda: 2 * NOW)

    def check(place: Place) -> None:
        assert whole_where_the_index_says(place)["a"] == "old"
        place.do(clear)
        assert place.do(later) == {"a": "old"}
        assert place.holds("old") == {"a": True} and place.holds("new") == {}

    assert kills(places, clear, prepare, check) >= 16


def test_a_scrub_is_killed_at_each_step(places: Callable[[], Place]) -> None:
    def mend(database: Database, stores: BlobStores, held: Held) -> None:
        scrub(database, stores, held)

    def prepare(place: Place) -> None:
        place.lay("old", "a", b"rotten")
        place.lay("new", "a")
        place.lay("old", "b", b"rotten")
        place.lay("new", "b", b"rotten too")

    def check(place: Place) -> None:
        index, _ = place.seen()
        assert {"a", "c"} <= index.keys() and place.holds("new")["a"] and place.holds("old")["c"]
        assert place.do(mend) == {"a": "old", "c": "old"}
        assert place.holds("old")["a"] and not place.holds("old").get("b")

    assert kills(places, mend, prepare, check) >= 10


def test_what_a_killed_put_leaves_is_no_archive(places: Callable[[], Place]) -> None:
    place = places()
    assert killed(place, 5, lambda _, stores, __: stores.put("new", *archive("a")))
    assert any(name.startswith(".tmp-") for name in os.listdir(place.folder / "new"))
    assert [*FolderBlobs("new", str(place.folder / "new")).list()] == []
