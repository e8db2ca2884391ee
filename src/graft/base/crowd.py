"""Several programs at once, whose output is passed on line by line.

Each leads a process group of its own, so that what it started ends with it, and has no input. The
signals that reach graft are passed on to all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import IO

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What a program left running may keep its output open; nobody waits for that for long.
_LAST_WORDS_SECONDS = 1.0

Line = Callable[[str, bool], None]


class Crowd:
    """Programs that run. Use it with ``with``, in the main thread: signals are passed on inside.
    ``received`` is the first of them, or 0; ``closed`` what ends all that run and may yet begin."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._before: dict[int, object] = {}
        self.received = 0
        self.closed = 0

    def __enter__(self) -> Crowd:
        for number in _PASSED_ON:
            self._before[number] = signal.signal(number, self._pass_on)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def attend(
        self,
        program: str,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        *,
        folder: str,
        line: Line,
    ) -> int:
        """Run to the end; the exit code, or a signal's number below zero. ``line`` is told each
        line of output, without its end, and whether it was an error's. Callable from any thread."""
        if self.closed:
            return -self.closed
        process = subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        assert process.stdout and process.stderr
        readers = [
            threading.Thread(target=_read, args=(stream, line, is_error), daemon=True)
            for stream, is_error in ((process.stdout, False), (process.stderr, True))
        ]
        with self._lock:
            self._running.add(process)
        if self.closed:
            _signal(process, self.closed)
        for reader in readers:
            reader.start()
        code = process.wait()
        for reader in readers:
            reader.join(_LAST_WORDS_SECONDS)
        with self._lock:
            self._running.discard(process)
        return code

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End all that run, and let nothing begin."""
        self.closed = self.closed or number
        with self._lock:
            for process in self._running:
                _signal(process, number)

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        # No lock: this may interrupt whoever holds it.
        self.received = self.received or number
        self.closed = self.closed or number
        for process in list(self._running):
            _signal(process, number)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def _read(stream: IO[bytes], line: Line, is_error: bool) -> None:
    with stream:
        for text in stream:
            line(text.decode("utf-8", "replace").rstrip("\r\n"), is_error)
