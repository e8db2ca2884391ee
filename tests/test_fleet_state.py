"""What a fleet's server keeps, in each database that it can be kept in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.records import (
    ERROR,
    IDLE,
    INSTALLING,
    READY,
    Blob,
    HostReport,
    Operation,
    Pin,
    SetSettings,
    SetState,
)
from graft.fleet.release import EMPTY_HASH, Entry, Release, release_hash
from graft.fleet.state import blob_index, events, hosts, operations, releases, sets, storage, tokens
from graft.fleet.state.database import Database, Row, Transaction
from graft.fleet.state.opening import open_database
from graft.fleet.state.operations import heal, hold
from graft.model.platform import Platform, PlatformLimits


def release(*packages: str) -> Release:
    """Of ``name@version``, each with an archive of 100 bytes."""
    entries = []
    for package in packages:
        name, _, version = package.rpartition("@")
        entries.append(
            Entry(
                name=name,
                version=version,
                integrity=f"sha512-{package}",
                size=100,
                unpacked=300,
                platforms=PlatformLimits(os=("linux",), libc=("glibc", "!musl")),
            )
        )
    lock = f'{{"é": {list(packages)!r}}}\n'.encode()
    return Release(hash=release_hash(lock, entries), lock=lock, entries=tuple(entries))


def code(raised: pytest.ExceptionInfo[GraftError]) -> str:
    return raised.value.diagnostic.code


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = str(tmp_path / "fleet.db")
    else:
        url = request.getfixturevalue("postgres").url()
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def t(database: Database) -> Iterator[Transaction]:
    """All in one transaction, with a set ``tools``."""
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
        yield t


@pytest.fixture
def each(database: Database) -> Transaction:
    """Each statement in a transaction of its own, so that others come in between."""
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
    return Each(database)


class Each:
    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        with self._database.transaction() as t:
            return t.rows(sql, parameters)

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with self._database.transaction() as t:
            return t.run(sql, parameters)


def publish(t: Transaction, what: Release, now: int = 1, *, current: bool = True) -> str:
    releases.add_release(t, "tools", what, "ada", now)
    if current:
        releases.make_current(t, "tools", what.hash, 0, now)
    return what.hash


# Sets and pins


def test_settings_come_back_as_they_were_written(t: Transaction) -> None:
    settings = SetSettings(
        registry="https://registry.example.com",
        scopes={"@acme": "https://npm.acme.example"},
        platforms=(Platform(os="linux", cpu="x64", libc="glibc"), Platform(os="win32", cpu="x64")),
        warn_bytes=1,
        block_bytes=2**40,
    )
    sets.write_settings(t, "tools", settings, 2)
    assert sets.read_set(t, "tools") == settings
    assert sets.read_set(t, "none") is None
    sets.create_set(t, "b", settings, 3)
    assert sets.list_sets(t) == ["b", "tools"]


def test_a_partial_policy_write_keeps_the_other_layers(t: Transaction) -> None:
    sets.change_settings(t, "tools", 2, scopes={"@acme": "https://npm.acme.example"})
    changed = sets.change_settings(t, "tools", 3, warn_bytes=7)
    assert changed == sets.read_set(t, "tools")
    assert changed.scopes == {"@acme": "https://npm.acme.example"} and changed.warn_bytes == 7


def test_a_set_has_a_name_that_a_folder_can_have(t: Transaction) -> None:
    for name in ("", "..", "A", "a/b", "-a", "a" * 65, "a\n"):
        with pytest.raises(GraftError) as raised:
            sets.create_set(t, name, SetSettings(), 1)
        assert code(raised) == "fleet-invalid"


def test_a_set_is_made_once_and_what_is_not_there_is_said(t: Transaction) -> None:
    with pytest.raises(GraftError) as raised:
        sets.create_set(t, "tools", SetSettings(), 1)
    assert code(raised) == "fleet-invalid"
    asked: list[Callable[[], object]] = [
        lambda: sets.pins(t, "none"),
        lambda: sets.put_pin(t, "none", "a", "1.0.0", "ada", 1),
        lambda: sets.write_settings(t, "none", SetSettings(), 1),
        lambda: releases.state(t, "none"),
        lambda: releases.history(t, "none"),
        lambda: releases.make_current(t, "tools", EMPTY_HASH, 0, 1),
        lambda: releases.pin_release(t, "tools", EMPTY_HASH),
        lambda: hosts.report(t, HostReport(host="h", set="none", hash="", status=READY)),
        lambda: tokens.revoke(t, "none", 1),
    ]
    for ask in asked:
        with pytest.raises(GraftError) as raised:
            ask()
        assert code(raised) == "fleet-not-found"


def test_pins_are_sorted_and_a_new_version_changes_nothing_else(t: Transaction) -> None:
    sets.put_pin(t, "tools", "b", "1.0.0", "ada", 1)
    sets.put_pin(t, "tools", "@a/x", "npm:y@2.0.0", "ada", 2)
    sets.put_pin(t, "tools", "B", "1.0.0", "ada", 2)
    sets.enable_pin(t, "tools", "b", False, 3)
    put = sets.put_pin(t, "tools", "b", "1.0.1", "bob", 4)
    assert put == Pin(
        local="b", specifier="1.0.1", enabled=False, added_by="ada", added_at=1, updated_at=4
    )
    assert [pin.local for pin in sets.pins(t, "tools")] == ["@a/x", "B", "b"]
    assert sets.remove_pin(t, "tools", "b") and not sets.remove_pin(t, "tools", "b")


def test_enabling_an_unknown_pin_is_an_answer_and_no_crash(t: Transaction) -> None:
    with pytest.raises(GraftError) as raised:
        sets.enable_pin(t, "tools", "nothing", True, 1)
    assert code(raised) == "fleet-not-found"


def test_a_set_goes_with_all_that_is_known_of_it(t: Transaction) -> None:
    first = publish(t, release("a@1.0.0"))
    sets.put_pin(t, "tools", "a", "1.0.0", "ada", 1)
    sets.create_set(t, "other", SetSettings(), 1)
    releases.add_release(t, "other", release("b@1.0.0"), "ada", 1)
    hosts.report(t, HostReport(host="h", set="tools", hash=first, status=READY))
    assert sets.delete_set(t, "tools") and not sets.delete_set(t, "tools")
    assert sets.list_sets(t) == ["other"] and hosts.hosts(t) == []
    assert releases.retained(t) == {"sha512-b@1.0.0"}
    assert [row["hash"] for row in t.rows("SELECT hash FROM releases")] == [release("b@1.0.0").hash]


# Releases


def test_a_release_comes_back_to_the_byte(t: Transaction) -> None:
    many = release(*[f"p{number}@1.0.0" for number in range(300)])
    publish(t, many)
    assert releases.read_release(t, "tools", many.hash) == many
    empty = Release(hash=EMPTY_HASH, lock=b"{}", entries=())
    publish(t, empty)
    assert releases.read_release(t, "tools", EMPTY_HASH) == empty


def test_the_manifest_of_a_stale_hash_is_never_an_empty_one(t: Transaction) -> None:
    old = publish(t, release("a@1.0.0"))
    publish(t, release("a@2.0.0"))
    assert releases.read_release(t, "tools", old) == release("a@1.0.0")
    assert releases.read_release(t, "tools", "f" * 64) is None
    sets.create_set(t, "other", SetSettings(), 1)
    assert releases.read_release(t, "other", old) is None


def test_an_attempt_leaves_what_is_desired_as_it_is(t: Transaction) -> None:
    assert releases.state(t, "tools") == SetState()
    first = publish(t, release("a@1.0.0"), 5)
    assert releases.state(t, "tools") == SetState(
        status=READY, hash=first, changed_at=5, attempted_at=5
    )
    releases.begin_attempt(t, "tools", "install", 0, 6)
    begun = releases.state(t, "tools")
    assert (begun.status, begun.hash, begun.operation) == (INSTALLING, first, "install")
    assert releases.fail_attempt(t, "tools", "no such \0package", 0, 7)
    assert releases.state(t, "tools") == SetState(
        status=ERROR,
        hash=first,
        error="no such package",
        operation="install",
        changed_at=5,
        attempted_at=7,
    )
    releases.begin_attempt(t, "tools", "install", 0, 8)
    releases.make_current(t, "tools", first, 0, 8)
    # A5: an announcement that failed turned what had succeeded into an error.
    assert not releases.fail_attempt(t, "tools", "nobody could be told", 0, 9)
    again = releases.state(t, "tools")
    assert (again.status, again.error, again.changed_at) == (READY, "", 5)


def test_history_has_the_newest_first_and_says_what_is_retained(t: Transaction) -> None:
    all_of_them = [release(f"a@{number}.0.0", "b@1.0.0") for number in range(6)]
    for number, one in enumerate(all_of_them):
        publish(t, one, number + 1)
    releases.pin_release(t, "tools", all_of_them[0].hash)
    # Rolled back to: current, and as old as it was.
    releases.make_current(t, "tools", all_of_them[2].hash, 0, 9)
    told = releases.history(t, "tools")
    assert [line.hash for line in told] == [one.hash for one in reversed(all_of_them)]
    assert [line.retained for line in told] == [True, True, False, True, False, True]
    assert [line.current for line in told] == [False, False, False, True, False, False]
    assert told[-1].pinned and told[0].by == "ada" and told[0].published_at == 6
    assert (told[0].packages, told[0].size, told[0].unpacked) == (2, 200, 600)
    # Published once more, a release is the newest again, and as pinned as it was.
    publish(t, all_of_them[0], 10)
    assert releases.history(t, "tools")[0].hash == all_of_them[0].hash
    assert releases.history(t, "tools")[0].pinned


def test_what_is_retained_is_over_all_sets(t: Transaction) -> None:
    for number in range(5):
        publish(t, release(f"a@{number}.0.0"), number)
    sets.create_set(t, "other", SetSettings(), 1)
    for number in range(9):
        releases.add_release(t, "other", release(f"b@{number}.0.0"), "ada", number)
    releases.make_current(t, "other", release("b@0.0.0").hash, 0, 1)
    kept = {"a@4.0.0", "a@3.0.0", "b@0.0.0", "b@8.0.0"}
    assert releases.retained(t, keep=1) == {f"sha512-{package}" for package in kept}
    assert releases.retained(t, keep=0) == {"sha512-a@4.0.0", "sha512-b@0.0.0"}


def test_pruning_forgets_what_is_not_retained(t: Transaction) -> None:
    assert releases.prune(t, "tools", 1) == []
    first, *others = [publish(t, release(f"a@{number}.0.0"), number) for number in range(4)]
    releases.pin_release(t, "tools", first)
    assert releases.prune(t, "tools", 1) == [others[0]]
    assert releases.read_release(t, "tools", others[0]) is None
    assert t.rows("SELECT * FROM release_entries WHERE hash = ?", (others[0],)) == []
    releases.unpin_release(t, "tools", first)
    assert releases.prune(t, "tools", 1) == [first]
    assert [line.hash for line in releases.history(t, "tools")] == [others[2], others[1]]


# Blobs


def blob(name: str, store: str = "folder", now: int = 1) -> Blob:
    return Blob(
        integrity=name,
        name=name,
        version="1.0.0",
        store=store,
        size=10,
        unpacked=30,
        created_at=now,
    )


def test_the_index_says_where_a_blob_is_and_moves_it(t: Transaction) -> None:
    for name in ("a", "b", "c"):
        blob_index.record(t, blob(name))
    blob_index.record(t, blob("c", "s3", 9))
    asked = [*(str(number) for number in range(2000)), "a", "c", "a"]
    assert blob_index.find(t, asked) == {"a": blob("a"), "c": blob("c", "s3", 1)}
    assert [one.integrity for one in blob_index.not_in(t, "s3")] == ["a", "b"]
    blob_index.move(t, "a", "s3")
    blob_index.forget(t, "b")
    assert blob_index.not_in(t, "s3") == []
    assert [one.integrity for one in blob_index.every(t)] == ["a", "c"]


def test_blob_grace_is_since_it_was_unreferenced_and_not_since_it_was_made(t: Transaction) -> None:
    for name in ("old", "kept", "back"):
        blob_index.record(t, blob(name, now=1))
    blob_index.mark_references(t, {"old", "kept", "back"}, 1000)
    assert blob_index.collectable(t, 10**9) == []
    blob_index.mark_references(t, {"kept"}, 2000)
    blob_index.mark_references(t, {"kept", "back"}, 3000)
    assert blob_index.collectable(t, 1999) == []
    assert [one.integrity for one in blob_index.collectable(t, 2000)] == ["old"]


# Hosts, tokens, events, storage


def said(hash: str, status: str, at: int) -> HostReport:
    return HostReport(
        host="h1",
        set="tools",
        hash=hash,
        status=status,
        platform="linux-x64",
        pulled_bytes=2**33,
        reported_at=at,
    )


def test_a_host_has_converged_when_it_first_was_ready_with_what_it_has(t: Transaction) -> None:
    assert hosts.report(t, said("", "pulling", 1)).converged_at == 0
    assert hosts.report(t, said("a", READY, 2)).converged_at == 2
    assert hosts.report(t, said("a", READY, 3)).converged_at == 2
    assert hosts.report(t, said("a", ERROR, 4)).converged_at == 2
    assert hosts.report(t, said("b", READY, 5)).converged_at == 5
    assert hosts.hosts(t, "tools") == hosts.hosts(t) == [hosts.report(t, said("b", READY, 5))]
    assert hosts.hosts(t, "other") == []
    assert hosts.forget_host(t, "h1") and hosts.hosts(t) == []


def test_of_a_token_only_a_hash_is_kept(t: Transaction) -> None:
    token, secret = tokens.make_token(t, "host", "rack 7", "h1", 5)
    assert tokens.authenticate(t, secret, 6) == token
    assert secret not in repr(t.rows("SELECT * FROM tokens"))
    assert secret.rpartition("_")[2] not in repr(token)
    for wrong in ("", "graft", secret[:-1], f"{secret}x", f"graft_{token.id}_", "é", "a_b_c"):
        assert tokens.authenticate(t, wrong, 6) is None
    revoked = tokens.revoke(t, token.id, 7)
    assert revoked.revoked_at == 7 and tokens.revoke(t, token.id, 8) == revoked
    assert tokens.authenticate(t, secret, 9) is None
    assert tokens.list_tokens(t) == [revoked]


def test_use_of_a_token_is_noted_to_the_hour(t: Transaction) -> None:
    _, secret = tokens.make_token(t, "read", "", "", 0)
    hour = tokens.USE_NOTED_EVERY
    for now in (hour, 2 * hour + 5, 2 * hour + 6):
        tokens.authenticate(t, secret, now)
    assert [token.used_at for token in tokens.list_tokens(t)] == [2 * hour + 5]


def test_a_token_has_a_role_and_only_a_host_has_a_host(t: Transaction) -> None:
    for role, host in (("root", ""), ("host", ""), ("manage", "h1")):
        with pytest.raises(GraftError) as raised:
            tokens.make_token(t, role, "", host, 1)
        assert code(raised) == "fleet-invalid"


def test_an_event_is_told_if_and_only_if_it_is_so(database: Database, each: Transaction) -> None:
    events.emit(each, "changed", "tools", {"hash": "a"}, 1)
    with pytest.raises(ZeroDivisionError), database.transaction() as failing:
        publish(failing, release("a@1.0.0"))
        events.emit(failing, "changed", "tools", {"hash": "b"}, 2)
        raise ZeroDivisionError
    assert [event.data["hash"] for event in events.since(each, 0)] == ["a"]
    assert releases.state(each, "tools").status == IDLE


def test_ids_of_events_go_on_where_they_were(t: Transaction) -> None:
    for now in (1, 2, 3):
        events.emit(t, "changed", "tools", {}, now)
    assert events.trim(t, 100) == 2
    events.emit(t, "changed", "tools", {}, 4)
    assert [event.id for event in events.since(t, 0)] == [3, 4] and events.newest(t) == 4


def test_storage_moves_once_and_at_the_end(t: Transaction) -> None:
    storage.activate(t, "folder", 1)
    storage.begin(t, "s3", 2, 0, 2)
    assert storage.progress(t, 1, 0, 3)
    with pytest.raises(GraftError) as raised:
        storage.activate(t, "other", 4)
    assert code(raised) == "fleet-busy"
    under_way = storage.read_storage(t)
    assert (under_way.active, under_way.status, under_way.moved) == ("folder", "migrating", 1)
    storage.complete(t, 0, 5)
    assert storage.read_storage(t).active == "s3"
    storage.begin(t, "folder", 2, 0, 6)
    storage.fail(t, "no room", 0, 7)
    failed = storage.read_storage(t)
    assert (failed.active, failed.status, failed.error) == ("s3", ERROR, "no room")


def test_a_cancelled_migration_does_not_go_on(t: Transaction) -> None:
    assert not storage.cancel(t, 1)
    storage.begin(t, "s3", 2, 0, 2)
    assert storage.cancel(t, 3)
    assert not storage.progress(t, 2, 0, 4)
    with pytest.raises(GraftError) as raised:
        storage.complete(t, 0, 5)
    assert code(raised) == "fleet-lost"
    storage.fail(t, "cancelled", 0, 6)
    assert storage.read_storage(t).status == "cancelled"
    assert storage.read_storage(t).active == ""


# The lock and its epochs


def test_one_operation_at_a_time_and_the_other_is_named(database: Database) -> None:
    with hold(database, "install", "tools", "server-1", lambda: 1000) as held:
        held.check()
        with (
            pytest.raises(GraftError) as raised,
            hold(database, "gc", "", "server-2", lambda: 31_000),
        ):
            pass
        assert not heal(database, "server-2", lambda: 1)
    told = raised.value.diagnostic
    assert told.code == "fleet-busy" and "install of tools" in told.message
    assert "30 s ago by server-1" in told.why[0]
    with hold(database, "gc", "", "server-2", lambda: 1) as next_one:
        assert next_one.epoch == held.epoch + 1


def test_who_comes_just_after_another_is_told_its_name_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Race of section 1.16: the first has the lock, and has not said yet who it is."""
    first = operations._enter
    entered = threading.Event()

    def slow(*of: Any) -> Operation:
        entered.set()
        time.sleep(0.3)
        return first(*of)

    def install() -> None:
        with hold(database, "install", "tools", "server-1", lambda: 1):
            told.wait(20)

    monkeypatch.setattr(operations, "_enter", slow)
    told = threading.Event()
    other = threading.Thread(target=install)
    other.start()
    assert entered.wait(20)
    with pytest.raises(GraftError) as raised, hold(database, "gc", "", "server-2", lambda: 1):
        pass
    told.set()
    other.join()
    assert "install of tools" in raised.value.diagnostic.message


