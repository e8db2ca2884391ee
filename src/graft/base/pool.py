"""A few threads for work that waits for the disk or leaves the interpreter's lock.

The standard library's executor would do; loading it takes longer than most of this work.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from queue import PriorityQueue, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_HEAVIEST = float("inf")


class Outcome(Generic[T]):
    """What came of a job: ``get`` returns it or raises it."""

    __slots__ = ("_error", "_value")

    def __init__(self, job: Callable[[], T]) -> None:
        self._error: BaseException | None = None
        try:
            self._value = job()
        except BaseException as error:
            self._error = error

    def get(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value


class Pool:
    """For one thread, which submits and settles. Close it, or its threads stay.

    ``on_finished`` is called in the thread that did a job, to wake who waits elsewhere.
    """

    def __init__(self, size: int) -> None:
        self.on_finished: Callable[[], None] = _nobody_waits
        self._size = size
        self._threads: list[Thread] = []
        # What weighs most is taken first, so the last to finish is something small.
        self._jobs: PriorityQueue[tuple[float, int, Callable[[], None] | None]] = PriorityQueue()
        self._order = count()
        self._finished: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pending = 0

    @property
    def pending(self) -> int:
        """Jobs that have been submitted and not settled."""
        return self._pending

    def submit(
        self,
        job: Callable[[], T],
        done: Callable[[Outcome[T]], None],
        *,
        weight: float = _HEAVIEST,
    ) -> None:
        """Let a thread run ``job``; ``done`` is called by ``settle``, with what came of it.

        ``weight`` is how long the job will take, in any unit, where that varies: the heaviest job
        goes first. Those without go before them.
        """

        def run() -> None:
            outcome = Outcome(job)
            self._finished.put(lambda: done(outcome))
            self.on_finished()

        self._pending += 1
        if len(self._threads) < min(self._size, self._pending):
            self._threads.append(Thread(target=self._work))
            self._threads[-1].start()
        self._jobs.put((-weight, next(self._order), run))

    def settle(self, *, wait: bool = False) -> None:
        """Call ``done`` for all jobs that have finished; ``wait`` for one of them."""
        while self._pending and (wait or not self._finished.empty()):
            done = self._finished.get()
            self._pending -= 1
            wait = False
            done()

    def close(self) -> None:
        """Drop the jobs that nobody has begun, and wait for the others."""
        while not self._jobs.empty():
            self._jobs.get()
        for _ in self._threads:
            self._jobs.put((0.0, next(self._order), None))
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _work(self) -> None:
        while (run := self._jobs.get()[-1]) is not None:
            run()


def _nobody_waits() -> None:
    return None
