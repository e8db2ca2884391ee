"""A project's lock as a release, the way back, and what deaths leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.publishing.rollback import pin, rollback, unpin
from graft.fleet.records import ERROR, INSTALLING, READY
from graft.fleet.state.operations import hold
from graft.fleet.state.releases import make_current, prune
from graft.lockfile.format import read_lock, write_lock
from graft.model.integrity import parse_integrity
from graft.resolve.prune import for_platform
from graft.workflows.fleet_install import publish
from harness.archive import pack_files
from harness.fleet_installer import LINUX, MAC, FleetInstaller, graph_of, packages, top_level
from harness.index_shelf import IndexShelf
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


@pytest.fixture
def fleet(machine: Machine) -> Iterator[FleetInstaller]:
    with FleetInstaller(machine) as fleet:
        yield fleet


def lock_of(project: Project) -> bytes:
    project.graft("install", "--lockfile-only")
    return project.path("graft-lock.json").read_bytes()


# From a lock


def test_a_lock_is_published_as_it_is_but_for_what_only_development_needs(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0")
    registry.publish("c@1.0.0")
    project.manifest(dependencies={"a": "^1"}, devDependencies={"c": "^1"})
    lock = lock_of(project)
    registry.publish("b@1.1.0")
    release = fleet.publish(lock)
    assert packages(release) == ["a@1.0.0", "b@1.0.0"] and top_level(release) == {"a": "a@1.0.0"}
    assert [r.local for r in graph_of(release).importers["."].requirements] == ["a"]
    assert fleet.state.operation == "publish" and len(fleet.stored) == 2
    assert fleet.publish(lock).hash == release.hash and len(fleet.history) == 1


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"dependencies": {"mine": "file:./mine"}}, "used where it lies"),
        ({"dependencies": {"mine": "file:./mine.tgz"}}, "an archive of the project's"),
        ({"workspaces": ["mine"], "dependencies": {"mine": "*"}}, "used where it lies"),
    ],
)
def test_what_is_nowhere_but_in_the_project_is_refused_by_name(
    fleet: FleetInstaller,
    registry: LocalRegistry,
    project: Project,
    field: dict[str, Any],
    why: str,
) -> None:
    project.manifest("mine", name="mine", version="1.0.0")
    project.write("mine.tgz", registry.publish("mine@1.0.0").archive)
    project.manifest(**field)
    with pytest.raises(GraftError) as caught:
        fleet.publish(lock_of(project))
    said = caught.value.diagnostic
    assert said.code == "fleet-invalid"
    (reason,) = said.why
    assert "mine" in reason and why in reason
    assert fleet.state.status == ERROR and fleet.stored == set()


def test_members_that_the_root_does_not_need_are_left_out(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    project.manifest("member", name="member", dependencies={"b": "^1"})
    project.manifest(workspaces=["member"], dependencies={"a": "^1"})
    assert packages(fleet.publish(lock_of(project))) == ["a@1.0.0"]


def test_what_a_lock_names_on_this_machine_is_not_looked_at(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project, machine: Machine
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "^1"})
    lock = lock_of(project).decode()
    secret = machine.root / "secret.tgz"
    secret.write_bytes(registry.publish("secret@1.0.0").archive)
    for origin in (f"file:{secret}", f"git:file://{machine.root}#{'0' * 40}"):
        hostile = lock.replace('"a@1.0.0": {', f'"a@{origin}#1.0.0": {{"origin":"{origin}",')
        hostile = hostile.replace('"^1","a@1.0.0"]', f'"^1","a@{origin}#1.0.0"]')
        assert hostile != lock
        read_lock(hostile.encode(), where="a lock")
        with pytest.raises(GraftError) as caught:
            fleet.publish(hostile.encode())
        assert caught.value.diagnostic.code == "fleet-invalid"


def test_a_patched_package_is_refused_as_hosts_have_no_patch(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "^1"})
    lock = lock_of(project)
    graph = replace(read_lock(lock, where=""), patches={"a@1.0.0": "0" * 64})
    with pytest.raises(GraftError, match="hosts cannot get") as caught:
        fleet.publish(write_lock(graph))
    assert "is patched" in caught.value.diagnostic.why[0]


def test_where_a_machine_took_packages_from_is_no_part_of_a_release(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "^1"})
    plain = lock_of(project)
    taken = {"path": "/home/somebody/gold", "mode": "link", "matched": "package", "level": "lock"}
    said = f'"from_deps_source":{str(taken).replace(chr(39), chr(34))}'
    lock = plain.decode().replace('"a@1.0.0": {', f'"a@1.0.0": {{{said},')
    assert "/home/somebody" in lock
    release = fleet.publish(lock.encode())
    assert b"/home/somebody" not in release.lock and release.hash == fleet.publish(plain).hash


def test_a_lock_that_is_none_is_refused(fleet: FleetInstaller) -> None:
    with pytest.raises(GraftError) as caught:
        fleet.publish(b"{}")
    assert caught.value.diagnostic.code == "lock-unreadable" and fleet.state.status == ERROR


def test_pins_after_a_published_lock_are_resolved_by_themselves(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    for name in ("a", "b"):
        registry.publish(f"{name}@1.0.0")
        registry.publish(f"{name}@1.1.0")
    registry.publish("top@1.0.0", dependencies={"b": "^1"})
    project.manifest(dependencies={"top": "^1"}, overrides={"b": "1.0.0"})
    assert packages(fleet.publish(lock_of(project))) == ["b@1.0.0", "top@1.0.0"]
    fleet.pin(top="1.0.0")
    assert packages(fleet.install()) == ["b@1.1.0", "top@1.0.0"]


# Back


@pytest.fixture
def two(fleet: FleetInstaller, registry: LocalRegistry) -> tuple[str, str]:
    """Two releases, the second is current."""
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")
    fleet.pin(a="1.0.0")
    first = fleet.install().hash
    fleet.pin(a="2.0.0")
    return first, fleet.install().hash


def test_a_rollback_asks_no_registry_and_one_more_leads_back(
    fleet: FleetInstaller, registry: LocalRegistry, two: tuple[str, str]
) -> None:
    first, second = two
    registry.close()
    would = rollback(fleet.fleet, "scripts", "admin", dry_run=True)
    assert (would.release.hash, fleet.state.hash) == (first, second)
    done = rollback(fleet.fleet, "scripts", "admin")
    assert (done.previous, fleet.state.hash, fleet.state.status) == (second, first, READY)
    assert [(c.before, c.after) for c in done.changes] == [("2.0.0", "1.0.0")]
    assert fleet.state.operation == "rollback"
    rollback(fleet.fleet, "scripts", "admin")
    assert fleet.state.hash == second
    rollback(fleet.fleet, "scripts", "admin", first)
    assert fleet.state.hash == first and len(fleet.history) == 2


def test_a_rollback_to_what_is_not_there_changes_nothing(
    fleet: FleetInstaller, two: tuple[str, str]
) -> None:
    first, second = two
    gone = next(e for e in fleet.current.entries) if fleet.current else None
    assert gone is not None
    with pytest.raises(GraftError) as caught:
        rollback(fleet.fleet, "scripts", "admin", "0" * 64)
    assert caught.value.diagnostic.code == "fleet-not-found"
    (old,) = fleet.stored - {gone.integrity}
    fleet.blobs.delete(parse_integrity(old))
    acts: list[Callable[[], object]] = [
        lambda: rollback(fleet.fleet, "scripts", "admin", first),
        lambda: pin(fleet.fleet, "scripts", first),
    ]
    for act in acts:
        with pytest.raises(GraftError) as caught:
            act()
        assert caught.value.diagnostic.code == "fleet-blob-missing"
        assert "a@1.0.0" in caught.value.diagnostic.why[0]
    assert fleet.state.hash == second


def test_a_first_release_has_none_before_it(fleet: FleetInstaller, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    fleet.install()
    with pytest.raises(GraftError) as caught:
        rollback(fleet.fleet, "scripts", "admin")
    assert caught.value.diagnostic.code == "fleet-not-found"


def test_a_pinned_release_stays_whatever_comes(
    fleet: FleetInstaller, registry: LocalRegistry, two: tuple[str, str]
) -> None:
    first, second = two
    pin(fleet.fleet, "scripts", first)
    for version in ("3.0.0", "4.0.0", "5.0.0"):
        registry.publish(f"a@{version}")
        fleet.pin(a=version)
        fleet.install()
    with fleet.database.transaction() as t:
        assert prune(t, "scripts") == [second]
    unpin(fleet.fleet, "scripts", first)
    with fleet.database.transaction() as t:
        assert prune(t, "scripts") == [first]


# What goes wrong


def test_who_has_lost_the_lock_does_not_move_what_hosts_are_to_have(
    fleet: FleetInstaller, two: tuple[str, str]
) -> None:
    first, second = two
    with hold(fleet.database, "install", "scripts", "a paused one", lambda: 1) as held:
        old = held.epoch
    fleet.install()
    with pytest.raises(GraftError) as caught, fleet.database.transaction() as t:
        make_current(t, "scripts", first, old, 1)
    assert caught.value.diagnostic.code == "fleet-lost" and fleet.state.hash == second


def test_an_internal_error_is_recorded_without_its_text(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")

    def spoiled(*_: object) -> None:
        raise RuntimeError("a text with a secret in it")

    fleet.blobs.put = spoiled  # type: ignore[assignment,method-assign]
    with pytest.raises(RuntimeError):
        fleet.install()
    assert fleet.state.status == ERROR and fleet.state.error == "internal-error: RuntimeError"


def test_platforms_are_of_locks_as_of_pins(
    fleet: FleetInstaller, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("mac@1.0.0", os=["darwin"])
    registry.publish("a@1.0.0", optional={"mac": "1.0.0"})
    project.manifest(dependencies={"a": "^1"})
    lock = lock_of(project)
    assert packages(fleet.publish(lock)) == ["a@1.0.0", "mac@1.0.0"]
    fleet.settings(platforms=(LINUX,))
    assert packages(publish(fleet.installer, "scripts", lock, "admin").release) == ["a@1.0.0"]
    assert fleet.state.status != INSTALLING


# Sources of every kind


def test_a_commit_below_a_pin_is_an_archive_as_any(
    fleet: FleetInstaller,
    registry: LocalRegistry,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(machine.home))
    tool = Repository(machine, "tool")
    tool.known_as("https://git.example.com/team/tool.git")
    commit = tool.commit("from git")
    url = f"git+https://git.example.com/team/tool.git#{commit}"
    registry.publish("a@1.0.0", dependencies={"tool": url})
    fleet.pin(a="1.0.0")
    release = fleet.install()
    assert packages(release) == ["a@1.0.0", "tool@1.0.0"]
    body = fleet.blobs.get(parse_integrity(release.entries[1].integrity))
    assert body is not None and b"from git" in body
    # A second server packs the same bytes of it.
    fleet.blobs.delete(parse_integrity(release.entries[1].integrity))
    assert fleet.install() == release


def hosted_index(machine: Machine, project: Project) -> Repository:
    """acme:box in a git-hosted index, with one archive for each of two systems within it."""
    index = Repository(machine, "acme")
    shelf = IndexShelf(index.path, "acme")
    tables = []
    for system in ("linux", "darwin"):
        data = pack_files({"package.json": '{"name": "@acme/box"}', "system": system})
        shelf.write(f"archives/box-{system}.tgz", data)
        digest = hashlib.sha256(data).hexdigest()
        tables.append(
            f'[[versions."1.0.0".archives]]\nurl = "archives/box-{system}.tgz"\n'
            f'sha256 = "{digest}"\nos = ["{system}"]'
        )
    shelf.offer("acme:box", "1.0.0", tables="\n".join(tables))
    index.commit()
    index.known_as("https://git.example.com/acme.git")
    project.write("graft.toml", '[dependencies.acme]\nbox = "1.0.0"\n[indices]\n')
    return index


def test_a_package_of_an_index_has_one_archive_for_each_platform(
    fleet: FleetInstaller, machine: Machine, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(machine.home))
    hosted_index(machine, project)
    at = project.read("graft.toml") + 'acme = { url = "https://git.example.com/acme.git" }\n'
    project.write("graft.toml", at)
    lock = lock_of(project)
    release = fleet.publish(lock)
    assert packages(release) == ["@acme/box@1.0.0"] * 2 and len(fleet.stored) == 2
    assert {entry.platforms.os for entry in release.entries} == {("linux",), ("darwin",)}
    fleet.settings(platforms=(LINUX,))
    (entry,) = fleet.publish(lock).entries
    assert entry.platforms.os == ("linux",)
    stored = {e.integrity for e in release.entries}
    for platform in (LINUX, MAC):
        node = for_platform(graph_of(release), platform).nodes
        (manifest,) = [each.manifest for each in node.values()]
        assert str(parse_integrity(manifest.integrity)) in stored


def test_a_package_in_an_index_on_the_machine_is_refused(
    fleet: FleetInstaller, machine: Machine, project: Project
) -> None:
    index = hosted_index(machine, project)
    project.write(
        "graft.toml", project.read("graft.toml") + f'acme = {{ path = "{index.path}" }}\n'
    )
    with pytest.raises(GraftError) as caught:
        fleet.publish(lock_of(project))
    assert "an index that is on this machine" in caught.value.diagnostic.why[0]
