"""Events, told to all who wait for them: one reader of the state a process, however many wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from graft.fleet.records import Event
from graft.fleet.state.database import Database
from graft.fleet.state.events import newest, since

KEEP_ALIVE_SECONDS = 15.0
# Who is further behind is better off to come again and ask from where it was.
_MOST_BEHIND = 1000


class Announcements:
    """Belongs to one event loop, but for the database's own thread, which rings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Queue[Event | None]] = set()
        self._newest = 0
        self._bell = asyncio.Event()
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None
        self._end: Callable[[], None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._newest = await asyncio.to_thread(self._read_newest)

        def rung() -> None:
            loop.call_soon_threadsafe(self._bell.set)

        self._end = self._database.listen(rung)
        self._task = asyncio.create_task(self._tell())

    def close(self) -> None:
        """Tell nobody any more, and let those go who wait. From the event loop's own thread."""
        self._is_closed = True
        self._bell.set()
        for queue in self._waiting:
            _put(queue, None)
        if self._end is not None:
            self._end()
            self._end = None

    async def follow(self, after: int | None) -> AsyncIterator[Event | None]:
        """Events after ``after``, or from now on; None now and then, where nothing happens."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(_MOST_BEHIND)
        self._waiting.add(queue)
        try:
            seen = self._newest if after is None else after
            if after is not None:
                for event in await asyncio.to_thread(self._read_since, after):
                    seen = event.id
                    yield event
            while not self._is_closed:
                try:
                    next_one = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                if next_one is None:
                    return
                if next_one.id > seen:
                    seen = next_one.id
                    yield next_one
        finally:
            self._waiting.discard(queue)

    async def _tell(self) -> None:
        while not self._is_closed:
            await self._bell.wait()
            self._bell.clear()
            try:
                events = await asyncio.to_thread(self._read_since, self._newest)
            except Exception:
                # The state cannot be asked now. The database rings again, without reason too.
                continue
            for event in events:
                self._newest = event.id
                for queue in list(self._waiting):
                    if queue.full():
                        self._waiting.discard(queue)
                        queue.get_nowait()
                        _put(queue, None)
                    else:
                        queue.put_nowait(event)

    def _read_newest(self) -> int:
        with self._database.reading() as t:
            return newest(t)

    def _read_since(self, id: int) -> list[Event]:
        with self._database.reading() as t:
            return since(t, id)


def _put(queue: asyncio.Queue[Event | None], event: Event | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
