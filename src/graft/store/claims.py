"""Which objects this process is about to bring, so that no other process fetches them too.

A claim is a lock on one byte of one file, at a place that follows from the object's integrity: two
system calls an object, no file of its own, and the kernel lets go of it when its holder dies. It
only saves work. Where there is no claim to be had, or two objects share a byte, nothing goes wrong:
who publishes second finds a good object and keeps that.
"""

from __future__ import annotations

import fcntl
import os

from graft.base.locks import open_lock
from graft.model.integrity import Integrity
from graft.store.paths import Store

# Bytes of a digest that make an offset: what every system takes as one.
_OFFSET_BYTES = 7


class Claims:
    """Of one process, which may not have two of them at once for one store: the locks are the
    process's, and closing either file would let go of all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._descriptor: int | None = None
        self._held: set[int] = set()
        self._broken = False

    def take(self, integrity: Integrity) -> bool:
        """False if another process is bringing the object."""
        place = _place(integrity)
        if place in self._held or self._broken:
            return True
        try:
            if self._descriptor is None:
                self._descriptor = open_lock(self._store.objects_lock)
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            return False
        except OSError:
            self._broken = True
            return True
        self._held.add(place)
        return True

    def give_up(self, integrity: Integrity) -> None:
        """Whether the object is there by now or not."""
        place = _place(integrity)
        if place in self._held and self._descriptor is not None:
            self._held.discard(place)
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)

    def close(self) -> None:
        """Give up all; may be used again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._held.clear()


def _place(integrity: Integrity) -> int:
    return int.from_bytes(integrity.digest[:_OFFSET_BYTES], "big")
