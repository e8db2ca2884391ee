"""A process that holds the store as some commands do, for as long as a test wants."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

_HOLD = """\
import sys
from graft.store.hold import hold_alone, hold_shared
from graft.store.paths import open_store

def say(text):
    print(text, flush=True)

store = open_store(sys.argv[1])
held = {
    "shared": lambda: hold_shared(store, say),
    "alone": lambda: hold_alone(store, "graft store gc", say, wait=True),
    "at-once": lambda: hold_alone(store, "graft store gc", say, wait=False),
}[sys.argv[2]]()
try:
    with held as hold:
        say("held" if hold.held else "not held")
        while sys.stdin.readline():
            with hold_shared(store, say):
                say("held once more")
except KeyboardInterrupt:
    sys.exit(130)
"""


class Holder:
    """``kind`` is ``shared``, ``alone`` or ``at-once``. ``lines`` is what it has said so far: whom
    it waits for, and ``held`` when it holds the store. Ends with its ``with``."""

    def __init__(self, graft_home: Path, kind: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _HOLD, str(graft_home), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()

    def wait_for(self, text: str) -> str:
        """The first line with ``text`` in it."""
        with self._more:
            assert self._more.wait_for(lambda: self._line(text), timeout=30), self.lines
            return self._line(text)

    def hold_once_more(self) -> None:
        """Shared, within what it holds."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.wait_for("held once more")

    def let_go(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(30) == 0

    def _line(self, text: str) -> str:
        return next((line for line in self.lines if text in line), "")

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.strip())
                self._more.notify_all()
