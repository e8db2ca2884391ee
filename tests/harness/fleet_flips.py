"""Scripts that import from ``current`` while the releases of a set change."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from graft.base.records import replace
from graft.fleet.api import FleetHost
from graft.fleet.host.lease import lease
from graft.fleet.host.reconcile import Host, reconcile
from graft.fleet.host.switch import current_hash
from harness.fleet_upstream import Shelf, host_at

_SET = "apps"
_SCRIPTS = 8
# What is imported late has to be of the release that the script began with, and its own needs too.
_LEASED = """\
import a from 'a';
const late = await new Promise((done) => setTimeout(() => done(import('c')), 20));
console.log(a.version, a.requires('b').version, late.default.version);
"""
_BARE = "const a = require(process.argv[1]); console.log(a.version, a.requires('b').version);"


@dataclass
class Flips:
    """What came of it: scripts that ran to their end, files read between, trees that were removed
    meanwhile, and what went wrong. ``seconds`` is for all flips."""

    flips: int = 0
    scripts: int = 0
    reads: int = 0
    gone: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def ran(self, said: str, complaint: str, imports: int) -> None:
        with self._lock:
            self.scripts += 1
            words = said.split()
            if len(words) != imports or len(set(words)) != 1:
                self.wrong.append(said + complaint)

    def read(self, problem: str = "") -> None:
        with self._lock:
            self.reads += 1
            if problem:
                self.wrong.append(problem)


def flip_under_load(
    folder: Path,
    *,
    layout: str,
    flips: int,
    releases: int,
    grace: int,
    leased: int = 0,
    bare: int = 0,
    pause: float = 0.0,
) -> Flips:
    """Change between that many releases, so often, and until some scripts have run.

    ``leased`` scripts at a time are run as ``fleet run`` does, so they hold what they began with;
    ``bare`` ones are node with a path through ``current``, whose tree nothing keeps but ``grace``
    (milliseconds). A reader beside them opens files through leases, far more often than programs
    can be started. ``pause`` is seconds between two flips."""
    shelf = Shelf()
    made = []
    for number in range(releases):
        version = f"{number + 1}.0.0"
        shelf.publish(f"b@{version}")
        shelf.publish(f"a@{version}", dependencies={"b": version})
        shelf.publish(f"c@{version}")
        made.append(shelf.release_of(a=f"a@{version}", c=f"c@{version}"))
    shelf.move(made[-1])
    host = replace(host_at(folder, shelf, _milliseconds, layout), grace=grace)
    first = reconcile(host, _SET)
    assert first.error is None, first.error
    stop, found = Event(), Flips()
    work = [*[_leased] * leased, *[_bare] * bare, _reader]
    with ThreadPoolExecutor(len(work)) as pool:
        going = [pool.submit(_until, stop, each, host, found) for each in work]
        began = time.monotonic()
        try:
            turn = 0
            while turn < flips or found.scripts < _SCRIPTS:
                release = made[turn % releases]
                shelf.move(release)
                done = reconcile(host, _SET)
                assert done.error is None and done.flipped, done
                assert current_hash(host.root.set(_SET)) == release.hash
                found.gone += len(done.gone)
                time.sleep(pause)
                turn += 1
            found.flips = turn
            found.seconds = time.monotonic() - began
        finally:
            stop.set()
        for each in going:
            each.result()
    return found


def _until(stop: Event, work: Callable[[Host, Flips], None], host: Host, found: Flips) -> None:
    while not stop.is_set():
        work(host, found)


def _leased(host: Host, found: Flips) -> None:
    runs = FleetHost(host.root.path, environ=os.environ, policy={"sandbox": "off"})
    ran = runs.run_text(_SET, _LEASED)
    found.ran(ran.stdout.decode(), ran.stderr.decode(), 3)


def _bare(host: Host, found: Flips) -> None:
    package = os.path.join(host.root.set(_SET).current, "node_modules", "a")
    done = subprocess.run(["node", "-e", _BARE, package], capture_output=True, text=True)
    found.ran(done.stdout, done.stderr, 2)


def _reader(host: Host, found: Flips) -> None:
    with lease(host.root.path, _SET) as held:
        for name in ("package.json", "index.js"):
            try:
                with open(f"{held.tree}/node_modules/a/{name}") as file:
                    found.read("" if file.read() else f"{file.name} is empty")
            except OSError as error:
                found.read(str(error))
    time.sleep(0)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
