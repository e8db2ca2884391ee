"""How fast a host pulls: at most so many bytes a second, all its threads together."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pace:
    """``rate`` is bytes a second, 0 for any. ``clock`` has seconds, ``sleep`` takes them."""

    def __init__(
        self, rate: int, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()
        self._lock = threading.Lock()

    def chunk(self, most: int) -> int:
        """How much to ask for at once: what a second brings, so that it comes evenly."""
        return most if not self._rate else max(16 * 1024, min(most, self._rate))

    def take(self, bytes: int) -> None:
        """Before that many are asked for: wait for one's turn."""
        if not self._rate:
            return
        with self._lock:
            begin = max(self._free_at, self._clock())
            self._free_at = begin + bytes / self._rate
        wait = begin - self._clock()
        if wait > 0:
            self._sleep(wait)
