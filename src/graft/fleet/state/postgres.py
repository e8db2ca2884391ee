"""A fleet's state in a PostgreSQL database, for several servers at once.

Several fleets may share a database, each in a schema of its own: ``?options=-csearch_path%3Dname``.
Connections go to the database itself or through what keeps sessions together: behind a pooler that
hands them out by transaction no lock would last, which is found out and said before it does harm.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any

from graft.base.diagnostics import GraftError
from graft.fleet.extra import needed_for
from graft.fleet.state.bell import Bell
from graft.fleet.state.database import Row, Transaction

with needed_for("A state in PostgreSQL"):
    import psycopg
    from psycopg.conninfo import make_conninfo
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

_Connection = psycopg.Connection[dict[str, Any]]

# How long one that writes waits for another, which is done in milliseconds unless something hangs.
_PATIENCE = 30
# Who listens is called back at least this often.
_REMIND_SECONDS = 15.0
_RECONNECT_SECONDS = (0.2, 5.0)
_CONNECTIONS = 16
# Both sides notice within half a minute that the other is gone, even when nobody says so.
_CLIENT = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_SESSION = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    f"SET lock_timeout = '{_PATIENCE}s'",
    # A server that stops in the middle of a transaction does not stop the others.
    "SET idle_in_transaction_session_timeout = '60s'",
)
_LAST = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_ONE_STATE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    """Transactions that write take an advisory lock first, so there is one at a time as in SQLite:
    no two can be in each other's way, and events are committed in the order of their ids."""

    def __init__(self, url: str, *, shown: str) -> None:
        self._shown = shown
        try:
            self._conninfo = make_conninfo(url, **_defaults(url))
        except psycopg.Error:
            # What libpq says of it may quote the password.
            raise GraftError(
                "fleet-invalid",
                f"'{shown}' is not the address of a PostgreSQL database",
                fix="write postgresql://user:password@host/database, with % before hex digits only",
            ) from None
        self._turn = threading.Lock()
        with self._explained(), self._connect() as connection:
            found = connection.execute("SELECT current_schema() AS name").fetchone()
        self._schema = str(found["name"]) if found else ""
        self._channel = f"graft_fleet_{hashlib.sha256(self._schema.encode()).hexdigest()[:12]}"
        self._pool = ConnectionPool(
            self._conninfo,
            kwargs={"autocommit": True, "row_factory": dict_row},
            configure=_configure,
            check=ConnectionPool.check_connection,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
            name="graft-fleet",
            open=True,
        )
        self._bell = Bell(self._watch)

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._writing()

    def reading(self) -> AbstractContextManager[Transaction]:
        return self._looking()

    def try_lock(self, name: str) -> _Lock | None:
        with self._explained():
            connection = self._connect()
            try:
                key = self._key(name)
                row = connection.execute("SELECT pg_try_advisory_lock(%s) AS held", (key,))
                lock = _Lock(connection, key) if _first(row)["held"] else None
            except BaseException:
                connection.close()
                raise
            if not lock:
                connection.close()
            return lock

    def ring(self) -> None:
        try:
            with self._pool.connection() as connection:
                connection.execute("SELECT pg_notify(%s, '')", (self._channel,))
        except psycopg.Error:
            pass

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._bell.listen(callback)

    def close(self) -> None:
        self._bell.ended.set()
        self.ring()
        self._bell.close()
        self._pool.close()

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        # Those of one process take turns here, so that they take one connection of the pool.
        if not self._turn.acquire(timeout=_PATIENCE):
            raise self._failure("another transaction of this process does not end")
        try:
            with self._begun(_LAST) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._key("write"),))
                yield _Statements(connection)
        finally:
            self._turn.release()

    @contextmanager
    def _looking(self) -> Iterator[Transaction]:
        with self._begun(_ONE_STATE) as connection:
            yield _Statements(connection)

    @contextmanager
    def _begun(self, begin: str) -> Iterator[_Connection]:
        with self._explained(), self._pool.connection() as connection:
            connection.execute(begin.encode())
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if not connection.closed:
                    connection.execute("ROLLBACK")
                raise

    def _connect(self) -> _Connection:
        """One that is nobody else's."""
        connection = psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row)
        try:
            _configure(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _key(self, name: str) -> int:
        digest = hashlib.sha256(f"graft fleet\0{self._schema}\0{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def _watch(self, bell: Bell) -> None:
        delay, longest = _RECONNECT_SECONDS
        while not bell.ended.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {self._channel}".encode())
                    delay = _RECONNECT_SECONDS[0]
                    while not bell.ended.is_set():
                        # Also at first: what was rung for before nobody has heard.
                        bell.call()
                        for _ in connection.notifies(timeout=_REMIND_SECONDS, stop_after=1):
                            pass
            except psycopg.Error:
                bell.ended.wait(delay)
                delay = min(2 * delay, longest)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._failure(str(error).strip()) from error

    def _failure(self, why: str) -> GraftError:
        return GraftError(
            "fleet-state",
            "the fleet's state cannot be used",
            where=self._shown,
            why=why.splitlines(),
            fix="see that the database is there, and that this user may create tables in it",
        )


class _Lock:
    def __init__(self, connection: _Connection, key: int) -> None:
        self._connection = connection
        self._key = key
        self._guard = threading.Lock()

    def is_held(self) -> bool:
        """Asked of the database, by the connection that holds it. Behind a pooler that hands out
        connections by transaction it is another one, which does not."""
        high, low = self._key >> 32 & 0xFFFFFFFF, self._key & 0xFFFFFFFF
        try:
            with self._guard:
                found = self._connection.execute(
                    "SELECT COUNT(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND granted"
                    " AND pid = pg_backend_pid() AND objsubid = 1"
                    " AND classid::bigint = %s AND objid::bigint = %s",
                    (high, low),
                )
                return bool(_first(found)["held"])
        except psycopg.Error:
            return False

    def release(self) -> None:
        with self._guard:
            try:
                # Not left to the end of the connection, which the database sees a little later.
                self._connection.execute("SELECT pg_advisory_unlock(%s)", (self._key,))
            except psycopg.Error:
                pass
            self._connection.close()


class _Statements:
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return list(self._connection.execute(_with_marks(sql), parameters).fetchall())

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._connection.execute(_with_marks(sql), parameters).rowcount


@lru_cache(maxsize=500)
def _with_marks(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _configure(connection: _Connection) -> None:
    for statement in _SESSION:
        connection.execute(statement.encode())


def _first(cursor: psycopg.Cursor[dict[str, Any]]) -> dict[str, Any]:
    row = cursor.fetchone()
    assert row is not None
    return row


def _defaults(url: str) -> dict[str, int]:
    """What the address does not say itself."""
    return {key: value for key, value in _CLIENT.items() if f"{key}=" not in url}
