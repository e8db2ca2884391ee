"""Installs and rollbacks that are killed at each of their steps, and two servers at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.blob_index import every, forget
from graft.fleet.blob_stores import BlobStores
from graft.fleet.records import READY
from graft.fleet.rollback import rollback
from graft.model.integrity import parse_integrity
from harness.fleet_installer import FleetInstaller
from harness.fleet_mortal import Mortal, MortalBlobs, dies_at
from harness.machine import Machine
from harness.registry import LocalRegistry

_MOST = 60


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "fleet.db")
    found: str = request.getfixturevalue("postgres").url()
    return found


def kills(
    machine: Machine,
    url: str,
    act: Callable[[FleetInstaller], object],
    look: Callable[[FleetInstaller], bool],
) -> list[bool]:
    """Do it again and again, killed one step later each time, until it is not; what ``look`` found
    after each."""
    found = []

    def work(database: Mortal) -> None:
        fleet = FleetInstaller(machine, database=database)
        stores = BlobStores(
            [MortalBlobs(fleet.blobs.id, str(fleet.folder / "blobs"), database.step)]
        )
        fleet.fleet = replace(fleet.fleet, stores=stores)
        fleet.installer = replace(fleet.installer, fleet=fleet.fleet)
        act(fleet)

    for step in range(1, _MOST):
        killed = dies_at(step, url, work)
        with FleetInstaller(machine, url) as fleet:
            # Whatever is said of the attempt, what hosts are to have is all there.
            now = fleet.current
            assert now is not None and {e.integrity for e in now.entries} <= fleet.stored
            found.append(look(fleet))
        if not killed:
            return found
    raise AssertionError("it is never done")


def test_an_install_that_is_killed_leaves_the_release_before_it_or_the_new_one(
    machine: Machine, registry: LocalRegistry, url: str
) -> None:
    for name in ("a", "b", "c"):
        registry.publish(f"{name}@1.0.0")
    with FleetInstaller(machine, url) as fleet:
        fleet.pin(a="1.0.0")
        before = fleet.install().hash
        fleet.pin(b="1.0.0", c="1.0.0")
        after = fleet.install().hash
        rollback(fleet.fleet, "scripts", "admin", before)
        everything = fleet.stored

    def look(fleet: FleetInstaller) -> bool:
        """And back to where it began: without the archives that only the new one has."""
        is_new = fleet.state.hash == after
        assert is_new or fleet.state.hash == before
        # Who takes the lock next says that nobody is at work, and nothing is lost on the way.
        rollback(fleet.fleet, "scripts", "admin", before)
        assert (fleet.state.status, fleet.state.hash) == (READY, before)
        with fleet.database.transaction() as t:
            kept = {entry.integrity for entry in fleet.current.entries} if fleet.current else set()
            for row in every(t):
                if row.integrity not in kept:
                    forget(t, row.integrity)
        for integrity in fleet.stored - kept:
            fleet.blobs.delete(parse_integrity(integrity))
        return is_new

    found = kills(machine, url, lambda fleet: fleet.install(), look)
    assert found == sorted(found) and len(found) > 12
    with FleetInstaller(machine, url) as fleet:
        assert fleet.install().hash == after and fleet.state.status == READY
        with fleet.database.reading() as t:
            assert {row.integrity for row in every(t)} == fleet.stored == everything


def test_a_rollback_that_is_killed_leaves_one_release_or_the_other(
    machine: Machine, registry: LocalRegistry, url: str
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")
    with FleetInstaller(machine, url) as fleet:
        hashes = []
        for version in ("1.0.0", "2.0.0"):
            fleet.pin(a=version)
            hashes.append(fleet.install().hash)
    old, new = hashes

    def look(fleet: FleetInstaller) -> bool:
        is_old = fleet.state.hash == old
        assert is_old or fleet.state.hash == new
        rollback(fleet.fleet, "scripts", "admin", new)
        assert (fleet.state.status, fleet.state.hash) == (READY, new)
        return is_old

    found = kills(machine, url, lambda fleet: rollback(fleet.fleet, "scripts", "admin", old), look)
    assert found == sorted(found) and len(found) > 5


def test_of_two_servers_one_installs_and_the_other_is_told_who(
    machine: Machine, registry: LocalRegistry, url: str
) -> None:
    registry.publish("a@1.0.0")
    registry.fault("/a", delay=1)
    with FleetInstaller(machine, url) as one, FleetInstaller(machine, url) as other:
        one.pin(a="1.0.0")
        first = threading.Thread(target=one.install)
        first.start()
        registry.wait_for("/a")
        with pytest.raises(GraftError) as caught:
            other.install()
        assert caught.value.diagnostic.code == "fleet-busy"
        assert "install of scripts" in caught.value.diagnostic.message
        first.join()
        assert other.state.status == READY == one.state.status
        assert len(other.history) == 1
        assert os.listdir(one.folder / "blobs")
