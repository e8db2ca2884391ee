"""Where a fleet's state lies, as everything above sees it: rows, one lock, and a bell.

``sqlite`` is one file, for one server; ``postgres`` a database, for several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = Mapping[str, Any]
"""By column."""


class Transaction(Protocol):
    """Parameters are written ``?`` in ``sql``, whatever the database; numbers and texts only."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]: ...

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """How many rows were changed."""
        ...


class Lock(Protocol):
    """A lock that is let go of when its holder dies, however it dies."""

    def is_held(self) -> bool:
        """Whether it is still this one's, as far as the database tells: asked before each step that
        cannot be taken back."""
        ...

    def release(self) -> None: ...


class Database(Protocol):
    """May be used from several threads at once. Raises ``fleet-state`` where it cannot be asked.

    What changes it are transactions and nothing else, one a step: whoever wants to see what is left
    by a death puts a database of their own around this one, and dies in ``transaction``.
    """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """All of it or nothing, and one at a time, over all servers: what was read in it is still
        so when it ends. So it does nothing but ask and change rows, and never begins another."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """One state of all rows, which waits for nobody. Cannot change any."""
        ...

    def try_lock(self, name: str) -> Lock | None:
        """Never waits. On a connection of its own, so that nothing else can end it."""
        ...

    def ring(self) -> None:
        """Tell whoever listens, here and in other processes, that there are new events. Never
        fails: what is so is written already, and who has not heard of it looks by themselves."""
        ...

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from a thread of the database's, whenever somebody rings; now and then without
        reason. What is returned ends it."""
        ...

    def close(self) -> None: ...
