"""What a program prints, up to a size; what is beyond it is read and forgotten, so that the program
neither waits nor fills a disk."""

from __future__ import annotations

import os
from threading import Thread

KEPT_BYTES = 8 * 1024**2
_AT_ONCE = 64 * 1024
# What a program left running may keep its output open; nobody waits for that for long.
_LAST_WORDS_SECONDS = 1.0


class Captured:
    """One stream. A context manager: ``file`` is for the program, ``begin`` once it has it, ``end``
    once it has ended."""

    def __init__(self) -> None:
        self._from, self.file = os.pipe()
        self._kept = bytearray()
        self._thread = Thread(target=self._read, daemon=True)
        self.truncated = False

    def __enter__(self) -> Captured:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        # A reader that is still at it closes its own end.
        if not self._thread.ident:
            os.close(self._from)

    def begin(self) -> None:
        self._close()
        self._thread.start()

    def end(self) -> bytes:
        self._thread.join(_LAST_WORDS_SECONDS)
        return bytes(self._kept)

    def _read(self) -> None:
        with open(self._from, "rb", buffering=0) as stream:
            while data := stream.read(_AT_ONCE):
                room = KEPT_BYTES - len(self._kept)
                self._kept += data[:room]
                self.truncated = self.truncated or len(data) > room

    def _close(self) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
