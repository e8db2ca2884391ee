"""Archives between the registry and the blob store, in one file without a name: whatever ends this
process ends them too."""

from __future__ import annotations

import os
import tempfile
from threading import Lock

from graft.model.integrity import Integrity


class Spool:
    """A context manager; ``folder`` is where there is room. For several threads at once."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._places: dict[Integrity, tuple[int, int]] = {}
        self._end = 0
        self._lock = Lock()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        return self._end

    def add(self, integrity: Integrity, data: bytes) -> None:
        with self._lock:
            start = self._end
            self._end += len(data)
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file.fileno(), view, start + len(data) - len(view))
            view = view[written:]
        self._places[integrity] = start, len(data)

    def size_of(self, integrity: Integrity) -> int:
        return self._places[integrity][1]

    def read(self, integrity: Integrity) -> bytes:
        start, size = self._places[integrity]
        return os.pread(self._file.fileno(), size, start)
