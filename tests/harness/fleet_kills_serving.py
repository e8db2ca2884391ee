"""Servers, and agents that serve others, killed while hosts pull from them, and started again.

The hosts are agents that go on by themselves: nobody tells them of a death or of a return.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from graft.fleet.host.root import HostRoot
from graft.fleet.host.switch import current_hash
from graft.fleet.host.tree import tree_fault
from graft.fleet.host.tree_plan import plan_release
from graft.fleet.records import READY
from graft.fleet.release import Release
from graft.link.layouts import VIRTUAL
from graft.store.paths import open_store
from graft.workflows.host import this_platform
from harness.closing import Closing
from harness.command import GRAFT
from harness.fleet_kills import Scenario, Tally
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.registry import LocalRegistry

_SET = "apps"
_HOSTS = ("one", "two", "three")
_KILLS = 8
_PATIENCE = 90.0
# Characters of text that does not compress well; the first is more than comes in one part.
_SIZES = {"big": 900_000, "a": 60_000, "b": 60_000, "c": 60_000, "d": 60_000}
_RATE = "400KB"


class _Agent(Closing):
    """The real command, which goes on until it is killed or closed."""

    def __init__(self, server: FleetServer, name: str, url: str, *flags: str) -> None:
        self.root = HostRoot(str(server.machine.root / name))
        self._log = server.machine.root / f"{name}.log"
        self._command = [*GRAFT, "fleet", "agent", "--server", url, "--set", _SET]
        self._command += ["--root", self.root.path, "--max-rate", _RATE, *flags]
        self._env = server.machine.environment(
            {"GRAFT_FLEET_TOKEN": server.token("host", name), "GRAFT_HOME": None}
        )
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    close = kill

    @property
    def hash(self) -> str:
        return current_hash(self.root.set(_SET))

    def come(self) -> int:
        """How many archives have come, or some of one."""
        objects = Path(self.root.home, "store/v1/objects")
        blobs = Path(self.root.blobs)
        parts = [path for path in blobs.glob("*.part") if _size(path)]
        return len(list(objects.glob("[!.]*[!n]"))) + len(parts)

    def fault(self, releases: dict[str, Release]) -> str:
        at, store, hash = self.root.set(_SET), open_store(self.root.home), self.hash
        if hash not in releases:
            return f"{hash} is no release"
        plan = plan_release(releases[hash], this_platform(), VIRTUAL, store)
        if not all(Path(at.current, "node_modules", name, "index.js").is_file() for name in _SIZES):
            return "code is missing"
        return tree_fault(store, at.tree(hash), plan, full=True)

    @property
    def said(self) -> str:
        return self._log.read_text()


class _Site(Closing):
    """A server at an address that stays, and agents that ask it, or one of them that serves the
    others."""

    def __init__(self, folder: Path, state: str, *, relay: bool) -> None:
        self._stack = ExitStack()
        self._relay = relay
        self.releases: dict[str, Release] = {}
        self.registry = self._stack.enter_context(LocalRegistry())
        address = f"127.0.0.1:{_free_port()}"
        flags = ("--listen", address, "--state", state)
        self.server = self._stack.enter_context(
            FleetServer(Machine(folder / "machine", self.registry), *flags)
        )
        self.ask("POST", "/v1/sets", {"name": _SET})
        self.hash = ""
        self.pin(0)
        self.install()
        self.agents: list[_Agent] = []
        url = self.server.url
        if relay:
            address = f"127.0.0.1:{_free_port()}"
            self.site = self._stack.enter_context(
                _Agent(self.server, "site", url, "--serve", address)
            )
            url = f"http://{address}"
        for name in _HOSTS:
            self.agents.append(self._stack.enter_context(_Agent(self.server, name, url)))
        self.wait(self.converged)

    def close(self) -> None:
        self._stack.close()

    @property
    def victim(self) -> _Agent | FleetServer:
        return self.site if self._relay else self.server

    def ask(self, method: str, path: str, said: object = None) -> dict[str, Any]:
        answered = self.server.request(method, path, said, token=self.server.token())
        assert answered.status < 300, answered.body
        document: dict[str, Any] = json.loads(answered.body or b"{}")
        return document

    def pin(self, number: int) -> None:
        """Another version of each package."""
        chance = random.Random(number)
        for name, size in _SIZES.items():
            text = f"// {chance.randbytes(size // 2).hex()}\n"
            self.registry.publish(f"{name}@1.0.{number}", files={"index.js": text})
            self.ask("PUT", f"/v1/sets/{_SET}/packages/{name}", {"specifier": f"1.0.{number}"})

    def install(self) -> None:
        self.ask("POST", f"/v1/sets/{_SET}/install?wait=1", {})
        client = self.server.client()
        desired = client.desired(_SET)
        assert desired is not None
        self.hash = desired.hash
        self.releases[self.hash] = client.release(_SET, self.hash)

    def come(self) -> int:
        return sum(agent.come() for agent in self.agents)

    def has(self, goal: int) -> bool:
        return self.come() >= goal or self.converged()

    def converged(self) -> bool:
        return all(agent.hash == self.hash for agent in self.agents)

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not until():
            if time.monotonic() > end:
                raise AssertionError("\n".join(agent.said[-500:] for agent in self.agents))
            time.sleep(0.02)

    def check(self) -> None:
        for agent in self.agents:
            assert agent.fault(self.releases) == ""


def _kill_amid_pulls(tally: Tally, folder: Path, state: str, *, relay: bool) -> None:
    most = len(_SIZES) * len(_HOSTS)
    with _Site(folder, state, relay=relay) as site:
        for number in tally.steps():
            if number > _KILLS:
                return
            before = site.come()
            site.pin(number)
            site.install()
            goal = before + (number - 1) * most // _KILLS
            site.wait(partial(site.has, goal))
            site.victim.kill()
            with tally.kill(f"{number}, {site.come() - before} of {most} archives there"):
                site.check()
                site.victim.start()
                site.wait(site.converged)
                site.check()


def _server(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    _kill_amid_pulls(tally, folder, url(), relay=False)


def _relay(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    _kill_amid_pulls(tally, folder, url(), relay=True)


def _amid_install(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    """While it waits for the registry. Hosts keep what they have, and the next install is one."""
    with _Site(folder, url(), relay=False) as site:
        paths = ("/a", "/big/-/big-1.0.2.tgz", "/d/-/d-1.0.3.tgz")
        for number in tally.steps():
            if number > len(paths):
                return
            path = paths[number - 1]
            site.pin(number)
            site.registry.fault(path, delay=30)
            asked = site.registry.count(path)
            site.ask("POST", f"/v1/sets/{_SET}/install", {})
            site.wait(partial(_more, site.registry, path, asked))
            site.server.kill()
            site.registry.clear_faults()
            with tally.kill(f"before {path} came"):
                site.check()
                site.server.start()
                desired = site.server.client().desired(_SET)
                assert desired is not None and desired.hash == site.hash and site.converged()
                site.install()
                assert site.ask("GET", f"/v1/sets/{_SET}/state")["status"] == READY
                site.wait(site.converged)
                site.check()


def _more(registry: LocalRegistry, path: str, asked: int) -> bool:
    return registry.count(path) > asked


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _size(path: Path) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


SCENARIOS: dict[str, Scenario] = {
    "server, amid an install": _amid_install,
    "server, amid the pulls of three agents": _server,
    "agent that serves three others, amid their pulls": _relay,
}
