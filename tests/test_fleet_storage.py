"""What becomes of archives in blob stores: they move, are looked through, and are collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.blobs.copies import THREADS, bring
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.blobs.locations import open_blob_stores
from graft.fleet.blobs.migration import migrate, resume
from graft.fleet.state import blob_index, releases, storage
from graft.fleet.state.opening import open_database
from graft.model.integrity import Integrity
from harness.fleet_archives import HOUR, Archives, named
from harness.fleet_blobs import DictBlobs, archive
from harness.fleet_s3 import S3Server


@pytest.fixture
def old() -> DictBlobs:
    return DictBlobs("old")


@pytest.fixture
def new() -> DictBlobs:
    return DictBlobs("new")


@pytest.fixture
def fleet(tmp_path: Path, old: DictBlobs, new: DictBlobs) -> Iterator[Archives]:
    database = open_database(str(tmp_path / "fleet.db"))
    yield Archives(database, [old, new])
    database.close()


def code_of(caught: pytest.ExceptionInfo[GraftError]) -> str:
    return caught.value.diagnostic.code


# Section 8, storage-migration


def test_all_is_copied_compared_and_then_the_active_store_moves(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add(*"abcde")
    seen: list[tuple[int, int]] = []
    with fleet.held() as held:
        done = migrate(
            fleet.database, fleet.stores, "new", held, fleet.now, lambda *it: seen.append(it)
        )
    assert (done.status, done.moved, done.total, done.copied_bytes) == ("completed", 5, 5, 5000)
    assert done.as_json()["target"] == "new"
    assert fleet.index() == dict.fromkeys("abcde", "new")
    assert (fleet.storage().active, fleet.storage().status) == ("new", storage.COMPLETED)
    assert new.held == old.held  # the collector's business, later
    assert (seen[0], seen[-1]) == ((0, 5), (5, 5))
    # Each was read back.
    assert {*new.tried("get")} >= named(*"abcde")


def test_a_migration_to_where_all_is_changes_nothing(fleet: Archives) -> None:
    fleet.add("a")
    before = fleet.storage()
    assert fleet.migrate("old").moved == 0
    assert fleet.storage() == before and before.status == "idle"


def test_what_another_one_has_moved_is_not_moved_again(fleet: Archives, old: DictBlobs) -> None:
    fleet.add("a", "b")
    fleet.add("c", store="new")
    assert fleet.migrate("new").moved == 2
    assert named("c").isdisjoint(old.tried("get"))


def test_a_source_that_lacks_one_aborts_and_names_it(fleet: Archives, old: DictBlobs) -> None:
    fleet.add("a", "b")
    old.held.pop(archive("b")[0])
    with pytest.raises(GraftError) as caught:
        fleet.migrate("new")
    assert code_of(caught) == "fleet-blob-missing" and "b@1.0.0" in str(caught.value)
    now = fleet.storage()
    assert (now.status, now.active) == ("error", "") and "b@1.0.0" in now.error
    assert fleet.index() == {"a": "old", "b": "old"}


def test_what_the_index_says_of_the_source_is_not_believed(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    """Wherever a good copy is, it is taken."""
    fleet.add("a")
    third = DictBlobs("third", *old.held.items())
    old.fails = {"get"}
    fleet.stores = type(fleet.stores)([old, new, third])
    assert fleet.migrate("new").copied_bytes == 1000


# A6


def test_a_corrupt_copy_is_removed_and_a_second_try_makes_a_good_one(
    fleet: Archives, new: DictBlobs
) -> None:
    fleet.add("a", "b")
    new.spoils = named("b")
    with pytest.raises(GraftError) as caught:
        fleet.migrate("new")
    assert code_of(caught) == "blob-store-failed" and "b@1.0.0" in str(caught.value.diagnostic.why)
    assert fleet.storage().status == "error" and fleet.storage().active == ""
    assert archive("b")[0] not in new.held and fleet.index()["b"] == "old"
    assert fleet.migrate("new").status == "completed"
    assert new.held[archive("b")[0]] == archive("b")[1]


def test_a_corrupt_copy_that_could_not_be_removed_is_not_taken_for_a_good_one(
    fleet: Archives, new: DictBlobs
) -> None:
    fleet.add("a")
    new.spoils, new.fails = named("a"), {"delete"}
    with pytest.raises(GraftError):
        fleet.migrate("new")
    assert new.held[archive("a")[0]] == b"spoiled"
    assert fleet.migrate("new").copied_bytes == 1000
    assert new.held[archive("a")[0]] == archive("a")[1]


def test_a_target_that_is_not_there_leaves_nothing_behind(fleet: Archives) -> None:
    fleet.add("a")
    before = fleet.storage()
    with pytest.raises(GraftError) as caught:
        fleet.migrate("s3")
    assert code_of(caught) == "fleet-invalid"
    assert fleet.storage() == before


def interrupt(fleet: Archives, target: str, moved: str) -> None:
    """As a server leaves it that is killed when it has moved some."""
    with fleet.held() as held, fleet.database.transaction() as t:
        storage.begin(t, target, len(fleet.index()), held.epoch, fleet.at)
        for blob in blob_index.every(t):
            if blob.name in moved:
                bring(fleet.stores, blob, fleet.stores.store(target))
                blob_index.move(t, blob.integrity, target)


def test_one_that_died_is_resumed_by_the_next_server(fleet: Archives, new: DictBlobs) -> None:
    fleet.add(*"abc")
    interrupt(fleet, "new", "ab")
    new.asked.clear()
    done = resume(fleet.database, fleet.stores, "test", fleet.now)
    assert done and (done.status, done.moved) == ("completed", 1)
    assert fleet.storage().active == "new" and new.tried("put") == [archive("c")[0]]


def test_nothing_is_resumed_where_nothing_was_interrupted(fleet: Archives) -> None:
    locks: list[str] = []
    fleet.database.try_lock = lambda name: locks.append(name)  # type: ignore
    assert resume(fleet.database, fleet.stores, "test", fleet.now) is None
    assert locks == []


def test_what_somebody_else_is_at_is_not_resumed(fleet: Archives) -> None:
    fleet.add("a")
    interrupt(fleet, "new", "")
    with fleet.held("migration"):
        assert resume(fleet.database, fleet.stores, "test", fleet.now) is None
    assert fleet.index() == {"a": "old"}


def test_one_whose_target_is_gone_ends_as_an_error(fleet: Archives, old: DictBlobs) -> None:
    fleet.add("a")
    interrupt(fleet, "new", "")
    fleet.stores = type(fleet.stores)([old])
    with pytest.raises(GraftError, match="no blob store 'new'"):
        resume(fleet.database, fleet.stores, "test", fleet.now)
    assert fleet.storage().status == "error" and "'new'" in fleet.storage().error
    assert resume(fleet.database, fleet.stores, "test", fleet.now) is None


def test_a_cancelled_one_stops_and_keeps_the_active_store(fleet: Archives) -> None:
    names = [f"p{number:03}" for number in range(100)]
    fleet.add(*names)

    def cancel(moved: int, _: int) -> None:
        if moved:
            with fleet.database.transaction() as t:
                storage.cancel(t, fleet.at)

    with fleet.held() as held:
        done = migrate(fleet.database, fleet.stores, "new", held, fleet.now, cancel)
    assert done.status == "cancelled" and 0 < done.moved < 100
    assert (fleet.storage().status, fleet.storage().active) == ("cancelled", "")
    there = [*fleet.index().values()].count("new")
    assert there == done.moved
    # And back: all that has gone is brought home.
    assert fleet.migrate("old").moved == there
    assert {*fleet.index().values()} == {"old"}
    assert fleet.migrate("new").status == "completed"


def test_one_that_died_can_be_cancelled_without_a_server(fleet: Archives) -> None:
    fleet.add("a")
    interrupt(fleet, "new", "")
    with fleet.database.transaction() as t:
        assert storage.cancel(t, fleet.at)
    assert resume(fleet.database, fleet.stores, "test", fleet.now) is None
    assert fleet.migrate("new").status == "completed"


def test_others_are_refused_while_one_is_at_work_or_half_done(fleet: Archives) -> None:
    fleet.add("a")
    with fleet.held("install"), pytest.raises(GraftError, match="install") as caught:
        fleet.migrate("new")
    assert code_of(caught) == "fleet-busy"
    interrupt(fleet, "new", "")
    for conflicting in (lambda: fleet.migrate("old"), fleet.collect):
        with pytest.raises(GraftError, match="to 'new' was interrupted") as caught:
            conflicting()
        assert code_of(caught) == "fleet-busy"
    assert fleet.storage().status == storage.MIGRATING


def test_who_has_lost_the_lock_moves_nothing_more(fleet: Archives) -> None:
    fleet.add("a")
    with fleet.held() as paused:
        pass
    with fleet.held(), pytest.raises(GraftError) as caught:
        migrate(fleet.database, fleet.stores, "new", paused, fleet.now)
    assert code_of(caught) == "fleet-lost"
    assert fleet.index() == {"a": "old"} and fleet.storage().status == "idle"


# Scrub


def test_a_scrub_of_what_is_whole_finds_nothing(fleet: Archives) -> None:
    fleet.add(*"abc")
    found = fleet.scrub()
    assert (found.checked, found.checked_bytes, found.is_clean) == (3, 3000, True)


def test_a_scrub_repairs_from_elsewhere(fleet: Archives, old: DictBlobs, new: DictBlobs) -> None:
    fleet.add(*"abc")
    new.held = dict(old.held)
    old.held[archive("a")[0]] = b"rotten"
    del old.held[archive("b")[0]]
    found = fleet.scrub()
    assert [(it.package, it.what) for it in found.findings] == [
        (name, "repaired") for name in sorted(("a@1.0.0", "b@1.0.0"), key=of_integrity)
    ]
    assert old.held == new.held and fleet.scrub().is_clean


def of_integrity(package: str) -> str:
    return str(archive(package[0])[0])


def test_what_no_store_has_whole_is_forgotten_so_that_it_is_fetched_again(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a", "b")
    old.held[archive("a")[0]] = new.held[archive("a")[0]] = b"rotten"
    (finding,) = fleet.scrub().findings
    assert finding.what == "lost" and finding.as_json()["why"]["code"] == "fleet-blob-damaged"
    assert fleet.index() == {"b": "old"} and old.held.keys() == named("b") and not new.held


def test_what_cannot_be_asked_is_neither_good_nor_lost(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a")
    old.fails = {"get"}
    (finding,) = fleet.scrub().findings
    assert finding.what == "unknown" and fleet.index() == {"a": "old"}
    old.fails = set()
    # Lacking here, and perhaps there.
    old.held.clear()
    new.fails = {"get"}
    (finding,) = fleet.scrub().findings
    assert finding.what == "unknown" and fleet.index() == {"a": "old"}
    # A copy elsewhere is good, and this store keeps none.
    new.fails = set()
    new.held = dict([archive("a")])
    old.spoils = named("a")
    (finding,) = fleet.scrub().findings
    assert finding.what == "unknown" and new.held.keys() == named("a")


# Section 8, blob-gc and blob-gc-runner


def test_what_a_retained_release_has_is_never_collected(fleet: Archives, old: DictBlobs) -> None:
    fleet.add(*"abcdef")
    pinned = fleet.publish("a")
    fleet.publish("b")
    fleet.publish("c")
    fleet.publish("d")
    fleet.publish("e", set="other")
    with fleet.database.transaction() as t:
        releases.pin_release(t, "tools", pinned)
    for _ in range(2):
        fleet.at += 1000 * HOUR
        collected = fleet.collect(keep=1)
    # Pinned, one before the current, the current, and the other set's.
    assert old.held.keys() == named(*"acde")
    assert {removed.package for removed in collected.removed} == {"b@1.0.0", "f@1.0.0"}
    with fleet.database.reading() as t:
        assert len(releases.history(t, "tools")) == 3


def test_the_current_release_is_retained_where_a_rollback_made_it_the_oldest(
    fleet: Archives, old: DictBlobs
) -> None:
    fleet.add(*"abc")
    first = fleet.publish("a")
    fleet.publish("b")
    with fleet.held() as held, fleet.database.transaction() as t:
        releases.make_current(t, "tools", first, held.epoch, fleet.at)
    fleet.collect()
    fleet.at += 25 * HOUR
    fleet.collect()
    assert old.held.keys() == named("a")


def test_the_grace_counts_from_when_nobody_needed_it_not_from_its_age(
    fleet: Archives, old: DictBlobs
) -> None:
    """An archive of a year dies 24 hours after it left the last release, and no sooner."""
    fleet.add("a", "b")
    fleet.publish("a")
    fleet.at += 365 * 24 * HOUR
    fleet.publish("b")
    first = fleet.collect()
    assert (first.removed, first.waiting, first.waiting_bytes) == ((), 1, 1000)
    fleet.at += 24 * HOUR - 1
    assert fleet.collect().waiting == 1 and old.held.keys() == named("a", "b")
    fleet.at += 1
    collected = fleet.collect()
    assert [it.package for it in collected.removed] == ["a@1.0.0"]
    assert (collected.freed_bytes, collected.waiting) == (1000, 0)
    assert old.held.keys() == named("b") and fleet.index() == {"b": "old"}
    again = fleet.collect()
    assert (again.removed, again.freed_bytes, again.failures) == ((), 0, ())


def test_what_is_needed_again_has_all_its_time_again(fleet: Archives, old: DictBlobs) -> None:
    fleet.add("a", "b")
    fleet.publish("b")
    fleet.collect()
    fleet.at += 20 * HOUR
    fleet.publish("a", "b")
    fleet.collect()
    fleet.publish("b")
    fleet.at += 20 * HOUR
    fleet.collect()
    fleet.at += 20 * HOUR
    fleet.collect()
    assert old.held.keys() == named("a", "b")


def test_what_no_index_names_is_found_and_collected_after_as_long(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    """An install died between putting and saying so; or the active store was another one then."""
    fleet.add("a")
    fleet.publish("a")
    old.held |= dict([archive("lost")])
    new.held |= dict([archive("other")])
    first = fleet.collect()
    assert (first.found, first.waiting, first.removed) == (2, 2, ())
    fleet.at += 24 * HOUR
    collected = fleet.collect()
    assert (collected.found, len(collected.removed)) == (0, 2)
    assert old.held.keys() == named("a") and not new.held


def test_what_a_release_needs_and_no_index_names_is_kept(fleet: Archives, old: DictBlobs) -> None:
    old.held |= dict([archive("a")])
    fleet.publish("a")
    for _ in range(2):
        assert fleet.collect().found == 0
        fleet.at += 25 * HOUR
    assert old.held.keys() == named("a")


def test_a_dry_run_says_what_would_go_and_changes_nothing(fleet: Archives, old: DictBlobs) -> None:
    fleet.add(*"abc")
    fleet.publish("a")
    fleet.publish("b")
    before = fleet.index()
    assert fleet.collect(dry_run=True).waiting == 2
    with fleet.database.reading() as t:
        assert all(not blob.unreferenced_at for blob in blob_index.every(t))
        assert len(releases.history(t, "tools")) == 2
    fleet.collect()
    fleet.at += 24 * HOUR
    old.held |= dict([archive("lost")])
    dry = fleet.collect(dry_run=True)
    assert fleet.index() == before and len(old.held) == 4
    real = fleet.collect()
    assert dry.removed == real.removed and dry.freed_bytes == real.freed_bytes == 2000
    assert (dry.dry_run, dry.found, dry.waiting) == (True, real.found, real.waiting)
    assert dry.as_json()["removed"] == real.as_json()["removed"]


def due(fleet: Archives, *names: str) -> None:
    """They have not been needed for longer than the grace."""
    fleet.collect()
    fleet.at += 25 * HOUR
    with fleet.database.reading() as t:
        waiting = {blob.name for blob in blob_index.every(t) if blob.unreferenced_at}
    assert waiting == {*names}


def test_each_is_deleted_where_it_lies(fleet: Archives, old: DictBlobs, new: DictBlobs) -> None:
    fleet.add("a", "b")
    fleet.add("c", "d", store="new")
    due(fleet, *"abcd")
    fleet.collect()
    assert {*old.tried("delete")} == named("a", "b") and {*new.tried("delete")} == named("c", "d")
    assert fleet.index() == {}


def test_a_delete_that_fails_is_said_and_the_others_go_on(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a")
    fleet.add("b", store="new")
    due(fleet, "a", "b")
    old.fails = {"delete"}
    collected = fleet.collect()
    assert [failure.code for failure in collected.failures] == ["blob-store-failed"]
    assert collected.freed_bytes == 1000 and not new.held
    # What is left behind is found again.
    old.fails = set()
    assert fleet.collect().found == 1
    fleet.at += 24 * HOUR
    fleet.collect()
    assert not old.held


def test_a_store_that_cannot_be_listed_keeps_all_it_has(fleet: Archives, old: DictBlobs) -> None:
    fleet.add("a")
    fleet.add("b", store="new")
    due(fleet, "a", "b")
    old.fails = {"list"}
    collected = fleet.collect()
    assert [it.package for it in collected.removed] == ["b@1.0.0"]
    assert fleet.index() == {"a": "old"} and old.held.keys() == named("a")
    assert len(collected.failures) == 1


def test_of_a_store_that_is_not_there_any_more_only_the_index_is_cleared(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a")
    due(fleet, "a")
    fleet.stores = type(fleet.stores)([new])
    collected = fleet.collect()
    assert [failure.code for failure in collected.failures] == ["fleet-invalid"]
    assert (collected.freed_bytes, fleet.index()) == (0, {}) and old.held.keys() == named("a")


def test_an_integrity_in_other_words_is_the_same_archive(fleet: Archives, old: DictBlobs) -> None:
    integrity, _ = archive("a")
    fleet.add("a")
    with fleet.database.transaction() as t:
        (blob,) = blob_index.every(t)
        blob_index.forget(t, blob.integrity)
        row = {name: getattr(blob, name) for name in type(blob).fields}
        row["integrity"] = f"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= {integrity}?from=x"
        blob_index.record(t, type(blob)(**row))
    fleet.publish("a")
    for _ in range(3):
        assert fleet.collect().removed == ()
        fleet.at += 25 * HOUR
    assert old.held.keys() == {integrity}


def test_bytes_that_have_two_names_go_with_the_last(fleet: Archives, old: DictBlobs) -> None:
    """A lock of long ago said a second digest too."""
    fleet.add("a")
    with fleet.database.transaction() as t:
        (blob,) = blob_index.every(t)
        row = {name: getattr(blob, name) for name in type(blob).fields}
        other = f"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= {blob.integrity}"
        blob_index.record(t, type(blob)(**row | {"integrity": other, "unreferenced_at": 1}))
    assert fleet.collect().removed == () and old.held.keys() == named("a")
    fleet.at += 24 * HOUR
    fleet.collect()
    assert (old.held, fleet.index()) == ({}, {})


def test_who_has_lost_the_lock_deletes_nothing_more(fleet: Archives, old: DictBlobs) -> None:
    names = [f"p{number}" for number in range(3 * THREADS)]
    fleet.add(*names)
    due(fleet, *names)
    first = old.delete

    def overtaken(integrity: Integrity) -> None:
        first(integrity)
        with fleet.database.transaction() as t:
            t.run("UPDATE operations SET epoch = epoch + 1")

    old.delete = overtaken  # type: ignore[method-assign]
    with pytest.raises(GraftError) as caught:
        fleet.collect()
    # What was under way by then was asked for before.
    assert code_of(caught) == "fleet-lost" and len(old.held) >= 2 * THREADS
    assert fleet.index().keys() == {name for name in names if archive(name)[0] in old.held}


def test_who_has_lost_the_lock_deletes_no_copies(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a", "b")
    fleet.publish("a", "b")
    fleet.migrate("new")
    fleet.at += 25 * HOUR
    get = new.get

    def overtaken(integrity: Integrity) -> bytes | None:
        with fleet.database.transaction() as t:
            t.run("UPDATE operations SET epoch = epoch + 1")
        return get(integrity)

    new.get = overtaken  # type: ignore[method-assign]
    with pytest.raises(GraftError) as caught:
        fleet.collect()
    assert code_of(caught) == "fleet-lost" and len(old.held) == 2


def test_the_copies_that_a_migration_leaves_go_when_it_is_long_done(
    fleet: Archives, old: DictBlobs, new: DictBlobs
) -> None:
    fleet.add("a", "b")
    fleet.publish("a", "b")
    fleet.migrate("new")
    assert fleet.collect().copies == () and len(old.held) == 2
    fleet.at += 24 * HOUR
    # The copy that counts is not what it should be: the other one stays, and a scrub mends that.
    new.held[archive("b")[0]] = b"rotten"
    assert len(fleet.collect(dry_run=True).copies) == 2
    collected = fleet.collect()
    assert [it.package for it in collected.copies] == ["a@1.0.0"]
    assert [failure.code for failure in collected.failures] == ["fleet-blob-damaged"]
    assert old.held.keys() == named("b")
    fleet.scrub()
    assert fleet.collect().freed_bytes == 1000 and not old.held
    assert new.held.keys() == named("a", "b")


def test_two_that_are_one_lose_nothing(fleet: Archives, old: DictBlobs, new: DictBlobs) -> None:
    """As a bucket under two endpoints: its copies are not second ones."""
    new.held = old.held
    fleet.add("a", "b")
    fleet.publish("a", "b")
    fleet.migrate("new")
    fleet.at += 24 * HOUR
    collected = fleet.collect()
    assert collected.copies == () and "one and the same" in collected.failures[0].message
    assert new.held.keys() == named("a", "b")


# Real ones


def test_from_a_folder_to_an_object_store_and_back(s3: S3Server, tmp_path: Path) -> None:
    location = s3.bucket("story").location("story")
    stores = open_blob_stores([str(tmp_path / "blobs"), location], s3.environment())
    database = open_database(str(tmp_path / "fleet.db"))
    fleet = Archives(database, [stores.store(id) for id in stores.ids])
    names = [f"p{number}" for number in range(8)]
    fleet.add(*names)
    fleet.publish(*names[:6])
    assert fleet.migrate("s3").copied_bytes == 8_000
    lost, rotten = (archive(name)[0].file_name for name in names[:2])
    there = s3.root / "story/blobs"
    (there / rotten).write_bytes(b"rotten")
    (there / lost).unlink()
    assert {it.what for it in fleet.scrub().findings} == {"repaired"}
    fleet.at += 25 * HOUR
    collected = fleet.collect()
    assert (len(collected.copies), collected.waiting) == (8, 2)
    fleet.at += 25 * HOUR
    assert fleet.collect().freed_bytes == 2_000
    assert [*FolderBlobs("folder", str(tmp_path / "blobs")).list()] == []
    assert fleet.migrate("folder").copied_bytes == 6_000
    assert len([*FolderBlobs("folder", str(tmp_path / "blobs")).list()]) == 6
    database.close()
