"""Operations that outlast the request that began them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError


class Job:
    """One that is under way, or done."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.done = threading.Event()
        self._report: Mapping[str, Any] = {}
        self._error: BaseException | None = None

    def result(self) -> Mapping[str, Any]:
        """Once it is done: its report, or what went wrong, raised."""
        if self._error is not None:
            raise self._error
        return self._report

    def _run(self, work: Callable[[Callable[[], None]], Mapping[str, Any]]) -> None:
        try:
            self._report = work(self.began.set)
        except BaseException as error:
            self._error = error
        finally:
            self.done.set()
            self.began.set()


class Jobs:
    """A thread for each. The state's own lock sees to it that they exclude each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._is_closed = False

    def start(self, work: Callable[[Callable[[], None]], Mapping[str, Any]]) -> Job:
        """``work`` is given what it calls once it has its lock. What goes wrong before that is
        raised here: who asks is told at once that another operation is at work, and which."""
        job = Job()

        def run() -> None:
            try:
                job._run(work)
            finally:
                with self._lock:
                    self._threads.discard(thread)

        # Whoever is killed leaves nothing that the next holder of the lock would not clear.
        thread = threading.Thread(target=run, daemon=True)
        with self._lock:
            if self._is_closed:
                raise GraftError(
                    "fleet-not-ready", "the server is about to stop", fix="ask again in a moment"
                )
            self._threads.add(thread)
        thread.start()
        job.began.wait()
        if job.done.is_set():
            job.result()
        return job

    def close(self, seconds: float) -> bool:
        """Begin no more, and wait for those that are under way; whether all have ended."""
        with self._lock:
            self._is_closed = True
            left = list(self._threads)
        for thread in left:
            thread.join(seconds)
        return not any(thread.is_alive() for thread in left)
