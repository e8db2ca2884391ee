"""Installs, rollbacks and pins, killed at each step that they take in the database and in the blob
store, and an install before each of its effects on files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from graft.base.files import remove_tree
from graft.base.records import replace
from graft.fleet.blobs.collect import GRACE, collect
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.publishing.rollback import rollback
from graft.fleet.records import READY
from graft.fleet.release import Entry
from graft.fleet.state.blob_index import every, forget
from graft.fleet.state.operations import hold
from graft.fleet.state.releases import pin_release, unpin_release
from graft.model.integrity import parse_integrity
from harness.effects import count
from harness.fleet_installer import FleetInstaller
from harness.fleet_kills import Scenario, Tally
from harness.fleet_mortal import Mortal, MortalBlobs, dies, dies_at
from harness.machine import Machine
from harness.registry import LocalRegistry

_SET = "scripts"


class _World:
    """A fleet that has had two releases: ``new`` has two packages more than ``old``, which is
    current."""

    def __init__(self, folder: Path, url: str, registry: LocalRegistry) -> None:
        for name in ("a", "b", "c"):
            registry.publish(f"{name}@1.0.0")
        self.machine = Machine(folder / "machine", registry)
        self.url = url
        with FleetInstaller(self.machine, url) as fleet:
            fleet.pin(a="1.0.0")
            self.old = fleet.install().hash
            fleet.pin(b="1.0.0", c="1.0.0")
            self.new = fleet.install().hash
            self.everything = fleet.stored
            _go_to(fleet, self.old)
            self.needed = {entry.integrity for entry in _current(fleet)}

    def opened(self) -> FleetInstaller:
        return FleetInstaller(self.machine, self.url)

    def killed(self, step: int, act: Callable[[FleetInstaller], object]) -> bool:
        def work(database: Mortal) -> None:
            fleet = FleetInstaller(self.machine, database=database)
            stores = BlobStores([MortalBlobs(fleet.blobs, database.step)])
            fleet.fleet = replace(fleet.fleet, stores=stores)
            fleet.installer = replace(fleet.installer, fleet=fleet.fleet)
            act(fleet)

        return dies_at(step, self.url, work)

    def check_at_once(self, fleet: FleetInstaller) -> None:
        """Whatever is said of the attempt, what hosts are to have is all there, and whole."""
        assert fleet.state.hash in (self.old, self.new)
        for entry in _current(fleet):
            integrity = parse_integrity(entry.integrity)
            data = fleet.blobs.get(integrity)
            assert data is not None and integrity.matches(data), entry
        with fleet.database.reading() as t:
            assert {row.integrity for row in every(t)} <= fleet.stored
        newest = fleet.history[0]
        assert newest.hash == fleet.state.hash, "the history is about something else"

    def heal(self, fleet: FleetInstaller) -> None:
        """Who takes the lock next says that nobody is at work, and nothing is lost on the way."""
        _go_to(fleet, self.old)
        assert (fleet.state.status, fleet.state.hash) == (READY, self.old)

    def forget_the_new(self, fleet: FleetInstaller) -> None:
        """Without the archives that only the new release has."""
        with fleet.database.transaction() as t:
            for row in every(t):
                if row.integrity not in self.needed:
                    forget(t, row.integrity)
        for integrity in fleet.stored - self.needed:
            fleet.blobs.delete(parse_integrity(integrity))

    def check_the_end(self) -> None:
        """The install succeeds now, and the index says what is there."""
        with self.opened() as fleet:
            assert fleet.install().hash == self.new and fleet.state.status == READY
            with fleet.database.reading() as t:
                indexed = {row.integrity for row in every(t)}
            assert indexed == fleet.stored == self.everything
            for integrity in fleet.stored:
                assert parse_integrity(integrity).matches(
                    fleet.blobs.get(parse_integrity(integrity)) or b""
                )

    def check_collected(self) -> None:
        """Past all times of grace nothing is left that nobody needs, nor of those that died."""
        with self.opened() as fleet:
            self.heal(fleet)
            for path in fleet.path("blobs").iterdir():
                os.utime(path, (0, 0))
            stores = fleet.fleet.stores
            for days in (1, 3):  # what is found now is due two days later
                at = fleet.fleet.now() + days * GRACE
                with hold(fleet.database, "test", "", "test", fleet.fleet.now) as held:
                    collect(fleet.database, stores, held, partial(int, at), keep=0)
            assert fleet.stored == self.needed
            assert len(os.listdir(fleet.path("blobs"))) == len(self.needed)


def _go_to(fleet: FleetInstaller, release: str) -> None:
    rollback(fleet.fleet, _SET, "admin", release)


def _current(fleet: FleetInstaller) -> list[Entry]:
    now = fleet.current
    assert now is not None, "there is no release"
    return list(now.entries)


def _install(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    moved = []
    with LocalRegistry() as registry:
        world = _World(folder, url(), registry)
        with world.opened() as fleet:
            world.forget_the_new(fleet)
        for step in tally.steps():
            killed = world.killed(step, lambda fleet: fleet.install())
            with world.opened() as fleet:
                if not killed:
                    break
                with tally.kill(f"step {step}"):
                    world.check_at_once(fleet)
                    moved.append(fleet.state.hash == world.new)
                    world.heal(fleet)
                world.forget_the_new(fleet)
        with tally.judged("in the end"):
            assert moved == sorted(moved)
            world.check_the_end()


def _install_of_files(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    """What it does to folders: archives, the store that they are unpacked into, caches."""
    with LocalRegistry() as registry:
        world = _World(folder, url(), registry)
        with world.opened() as fleet:
            world.forget_the_new(fleet)
        places = [world.machine.graft_home, world.machine.root / "fleet" / "blobs"]
        for place in places:
            if place == world.machine.graft_home:
                remove_tree(str(place / "store"))
            subprocess.run(["cp", "-a", place, folder / f"saved-{place.name}"], check=True)
        for number in tally.steps():
            for place in places:
                remove_tree(str(place))
                subprocess.run(["cp", "-a", folder / f"saved-{place.name}", place], check=True)
            with world.opened() as fleet:
                world.forget_the_new(fleet)

            def work(kill: int = number) -> None:
                count(
                    below=[str(place) for place in places],
                    log=str(folder / "effects"),
                    kill=kill,
                    native=True,
                    two_steps=False,
                )
                with world.opened() as fleet:
                    fleet.install()

            if not dies(work):
                return
            with tally.kill(f"effect {number}"):
                with world.opened() as fleet:
                    world.check_at_once(fleet)
                world.check_the_end()
                verified = world.machine.project("any").graft("store", "verify", check=False)
                assert verified.code == 0, verified
                world.check_collected()


def _rollback(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    moved = []
    with LocalRegistry() as registry:
        world = _World(folder, url(), registry)
        for step in tally.steps():
            with world.opened() as fleet:
                _go_to(fleet, world.new)
            if not world.killed(step, lambda fleet: _go_to(fleet, world.old)):
                break
            with tally.kill(f"step {step}"), world.opened() as fleet:
                world.check_at_once(fleet)
                moved.append(fleet.state.hash == world.old)
                world.heal(fleet)
        with tally.judged("in the end"):
            assert moved == sorted(moved)


def _pin(tally: Tally, folder: Path, url: Callable[[], str]) -> None:
    pinned = []
    with LocalRegistry() as registry:
        world = _World(folder, url(), registry)

        def pin(fleet: FleetInstaller) -> None:
            with fleet.database.transaction() as t:
                pin_release(t, _SET, world.new)

        for step in tally.steps():
            with world.opened() as fleet, fleet.database.transaction() as t:
                unpin_release(t, _SET, world.new)
            if not world.killed(step, pin):
                break
            with tally.kill(f"step {step}"), world.opened() as fleet:
                world.check_at_once(fleet)
                pinned.append(any(each.pinned for each in fleet.history))
        with tally.judged("in the end"):
            assert pinned == sorted(pinned)


SCENARIOS: dict[str, Scenario] = {
    "install": _install,
    "install, effects on files": _install_of_files,
    "rollback": _rollback,
    "pin": _pin,
}
