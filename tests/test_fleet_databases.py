"""What both databases promise: transactions, the lock, the bell, tables; and who dies meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graft.base.diagnostics import Diagnostic, GraftError
from graft.fleet.records import ERROR, INSTALLING, READY, SetSettings, SetState
from graft.fleet.release import Release
from graft.fleet.state import events, releases, sets, storage
from graft.fleet.state.database import Database, Transaction
from graft.fleet.state.epochs import last_operation
from graft.fleet.state.migrate import Step, migrate, steps
from graft.fleet.state.opening import open_database, shown
from graft.fleet.state.operations import hold
from graft.fleet.state.postgres import PostgresDatabase
from harness.fleet_mortal import dies_at

if TYPE_CHECKING:
    from harness.fleet_postgres import Postgres

SECONDS = 20.0


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state" / "fleet.db")
    return str(request.getfixturevalue("postgres").url())


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], Database]]:
    """Each is what another server has of the same state."""
    databases: list[Database] = []

    def open_one() -> Database:
        databases.append(open_database(url))
        return databases[-1]

    yield open_one
    for database in databases:
        database.close()


def refused(work: Callable[[], object]) -> Diagnostic:
    with pytest.raises(GraftError) as raised:
        work()
    return raised.value.diagnostic


def changed(database: Database, sql: str = "DELETE FROM package_sets") -> None:
    with database.transaction() as t:
        t.run(sql)


def count(t: Transaction) -> int:
    return int(t.rows("SELECT warn_bytes FROM package_sets")[0]["warn_bytes"])


def a_release(name: str) -> Release:
    return Release(hash=name * 64, lock=name.encode(), entries=())


# Transactions


def test_what_concurrent_writers_read_is_still_so_when_they_write(
    opened: Callable[[], Database],
) -> None:
    servers = [opened(), opened()]
    with servers[0].transaction() as t:
        sets.create_set(t, "tools", SetSettings(warn_bytes=0), 1)

    def work(database: Database) -> None:
        for _ in range(10):
            with database.transaction() as t:
                sets.change_settings(t, "tools", 1, warn_bytes=count(t) + 1)
                events.emit(t, "changed", "tools", {}, 1)

    threads = [threading.Thread(target=work, args=(server,)) for server in servers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with servers[1].reading() as t:
        assert count(t) == 40
        assert [event.id for event in events.since(t, 0)] == list(range(1, 41))


def test_who_reads_sees_one_state_and_waits_for_nobody(opened: Callable[[], Database]) -> None:
    database = opened()
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(warn_bytes=1), 1)
    with database.reading() as looking:
        assert count(looking) == 1
        with database.transaction() as t:
            sets.change_settings(t, "tools", 1, warn_bytes=2)
            with database.reading() as beside:
                assert count(beside) == 1
        assert count(looking) == 1
    with database.reading() as looking:
        assert count(looking) == 2


def test_who_reads_changes_nothing(opened: Callable[[], Database]) -> None:
    database = opened()

    def change() -> None:
        with database.reading() as t:
            sets.create_set(t, "tools", SetSettings(), 1)

    assert refused(change).code == "fleet-state"
    with database.reading() as t:
        assert sets.list_sets(t) == []


def test_a_statement_that_fails_takes_all_of_its_transaction_along(
    opened: Callable[[], Database],
) -> None:
    database = opened()

    def fail() -> None:
        with database.transaction() as t:
            sets.create_set(t, "tools", SetSettings(), 1)
            t.run("INSERT INTO no_such_table VALUES (1)")

    assert refused(fail).code == "fleet-state"
    with database.transaction() as t:
        assert sets.list_sets(t) == []
        assert t.rows("SELECT '100%' AS said") == [{"said": "100%"}]


# The lock


def test_a_lock_is_let_go_of_where_it_was_taken_and_never_leaks(
    opened: Callable[[], Database],
) -> None:
    """An advisory lock that is given back on another connection of a pool is never given back."""
    one, other = opened(), opened()
    for _ in range(5):
        lock = one.try_lock("operation")
        assert lock and lock.is_held()
        busy = [threading.Thread(target=changed, args=(one,)) for _ in range(4)]
        for thread in busy:
            thread.start()
        assert other.try_lock("operation") is None and one.try_lock("operation") is None
        for thread in busy:
            thread.join()
        lock.release()
        assert not lock.is_held()
        lock.release()
        again = other.try_lock("operation")
        assert again
        again.release()


def test_two_servers_compete_for_the_lock_and_one_has_it(opened: Callable[[], Database]) -> None:
    servers = [opened(), opened()]
    won: list[int] = []
    together = threading.Barrier(6)
    done = threading.Barrier(6)

    def compete(server: Database, number: int) -> None:
        together.wait(SECONDS)
        try:
            with hold(server, "install", "tools", f"server-{number}", lambda: 1):
                won.append(number)
                done.wait(SECONDS)
        except GraftError as error:
            assert error.diagnostic.code == "fleet-busy"
            done.wait(SECONDS)

    threads = [
        threading.Thread(target=compete, args=(servers[number % 2], number)) for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_killed_holder_has_no_lock_and_the_next_clears_its_installing(
    url: str, opened: Callable[[], Database]
) -> None:
    said, says = os.pipe()
    child = os.fork()
    if not child:
        try:
            mine = open_database(url)
            with hold(mine, "install", "tools", "doomed", lambda: 1000) as held:
                with mine.transaction() as t:
                    sets.create_set(t, "tools", SetSettings(), 1)
                    releases.begin_attempt(t, "tools", "install", held.epoch, 1)
                os.write(says, b"held")
                signal.pause()
        finally:
            os._exit(1)
    try:
        assert os.read(said, 4) == b"held"
        database = opened()
        with database.reading() as t:
            assert releases.state(t, "tools").status == INSTALLING
        told = refused(lambda: hold(database, "gc", "", "me", lambda: 5000).__enter__())
        assert told.code == "fleet-busy" and "install of tools" in told.message
        assert told.why == ("it was begun 4 s ago by doomed",)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(said)
        os.close(says)
    with hold(database, "gc", "", "me", lambda: 1, wait_seconds=SECONDS) as held:
        assert held.epoch == 2
        with database.reading() as t:
            left = releases.state(t, "tools")
        assert (left.status, left.error) == (ERROR, "interrupted")


# Killed at each step


def publish(database: Database) -> None:
    with hold(database, "install", "tools", "doomed", lambda: 2) as held:
        with database.transaction() as t:
            releases.begin_attempt(t, "tools", "install", held.epoch, 2)
        held.check()
        with database.transaction() as t:
            releases.add_release(t, "tools", a_release("b"), "ada", 2)
            releases.make_current(t, "tools", a_release("b").hash, held.epoch, 2)
            events.emit(t, "changed", "tools", {"hash": a_release("b").hash}, 2)
        database.ring()


def test_killed_at_each_step_a_publication_has_happened_or_has_not(url: str) -> None:
    old, new = a_release("a"), a_release("b")
    seen = []
    for step in range(1, 30):
        with closing(open_database(url)) as database, database.transaction() as t:
            sets.delete_set(t, "tools")
            sets.create_set(t, "tools", SetSettings(), 1)
            t.run("DELETE FROM events")
            releases.add_release(t, "tools", old, "ada", 1)
            releases.make_current(t, "tools", old.hash, releases_epoch(t), 1)
        died = dies_at(step, url, publish)
        with (
            closing(open_database(url)) as database,
            hold(database, "start", "", "next", lambda: 3, wait_seconds=SECONDS),
            database.reading() as t,
        ):
            state = releases.state(t, "tools")
            assert releases.read_release(t, "tools", state.hash) == (
                new if state.hash == new.hash else old
            )
            told = [event.data["hash"] for event in events.since(t, 0)]
            assert told == ([new.hash] if state.hash == new.hash else [])
            assert state.status != INSTALLING
        seen.append((state.hash[0], state.status))
        if not died:
            break
    # The lock, its epoch, the attempt; then the release, the bell, and that it is done.
    assert seen[:5] == [("a", READY)] * 4 + [("a", ERROR)]
    assert set(seen[6:]) == {("b", READY)} and len(seen) > 9


def releases_epoch(t: Transaction) -> int:
    last = last_operation(t)
    return last.epoch if last else 0


# The bell


def test_who_listens_hears_what_another_server_rings_for(opened: Callable[[], Database]) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    one, other = opened(), opened()
    heard = threading.Event()
    broken = one.listen(fail)
    end = one.listen(heard.set)
    for _ in range(3):
        heard.clear()
        with other.transaction() as t:
            events.emit(t, "changed", "tools", {}, 1)
        other.ring()
        assert heard.wait(SECONDS)
    end()
    broken()
    other.close()
    other.ring()  # too late, and no failure


# Tables

EXTRA = Step(
    number=9998,
    name="more",
    sql="-- one; more\nCREATE TABLE more (n BIGINT);\n\nINSERT INTO more VALUES (7);\n",
)


def test_tables_of_each_older_graft_are_brought_up_to_date(
    opened: Callable[[], Database],
) -> None:
    database = opened()
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
    assert migrate(database, steps(), 1) == []
    assert migrate(database, [*steps(), EXTRA], 2) == [EXTRA]
    assert migrate(database, [*steps(), EXTRA], 3) == []
    with database.reading() as t:
        assert t.rows("SELECT n FROM more") == [{"n": 7}]
        assert sets.list_sets(t) == ["tools"]
        kept = t.rows("SELECT number, applied_at FROM schema_steps WHERE number > 9000")
        assert kept == [{"number": 9998, "applied_at": 2}]


def test_tables_of_a_newer_graft_are_refused_and_left_alone(
    url: str, opened: Callable[[], Database]
) -> None:
    database = opened()
    migrate(database, [*steps(), EXTRA], 1)
    told = refused(lambda: open_database(url))
    assert told.code == "fleet-state" and "newer graft" in told.message
    with database.reading() as t:
        assert len(t.rows("SELECT * FROM schema_steps")) == len(steps()) + 1


def test_a_step_that_fails_leaves_nothing_of_any(opened: Callable[[], Database]) -> None:
    database = opened()
    bad = Step(number=9999, name="bad", sql="CREATE TABLE bad (n BIGINT);\nSELECT nonsense;\n")
    assert refused(lambda: migrate(database, [*steps(), EXTRA, bad], 1)).code == "fleet-state"
    assert migrate(database, [*steps(), EXTRA], 1) == [EXTRA]


def test_two_servers_make_the_tables_at_once(url: str) -> None:
    opened: list[Database] = []
    failed: list[BaseException] = []
    together = threading.Barrier(4)

    def open_one() -> None:
        try:
            together.wait(SECONDS)
            opened.append(open_database(url))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for database in opened:
        database.close()


# SQLite alone


def test_the_file_is_for_its_owner_and_made_with_its_folder(tmp_path: Path) -> None:
    at = tmp_path / "new" / "fleet.db"
    database = open_database(f"sqlite://{at}")
    changed(database)
    for file in at.parent.glob("fleet.db*"):
        if not file.name.endswith(".lock"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    database.close()
    open_database(f"sqlite:{at}").close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    at = tmp_path / "fleet.db"
    at.write_text("something else entirely, and long enough to be looked at" * 20)
    told = refused(lambda: open_database(str(at)))
    assert (told.code, told.where) == ("fleet-state", str(at))
    assert "not a database" in told.why[0]
    at.unlink()
    sqlite3.connect(at).close()
    open_database(str(at)).close()


@pytest.mark.parametrize("text", ["mysql://u:hunter2@h/d", "sqlite://relative", "https://[x"])
def test_what_names_no_database_is_said_without_its_password(text: str) -> None:
    told = refused(lambda: open_database(text))
    assert told.code == "fleet-invalid" and "hunter2" not in str(told)


# PostgreSQL alone


def test_no_password_is_ever_said() -> None:
    for text in (
        "postgresql://ada:hunter2@127.0.0.1:1/fleet?password=hunter2",
        "postgresql://ada:hunter2%zz@127.0.0.1:1/fleet",
        "postgres://ada:hunter2@[127.0.0.1/fleet",
    ):
        told = refused(lambda text=text: open_database(text))  # type: ignore[misc]
        assert told.code in ("fleet-state", "fleet-invalid")
        assert "hunter2" not in repr(told)
    assert shown("postgresql://ada:hunter2@db/fleet?x=y") == "postgresql://db/fleet"


def test_a_lock_whose_connection_died_is_noticed(postgres: Postgres) -> None:
    url = postgres.url()
    one, other = open_database(url), open_database(url)
    with other.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
    with hold(one, "migrate", "s3", "cut off", lambda: 1) as held:
        held.check()
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 1"
        )
        with hold(other, "install", "tools", "next", lambda: 2, wait_seconds=SECONDS):
            assert refused(held.check).code == "fleet-lost"
        assert refused(held.check).code == "fleet-lost"
        with one.transaction() as t:
            late = refused(lambda: storage.begin(t, "s3", 1, held.epoch, 3))
        assert late.code == "fleet-lost"
    one.close()
    other.close()


def test_a_lock_that_a_pooler_has_given_to_another_session_is_no_lock(postgres: Postgres) -> None:
    database = PostgresDatabase(postgres.url(), shown="")
    lock = database.try_lock("operation")
    assert lock and lock.is_held()
    # What the next statement meets there is another session, which holds nothing.
    lock._connection.execute("SELECT pg_advisory_unlock_all()")
    assert not lock.is_held()
    lock.release()
    database.close()


def test_a_server_outlives_a_restart_of_its_database(postgres: Postgres) -> None:
    database = open_database(postgres.url())
    heard = threading.Event()
    database.listen(heard.set)
    assert heard.wait(SECONDS)
    with hold(database, "gc", "", "me", lambda: 1) as held:
        heard.clear()
        postgres.restart()
        assert refused(held.check).code == "fleet-lost"
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
        assert releases.state(t, "tools") == SetState()
    # It listens again by itself, and is called once it does.
    assert heard.wait(SECONDS)
    database.close()


def test_fleets_in_one_database_are_apart(postgres: Postgres) -> None:
    one, other = open_database(postgres.url()), open_database(postgres.url())
    with (
        hold(one, "install", "", "a", lambda: 1),
        hold(other, "install", "", "b", lambda: 1) as held,
    ):
        assert held.epoch == 1
        changed(one)
        changed(other)
    one.close()
    other.close()


def test_a_missing_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "graft.fleet.state.postgres", raising=False)
    told = refused(lambda: open_database("postgresql://db/fleet"))
    assert told.code == "fleet-extra-missing" and "'psycopg'" in told.message
    assert "pip install 'graft[fleet]'" in told.fix
