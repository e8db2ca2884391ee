"""What has gone wrong in fleets, where no other test is about it by itself. All of it is listed,
with its tests, in docs/fleet-behaviours.md."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.blobs.migration import resume
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.host.reconcile import reconcile
from graft.fleet.publishing.publish import put_archives
from graft.fleet.records import READY, SetSettings
from graft.fleet.state import storage
from graft.fleet.state.events import since
from graft.fleet.state.operations import hold
from graft.fleet.state.sets import create_set, delete_set
from graft.model.integrity import parse_integrity
from graft.workflows import fleet_install
from graft.workflows.fleet_install import install
from harness.fleet_installer import FleetInstaller
from harness.fleet_upstream import Shelf, host_at
from harness.machine import Machine
from harness.registry import LocalRegistry


@pytest.fixture
def fleet(machine: Machine) -> Iterator[FleetInstaller]:
    with FleetInstaller(machine) as fleet:
        yield fleet


def test_a1_an_archive_is_the_same_bytes_whoever_installs_and_whenever(
    fleet: FleetInstaller, registry: LocalRegistry, machine: Machine
) -> None:
    """Archives were packed anew by whoever installed, and hosts were told of other bytes than the
    store had."""
    made = {name: registry.publish(f"{name}@1.0.0") for name in ("a", "b")}
    fleet.pin(a="1.0.0")
    first = fleet.install()
    # Another server takes over, which has nothing of what the first one has unpacked.
    shutil.rmtree(machine.graft_home)
    with FleetInstaller(machine, database=fleet.database) as other:
        other.pin(b="1.0.0")
        second = other.install()
        for entry in second.entries:
            data = other.blobs.get(parse_integrity(entry.integrity))
            assert data == made[entry.name].archive and len(data) == entry.size
        assert first.entries[0] in second.entries and len(other.stored) == 2


def test_a5_an_announcement_that_fails_leaves_the_release_published(
    fleet: FleetInstaller, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It made an error of an install that had succeeded. Hosts that ask get the release, and those
    that listen the event, with whatever is rung for next."""
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")

    def broken() -> None:
        raise GraftError("fleet-state", "nobody can be told")

    monkeypatch.setattr(fleet.database, "ring", broken)
    with pytest.raises(GraftError, match="nobody can be told"):
        fleet.install()
    assert (fleet.state.status, fleet.state.error) == (READY, "")
    assert fleet.current is not None and fleet.state.hash == fleet.current.hash
    with fleet.database.reading() as t:
        assert [event.data["hash"] for event in since(t, 0)] == [fleet.state.hash]


def test_a_migration_that_died_does_not_keep_installs_out_and_takes_theirs_along(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    """One that crashed wedged installs for good."""
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    fleet.pin(a="1.0.0")
    fleet.install()
    new = FolderBlobs("new", str(fleet.path("new")))
    there = replace(fleet.fleet, stores=BlobStores([fleet.blobs, new]))
    installer = replace(fleet.installer, fleet=there)
    with (
        hold(there.database, "migration", "new", "who dies", lambda: 1) as held,
        there.database.transaction() as t,
    ):
        storage.begin(t, "new", 1, held.epoch, 1)
    fleet.pin(b="1.0.0")
    release = install(installer, "scripts", "admin").release
    assert fleet.state.hash == release.hash and not list(new.list())
    done = resume(there.database, there.stores, "the next server", lambda: 2)
    assert done and done.moved == 2
    assert {str(i) for i, _, _ in new.list()} == {entry.integrity for entry in release.entries}
    with there.database.reading() as t:
        assert storage.read_storage(t).active == "new"


def test_a_set_that_is_deleted_under_an_install_gets_nothing(
    fleet: FleetInstaller, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    put = put_archives

    def deleted_meanwhile(*of: object) -> None:
        put(*of)  # type: ignore[arg-type]
        with fleet.database.transaction() as t:
            delete_set(t, "scripts")

    monkeypatch.setattr(fleet_install, "put_archives", deleted_meanwhile)
    with pytest.raises(GraftError) as raised:
        fleet.install()
    assert raised.value.diagnostic.code == "fleet-not-found"
    with fleet.database.transaction() as t:
        create_set(t, "scripts", SetSettings(), 1)
        assert since(t, 0) == []
    assert fleet.history == [] and fleet.state.hash == ""


def test_no_script_of_a_package_runs_where_it_is_installed_or_built(
    fleet: FleetInstaller, registry: LocalRegistry, tmp_path: Path
) -> None:
    """Scripts of packages ran on the server, with all of its environment, and what they made never
    reached a host."""
    ran = tmp_path / "ran"
    scripts = dict.fromkeys(("preinstall", "install", "postinstall", "prepare"), f"touch {ran}")
    registry.publish("a@1.0.0", scripts=scripts)
    fleet.pin(a="1.0.0")
    fleet.install()
    shelf = Shelf()
    shelf.publish("a@1.0.0", scripts=scripts)
    shelf.want(a="a@1.0.0")
    assert reconcile(host_at(tmp_path / "host", shelf), "apps").error is None
    assert not ran.exists()
