"""A database and blob stores whose user dies: killed, not stopped, at the n-th of the steps that it
takes in them."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from graft.fleet.blobs.store import BlobStore
from graft.fleet.state.database import Database, Lock, Transaction
from graft.fleet.state.opening import open_database
from graft.model.integrity import Integrity


class Mortal:
    """Steps are: taking a lock, what is about to be committed, what has just been, and ringing."""

    def __init__(self, database: Database, at: int) -> None:
        self._database = database
        self._left = at
        self._turn = threading.Lock()

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._dying()

    def reading(self) -> AbstractContextManager[Transaction]:
        return self._database.reading()

    def try_lock(self, name: str) -> Lock | None:
        lock = self._database.try_lock(name)
        self.step()
        return lock

    def ring(self) -> None:
        self.step()
        self._database.ring()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._database.listen(callback)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _dying(self) -> Iterator[Transaction]:
        with self._database.transaction() as t:
            yield t
            self.step()
        self.step()

    def step(self) -> None:
        with self._turn:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalBlobs:
    """Steps are what is about to be put or deleted, or has just been."""

    def __init__(self, store: BlobStore, step: Callable[[], None]) -> None:
        self._store = store
        self._step = step

    @property
    def id(self) -> str:
        return self._store.id

    def put(self, integrity: Integrity, data: bytes) -> None:
        self._step()
        self._store.put(integrity, data)
        self._step()

    def get(self, integrity: Integrity) -> bytes | None:
        return self._store.get(integrity)

    def part(self, integrity: Integrity, start: int, end: int) -> bytes | None:
        return self._store.part(integrity, start, end)

    def size(self, integrity: Integrity) -> int | None:
        return self._store.size(integrity)

    def delete(self, integrity: Integrity) -> None:
        self._step()
        self._store.delete(integrity)
        self._step()

    def list(self) -> Iterator[tuple[Integrity, int, int]]:
        return self._store.list()

    def address(self, integrity: Integrity, seconds: int) -> str:
        return self._store.address(integrity, seconds)


_LONGEST_SECONDS = 120


def dies_at(step: int, url: str, work: Callable[[Mortal], None]) -> bool:
    """Do it in a process of its own, which is killed at that step; False if it took fewer, and with
    0 it is never. Nobody may have the database open in this process: a fork of SQLite's connections
    is not one of its locks, and the kernel's are by process."""
    return dies(lambda: work(Mortal(open_database(url), step)))


def dies(work: Callable[[], None]) -> bool:
    """Do it in a process of its own; whether that was killed."""
    child = os.fork()
    if not child:
        code = 1
        signal.alarm(_LONGEST_SECONDS)  # what hangs fails, and does not hang the tests
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "what was to be killed failed"
    return False
