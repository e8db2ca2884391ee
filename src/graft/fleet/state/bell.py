"""Those who wait for a database's bell, and the one thread that listens for all of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger("graft.fleet")


class Bell:
    """``watch`` is what listens, from the first listener on: it calls ``call`` for each ring, and
    returns soon after ``ended`` is set."""

    def __init__(self, watch: Callable[[Bell], None]) -> None:
        self.ended = threading.Event()
        self._watch = watch
        self._callbacks: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        with self._guard:
            self._callbacks.append(callback)
            if not self._thread:
                self._thread = threading.Thread(
                    target=self._watch, args=(self,), name="graft-fleet-bell", daemon=True
                )
                self._thread.start()

        def end() -> None:
            with self._guard:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return end

    def call(self) -> None:
        with self._guard:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            try:
                callback()
            except Exception:  # one that fails must not silence the others
                _log.exception("what waits for a fleet's bell failed")

    def close(self) -> None:
        self.ended.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(5)
