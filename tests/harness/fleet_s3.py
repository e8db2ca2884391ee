"""An S3 server: the real ``rclone serve s3`` over a folder, on loopback."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from harness.closing import Closing

ACCESS = "graft-tests-access"
SECRET = "graft-tests-secret"
_PATIENCE = 20.0
_SET_DEATH_SIGNAL = 1


class S3Server(Closing):
    """Each ``bucket`` is a folder below ``root``, so that a test sees what is in it and spoils it
    there. Ends with ``close``, and with whoever started it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "buckets"
        self.root.mkdir(parents=True)
        said = root / "rclone.log"
        with said.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("rclone")),
                    *("serve", "s3", str(self.root), "--addr", "127.0.0.1:0"),
                    *("--auth-key", f"{ACCESS},{SECRET}", "--config", os.devnull),
                    # Folders are looked at anew: tests make and spoil what is in them.
                    *("--dir-cache-time", "0s"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "HOME": str(root)},
                preexec_fn=_die_with_parent,
            )
        self.endpoint = self._wait(said)

    def bucket(self, name: str) -> Self:
        (self.root / name).mkdir()
        return self

    def location(self, bucket: str, prefix: str = "blobs") -> str:
        """As a server of a fleet is told of it; the credentials are in ``environment``."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    def environment(self, id: str = "s3") -> dict[str, str]:
        name = f"GRAFT_BLOBS_{id.upper().replace('-', '_')}__"
        return {f"{name}ACCESS_KEY_ID": ACCESS, f"{name}SECRET_ACCESS_KEY": SECRET}

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, log: Path) -> str:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            if found:
                return found[0]
            time.sleep(0.02)
        text = log.read_text()
        self.close()
        raise AssertionError(f"rclone serves nothing: {text}")


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        _libc.prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