def test_who_waits_gets_the_lock(database: Database) -> None:
    first = hold(database, "install", "tools", "a", lambda: 1)
    first.__enter__()
    threading.Timer(0.2, lambda: first.__exit__(None, None, None)).start()
    with hold(database, "gc", "", "b", lambda: 1, wait_seconds=20) as held:
        assert held.epoch == 2


def test_a_paused_holder_cannot_overwrite_what_the_next_has_decided(
    database: Database, each: Transaction
) -> None:
    old, new = publish(each, release("a@1.0.0")), publish(each, release("a@2.0.0"))
    with hold(database, "install", "tools", "slow", lambda: 1) as slow:
        overtaken = slow
    with hold(database, "install", "tools", "quick", lambda: 2) as quick:
        releases.make_current(each, "tools", new, quick.epoch, 3)
        steps: list[Callable[[], object]] = [
            lambda: releases.make_current(each, "tools", old, overtaken.epoch, 4),
            lambda: releases.begin_attempt(each, "tools", "install", overtaken.epoch, 4),
            lambda: storage.begin(each, "s3", 1, overtaken.epoch, 4),
            lambda: storage.complete(each, overtaken.epoch, 4),
            overtaken.check,
        ]
        for step in steps:
            with pytest.raises(GraftError) as raised:
                step()
            assert code(raised) == "fleet-lost"
        releases.begin_attempt(each, "tools", "install", quick.epoch, 5)
        assert not releases.fail_attempt(each, "tools", "too late", overtaken.epoch, 6)
    assert releases.state(each, "tools") == SetState(
        status=INSTALLING,
        hash=new,
        epoch=quick.epoch,
        operation="install",
        changed_at=1,
        attempted_at=5,
    )


def test_an_installing_that_a_dead_holder_left_is_cleared(
    database: Database, each: Transaction
) -> None:
    first = publish(each, release("a@1.0.0"))
    releases.begin_attempt(each, "tools", "install", 0, 1)
    storage.begin(each, "s3", 5, 0, 1)
    assert heal(database, "server", lambda: 2)
    cleared = releases.state(each, "tools")
    assert (cleared.status, cleared.error, cleared.hash) == (ERROR, "interrupted", first)
    assert storage.read_storage(each).status == "migrating"
