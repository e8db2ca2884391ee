"""Who holds the store, and who waits for whom. Only this module takes the store's lock.

Installs hold the lock shared, so they work side by side; collection and repair hold it alone. As
shared holders may come and go without end, who wants it alone closes a gate first: a second lock
that all others pass through on their way to the first. New ones then line up behind it, and those
who are inside come to an end. The order is always project, gate, store.

Whoever holds the store already and holds it once more does not pass through the gate again: it
would wait for somebody who waits for it.
"""

from __future__ import annotations

import os

from graft.base.files import NO_ROOM
from graft.base.locks import FileLock, holder_of, is_lockless
from graft.store.sharing import Joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from graft.store.paths import Store

    Say = Callable[[str], None]

_PROJECT = "project-"
# How often this process holds which store, by its root.
_shared: dict[str, int] = {}


class Hold:
    """Locks that are held together. A context manager; ``held`` is False only where nobody was to
    wait and the store was not free."""

    __slots__ = ("_locks", "_store", "_take", "held")

    def __init__(self, store: Store, take: Callable[[Hold], bool]) -> None:
        self._store = store
        self._take = take
        self._locks: list[FileLock | _Counted | Joined] = []
        self.held = False

    def __enter__(self) -> Hold:
        try:
            self.take(Joined(self._store))
            self.held = self._take(self)
        except OSError as error:
            self.__exit__()
            if error.errno in NO_ROOM:
                raise
            raise _refused(self._store, error) from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        while self._locks:
            self._locks.pop().__exit__()

    def take(self, lock: FileLock | _Counted | Joined) -> bool:
        """Hold one more, until the end; False if it is not held."""
        lock.__enter__()
        self._locks.append(lock)
        return lock.held


class _Counted:
    """This process among those that hold a store."""

    __slots__ = ("_root", "held")

    def __init__(self, store: Store) -> None:
        self._root = store.root
        self.held = True

    def __enter__(self) -> _Counted:
        _shared[self._root] = _shared.get(self._root, 0) + 1
        return self

    def __exit__(self, *_: object) -> None:
        _shared[self._root] -= 1


def hold_project(store: Store, folder: str, command: str, say: Say) -> Hold:
    """A project alone and the store with others, for a ``command`` like ``graft add``. Who has to
    wait is told for whom by ``say``. Raises ``store-unwritable`` and ``store-lockless``."""

    def waiting(who: str) -> None:
        say(f"waiting for {who or 'another graft'} in this project")

    def take(hold: Hold) -> bool:
        if store.frozen:
            # The project's own folder, which writes nothing anywhere; and of the store's locks what
            # those have left who may write there.
            hold.take(FileLock(folder, exclusive=True, waiting=waiting, create=False))
        hold.take(
            FileLock(
                store.project_lock(folder),
                exclusive=True,
                holder=_named(command),
                waiting=waiting,
                create=not store.frozen,
            )
        )
        return _take_shared(hold, store, say)

    return Hold(store, take)


def hold_shared(store: Store, say: Say) -> Hold:
    """The store with others: for what reads it or adds to it, without a project. Raises as
    ``hold_project`` does."""
    return Hold(store, lambda hold: _take_shared(hold, store, say))


def hold_alone(store: Store, command: str, say: Say, *, wait: bool) -> Hold:
    """The store, and nobody else in it. With ``wait=False`` it is given up at once if somebody is.
    Never within another hold of the same process. Raises as ``hold_project`` does."""

    def take(hold: Hold) -> bool:
        if _shared.get(store.root):
            raise AssertionError("who holds the store with others cannot have it alone")
        if not wait:
            lock = FileLock(
                store.shared_lock, exclusive=True, holder=_named(command), wait=False, lasting=True
            )
            return hold.take(lock)
        hold.take(
            FileLock(
                store.gate_lock,
                exclusive=True,
                holder=_named(command),
                # Those who only pass through are not worth a word.
                waiting=lambda _: _say_alone(holder_of(store.gate_lock), say),
                lasting=True,
            )
        )
        return hold.take(
            FileLock(
                store.shared_lock,
                exclusive=True,
                holder=_named(command),
                waiting=lambda _: _say_inside(store, say),
                lasting=True,
            )
        )

    return Hold(store, take)


def _take_shared(hold: Hold, store: Store, say: Say) -> bool:
    def waiting(who: str) -> None:
        _say_alone(who, say)

    create = not store.frozen
    shared = FileLock(
        store.shared_lock, exclusive=False, waiting=waiting, lasting=True, create=create
    )
    if _shared.get(store.root):
        hold.take(shared)
    else:
        gate = FileLock(
            store.gate_lock, exclusive=False, waiting=waiting, lasting=True, create=create
        )
        with gate:
            hold.take(shared)
    return hold.take(_Counted(store))


def _refused(store: Store, error: OSError) -> Exception:
    from graft.base.diagnostics import GraftError
    from graft.store.unwritable import unwritable

    if not is_lockless(error):
        return unwritable(store, error)
    return GraftError(
        "store-lockless",
        "the store's file system has no locks, so graft cannot keep commands apart",
        where=str(error.filename or ""),
        why=[f"the system said: {error.strerror}"],
        fix="set GRAFT_HOME to a folder on a local disk",
    )


def _named(command: str) -> str:
    return f"{command} (process {os.getpid()})"


def _say_alone(who: str | None, say: Say) -> None:
    if who is not None:
        say(f"waiting for {who or 'another graft'}, which has the store to itself")


def _say_inside(store: Store, say: Say) -> None:
    """Name those who are known: who holds a project holds the store as well, mostly."""
    alone = holder_of(store.shared_lock)
    if alone is not None:
        _say_alone(alone, say)
        return
    names = sorted(name for name in os.listdir(store.locks) if name.startswith(_PROJECT))
    found = [who for name in names if (who := holder_of(f"{store.locks}/{name}"))]
    say(f"waiting for {', '.join(found) or 'another graft'} to be done with the store")
