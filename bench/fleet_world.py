"""A fleet for a benchmark: a registry, the real server in a process of its own, and real agents."""

from __future__ import annotations

import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import NormalDist
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from graft.fleet.records import HOST, IDLE, INSTALLING, READY
from graft.fleet.state.opening import open_database
from graft.fleet.state.tokens import make_token
from harness.command import GRAFT
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.registry import LocalRegistry

SET = "apps"
ROOTS = 30
# Of packages-266, 255 archives have 19.2 MB; few are large, and most are small.
_MEAN, _SIGMA = 75_000, 1.9
_PATIENCE = 600.0


class World:
    """``empty``, ``first`` and ``second`` are the hashes of three releases: of nothing, of all
    packages, and of all with ``changed`` of them new. What is current is the first one of these."""

    def __init__(self, folder: Path, packages: int, changed: int, *flags: str, **more: Any) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        with LocalRegistry() as registry:
            machine = Machine(folder, registry)
            publish(registry, packages, changed)
            self.server = FleetServer(machine, *flags, **more)
            try:
                self._release(min(ROOTS, packages), changed)
            except BaseException:
                self.server.close()
                raise

    def _release(self, roots: int, changed: int) -> None:
        self.admin = self.server.client()
        self.admin.ask("POST", "/v1/sets", {"name": SET, "block_bytes": 4 << 30})
        self.empty = self._install()
        for number in range(roots):
            self._pin(f"p{number}", "1.0.0")
        self.first = self._install()
        for number in range(changed):
            self._pin(f"p{number}", "1.1.0")
        self.second = self._install()
        self.move(self.empty)

    def move(self, hash: str) -> None:
        """What hosts are to have, from now on: nothing is resolved or fetched for it."""
        self.admin.ask("POST", f"/v1/sets/{SET}/rollback", {"hash": hash})

    def host_tokens(self, names: list[str]) -> dict[str, str]:
        database = open_database(str(self.server.data / "fleet.db"))
        try:
            with database.transaction() as t:
                now = time.time_ns() // 1_000_000
                return {name: make_token(t, HOST, "bench", name, now)[1] for name in names}
        finally:
            database.close()

    @contextmanager
    def agents(self, tokens: Mapping[str, str], *flags: str) -> Iterator[tuple[str, int]]:
        """Real ones. Of the last: the address that it serves at, if it does, and its process."""
        started = []
        try:
            for name, token in tokens.items():
                command = [*GRAFT, "fleet", "agent", "--set", SET, *flags]
                command += ["--root", str(self.folder / name)]
                env = {
                    "GRAFT_FLEET_SERVER": self.server.url,
                    "GRAFT_FLEET_TOKEN": token,
                    "GRAFT_HOME": None,
                }
                log = self.folder / f"{name}.log"
                with log.open("wb") as said:
                    process = subprocess.Popen(
                        command,
                        cwd=self.folder,
                        env=self.server.machine.environment(env),
                        stdin=subprocess.DEVNULL,
                        stdout=said,
                        stderr=said,
                    )
                started.append((process, log))
            process, log = started[-1]
            yield (_address(log) if "--serve" in flags else ""), process.pid
        finally:
            for process, _ in started:
                process.send_signal(signal.SIGTERM)
            for process, _ in started:
                process.wait(60)

    def until(self, names: set[str], hash: str) -> None:
        """Wait for those hosts to report that they have that."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            hosts = self.admin.ask("GET", "/v1/hosts")["hosts"]
            if names <= {e["host"] for e in hosts if (e["hash"], e["status"]) == (hash, READY)}:
                return
            time.sleep(0.5)
        raise TimeoutError(f"not all of {len(names)} hosts have {hash}")

    def close(self) -> None:
        self.server.close()

    def _pin(self, name: str, version: str) -> None:
        self.admin.ask("PUT", f"/v1/sets/{SET}/packages/{name}", {"specifier": version})

    def _install(self) -> str:
        before = self._state()["hash"]
        self.admin.ask("POST", f"/v1/sets/{SET}/install", {})
        # Into an object store it may take longer than an answer is waited for.
        until(lambda: self._state()["status"] not in (IDLE, INSTALLING), "an install")
        after = self._state()
        if after["status"] != READY or after["hash"] == before:
            raise RuntimeError(f"the install failed: {after['error']}")
        return str(after["hash"])

    def _state(self) -> dict[str, Any]:
        return self.admin.ask("GET", f"/v1/sets/{SET}/state")


def publish(registry: LocalRegistry, packages: int, changed: int) -> None:
    """``p0`` and so on: the first are pinned, each of the others is what one of those needs. Of
    ``changed`` of them there is a second version."""
    roots = min(ROOTS, packages)
    for number, size in enumerate(sizes(packages)):
        needs = range(number + roots, packages, roots) if number < roots else ()
        facts: dict[str, Any] = {"dependencies": {f"p{child}": "1.0.0" for child in needs}}
        for version in ("1.0.0", "1.1.0")[: 2 if number < changed else 1]:
            # What cannot be compressed, so an archive has the size of its file.
            data = random.Random(f"{number} {version}").randbytes(size)
            registry.publish(f"p{number}@{version}", files={"data.bin": data}, **facts)


def sizes(packages: int) -> list[int]:
    """Of archives: log-normal, in no order."""
    normal = NormalDist(math.log(_MEAN) - _SIGMA**2 / 2, _SIGMA)
    found = [normal.inv_cdf((number + 0.5) / packages) for number in range(packages)]
    random.Random(1).shuffle(found)
    return [max(200, round(math.exp(each))) for each in found]


def _address(log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r"serving at (http://\S+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise TimeoutError(log.read_text())


def raise_open_files() -> None:
    """A benchmark that plays a thousand hosts holds two connections for each."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def processor_seconds(pid: int) -> float:
    """User and system, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int, kind: str) -> int:
    """``VmRSS`` or, at most so far, ``VmHWM``."""
    found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def until(true: Callable[[], bool], what: str, patience: float = _PATIENCE) -> None:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)
