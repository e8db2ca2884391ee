"""What was read a moment ago and never changes, up to so many bytes of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What is asked for by several at the same time is read once. For several threads."""

    def __init__(self, weigh: Callable[[V], int], most: int = 64 << 20) -> None:
        """``weigh`` says how many bytes something takes."""
        self._weigh = weigh
        self._most = most
        self._size = 0
        self._found: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[K, threading.Lock] = {}

    def get(self, key: K, read: Callable[[], V]) -> V:
        """What ``read`` gives, now or before."""
        with self._lock:
            if (data := self._again(key)) is not None:
                return data
            turn = self._reading.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if (data := self._again(key)) is not None:
                    return data
            try:
                data = read()
            finally:
                with self._lock:
                    self._reading.pop(key, None)
            self._keep(key, data)
            return data

    def _again(self, key: K) -> V | None:
        data = self._found.get(key)
        if data is not None:
            self._found.move_to_end(key)
        return data

    def _keep(self, key: K, data: V) -> None:
        with self._lock:
            if key in self._found:
                return
            self._found[key] = data
            self._size += self._weigh(data)
            while self._size > self._most:
                _, gone = self._found.popitem(last=False)
                self._size -= self._weigh(gone)
