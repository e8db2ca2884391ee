"""Operations that outlast the request that began them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError

_KEPT_SECONDS = 15 * 60
_MOST_KEPT = 256

Begin = Callable[[Callable[[], None]], Mapping[str, Any]]


class Job:
    """One that is under way, or done. ``started`` is by the clock of its ``Jobs``."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.began = threading.Event()
        self.done = threading.Event()
        self._report: Mapping[str, Any] = {}
        self._error: BaseException | None = None

    @property
    def has_failed(self) -> bool:
        return self._error is not None

    def result(self) -> Mapping[str, Any]:
        """Once it is done: its report, or what went wrong, raised."""
        if self._error is not None:
            raise self._error
        return self._report

    def _run(self, work: Begin) -> None:
        try:
            self._report = work(self.began.set)
        except BaseException as error:
            self._error = error
        finally:
            self.done.set()
            self.began.set()


class Jobs:
    """A thread for each. The state's own lock sees to it that they exclude each other. ``clock``
    gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._named: OrderedDict[str, Job] = OrderedDict()
        self._threads: set[threading.Thread] = set()
        self._is_closed = False

    def start(self, work: Begin, name: str = "") -> Job:
        """``work`` is given what it calls once it has its lock. What goes wrong before that is
        raised here: who asks is told at once that another operation is at work, and which.

        One that has a ``name`` is begun once: who gives it again, within a quarter of an hour or as
        long as it is at work, has the one that there is. That is for those whose connection broke.
        """
        job = Job(self._clock())

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
            known = self._known(name)
            if known is None:
                self._threads.add(thread)
                if name:
                    self._named[name] = job
                # Within the lock: who waits for all that are under way can wait for this one.
                thread.start()
        return self._begun(known or job, name)

    def _known(self, name: str) -> Job | None:
        old = self._clock() - _KEPT_SECONDS
        ended = [key for key, job in self._named.items() if job.done.is_set()]
        for key in ended:
            if self._named[key].started < old or len(self._named) > _MOST_KEPT:
                del self._named[key]
        return self._named.get(name)

    def _begun(self, job: Job, name: str) -> Job:
        job.began.wait()
        if job.done.is_set() and job.has_failed:
            with self._lock:
                # It can be tried again: that it failed is no answer to keep.
                if self._named.get(name) is job:
                    del self._named[name]
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
