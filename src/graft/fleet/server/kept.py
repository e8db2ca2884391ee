"""Archives that were read a moment ago, up to so many bytes of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from graft.model.integrity import Integrity


class Kept:
    """Those that are asked for at the same time are read once. For several threads."""

    def __init__(self, most: int = 64 << 20) -> None:
        self._most = most
        self._size = 0
        self._found: OrderedDict[Integrity, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[Integrity, threading.Lock] = {}

    def get(self, integrity: Integrity, read: Callable[[], bytes]) -> bytes:
        """What ``read`` gives, now or before."""
        with self._lock:
            if (data := self._again(integrity)) is not None:
                return data
            turn = self._reading.setdefault(integrity, threading.Lock())
        with turn:
            with self._lock:
                if (data := self._again(integrity)) is not None:
                    return data
            try:
                data = read()
            finally:
                with self._lock:
                    self._reading.pop(integrity, None)
            self._keep(integrity, data)
            return data

    def _again(self, integrity: Integrity) -> bytes | None:
        data = self._found.get(integrity)
        if data is not None:
            self._found.move_to_end(integrity)
        return data

    def _keep(self, integrity: Integrity, data: bytes) -> None:
        with self._lock:
            if integrity in self._found:
                return
            self._found[integrity] = data
            self._size += len(data)
            while self._size > self._most:
                _, gone = self._found.popitem(last=False)
                self._size -= len(gone)
