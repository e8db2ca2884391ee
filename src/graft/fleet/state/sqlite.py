"""A fleet's state in one SQLite file, for one server and for commands beside it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager

from graft.base.diagnostics import GraftError
from graft.base.locks import FileLock
from graft.fleet.state.bell import Bell
from graft.fleet.state.database import Row, Transaction

# How long one that writes waits for another, which is done in milliseconds unless a disk hangs.
_PATIENCE = 30.0
# How soon it is seen that another process has changed something.
_LOOK_SECONDS = 0.25


class SqliteDatabase:
    """One connection writes, any number of others read meanwhile what was there before (WAL).

    The lock is the kernel's, on a file beside this one: it ends with its holder. Other processes
    are not rung for, they look whether the file has changed.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._readers: list[sqlite3.Connection] = []
        self._turn = threading.Lock()
        self._ended = False
        with self._explained():
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            # It holds hashes of tokens, and registries' tokens, if sealed: nobody else's to read.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode = WAL")
        self._rung = threading.Event()
        self._bell = Bell(self._watch)

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._writing()

    def reading(self) -> AbstractContextManager[Transaction]:
        return self._looking()

    def try_lock(self, name: str) -> _Lock | None:
        lock = FileLock(f"{self._path}.{name}.lock", exclusive=True, wait=False, lasting=True)
        with self._explained():
            lock.__enter__()
        if lock.held:
            return _Lock(lock)
        lock.__exit__()
        return None

    def ring(self) -> None:
        self._rung.set()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._bell.listen(callback)

    def close(self) -> None:
        self._bell.ended.set()
        self._rung.set()
        self._bell.close()
        with self._turn:
            self._ended = True
            for connection in (self._writer, *self._readers):
                connection.close()
            self._readers.clear()

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        # SQLite has its writers sleep and try again: those of one process take turns instead.
        if not self._turn.acquire(timeout=_PATIENCE):
            raise self._failure("another transaction of this process does not end")
        try:
            with self._explained(), _begun(self._writer, "BEGIN IMMEDIATE") as transaction:
                yield transaction
        finally:
            self._turn.release()

    @contextmanager
    def _looking(self) -> Iterator[Transaction]:
        with self._explained():
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._connect()
                connection.execute("PRAGMA query_only = 1")
            try:
                with _begun(connection, "BEGIN") as transaction:
                    yield transaction
            finally:
                self._readers.append(connection)
                if self._ended:
                    self.close()

    def _connect(self) -> sqlite3.Connection:
        if self._ended:
            raise self._failure("it was closed")
        connection = sqlite3.connect(
            self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = _by_column
        connection.execute("PRAGMA foreign_keys = 1")
        # What was published stays so when the power fails.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _watch(self, bell: Bell) -> None:
        with closing(self._connect()) as connection:
            # None: what changed between the first listener and the first look is told of as well.
            seen: object = None
            while not bell.ended.is_set():
                rung = self._rung.wait(_LOOK_SECONDS)
                self._rung.clear()
                now = _version(connection)
                if rung or now != seen:
                    seen = now
                    bell.call()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._failure(str(error)) from error

    def _failure(self, why: str) -> GraftError:
        return GraftError(
            "fleet-state",
            "the fleet's state cannot be used",
            where=self._path,
            why=[why],
            fix="see that the file is whole, that it may be written, and that the disk has room",
        )


class _Lock:
    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def is_held(self) -> bool:
        return self._lock.held

    def release(self) -> None:
        self._lock.held = False
        self._lock.__exit__()


class _Statements:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._connection.execute(sql, parameters).rowcount


@contextmanager
def _begun(connection: sqlite3.Connection, begin: str) -> Iterator[Transaction]:
    connection.execute(begin)
    try:
        yield _Statements(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _by_column(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _version(connection: sqlite3.Connection) -> object:
    """Another number whenever some other connection has changed the file; where it cannot be
    asked, another each time: who listens looks for themselves then."""
    try:
        return connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.Error:
        return object()
