"""From what a package set pins to a published release."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.records import ERROR, IDLE, INSTALLING, READY
from graft.fleet.release import EMPTY_HASH
from graft.fleet.state.blob_index import find
from graft.fleet.state.events import since
from graft.fleet.state.operations import hold
from graft.fleet.state.releases import begin_attempt
from graft.model.integrity import parse_integrity
from graft.resolve.prune import for_platform
from graft.workflows.fleet_install import install
from harness.fleet_installer import (
    LINUX,
    MAC,
    MUSL,
    FleetInstaller,
    graph_of,
    packages,
    top_level,
)
from harness.machine import Machine
from harness.registry import LocalRegistry


@pytest.fixture
def fleet(machine: Machine) -> Iterator[FleetInstaller]:
    with FleetInstaller(machine) as fleet:
        yield fleet


def publish_native(registry: LocalRegistry) -> None:
    """``native``: one optional package a platform, as those with a compiler behind them do."""
    registry.publish("@native/linux@1.0.0", os=["linux"], cpu=["x64"], libc=["glibc"])
    registry.publish("@native/musl@1.0.0", os=["linux"], cpu=["x64"], libc=["musl"])
    registry.publish("@native/mac@1.0.0", os=["darwin"], cpu=["arm64"])
    registry.publish("@native/windows@1.0.0", os=["win32"], cpu=["x64"])
    optional = {f"@native/{name}": "1.0.0" for name in ("linux", "musl", "mac", "windows")}
    registry.publish("native@1.0.0", optional=optional)


def test_every_archive_of_a_release_is_there_and_indexed_before_it_is_current(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    b = registry.publish("b@1.2.0")
    fleet.pin(a="1.0.0")
    outcome = install(fleet.installer, "scripts", "admin")
    release = outcome.release
    assert fleet.state.status == READY and fleet.state.hash == release.hash
    assert packages(release) == ["a@1.0.0", "b@1.2.0"] and top_level(release) == {"a": "a@1.0.0"}
    assert fleet.stored == {entry.integrity for entry in release.entries}
    of_b = release.entries[1]
    assert of_b.size == len(b.archive) == fleet.blobs.size(parse_integrity(of_b.integrity))
    assert of_b.unpacked > 0
    with fleet.database.reading() as t:
        rows = find(t, [entry.integrity for entry in release.entries])
        events = since(t, 0)
    assert rows[of_b.integrity].unpacked == of_b.unpacked
    assert (outcome.put, outcome.put_bytes) == (2, release.size)
    assert [(e.kind, e.data["hash"]) for e in events] == [("release", release.hash)]
    assert [past.by for past in fleet.history] == ["admin"]


def test_a2_two_versions_of_a_package_are_both_there_and_neither_is_at_top_level(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"deep@{version}")
    registry.publish("a@1.0.0", dependencies={"deep": "^1"})
    registry.publish("b@1.0.0", dependencies={"deep": "^2"})
    fleet.pin(a="1.0.0", b="1.0.0")
    release = fleet.install()
    assert packages(release) == ["a@1.0.0", "b@1.0.0", "deep@1.0.0", "deep@2.0.0"]
    assert top_level(release) == {"a": "a@1.0.0", "b": "b@1.0.0"}
    graph = graph_of(release)
    assert {graph.nodes[id].edges["deep"] for id in ("a@1.0.0", "b@1.0.0")} == {
        "deep@1.0.0",
        "deep@2.0.0",
    }


def test_a2_an_alias_and_the_package_itself_are_one_archive(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")
    fleet.pin(a="2.0.0", same="npm:a@2.0.0", old="npm:a@1.0.0")
    release = fleet.install()
    assert top_level(release) == {"a": "a@2.0.0", "same": "a@2.0.0", "old": "a@1.0.0"}
    assert packages(release) == ["a@1.0.0", "a@2.0.0"]


def test_a2_tarballs_and_their_like_below_a_pin_are_archives_as_any(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    with LocalRegistry() as other:
        plain = other.publish("plain@3.0.0")
        url = other.serve("/files/plain.tgz", plain.archive)
        registry.publish("a@1.0.0", dependencies={"plain": url})
        fleet.pin(a="1.0.0")
        release = fleet.install()
        assert packages(release) == ["a@1.0.0", "plain@3.0.0"]
        entry = release.entries[1]
        assert fleet.blobs.get(parse_integrity(entry.integrity)) == plain.archive


def test_a3_every_platform_asked_for_has_its_optional_packages_and_no_other_has(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    publish_native(registry)
    fleet.pin(native="1.0.0")
    fleet.settings(platforms=(LINUX, MAC))
    release = fleet.install()
    assert packages(release) == ["@native/linux@1.0.0", "@native/mac@1.0.0", "native@1.0.0"]
    assert fleet.current is not None and fleet.current.platforms == (MAC, LINUX)
    limits = {entry.name: entry.platforms for entry in release.entries}
    assert limits["@native/mac"].admit(MAC) and not limits["@native/mac"].admit(LINUX)
    for platform, name in ((LINUX, "linux"), (MAC, "mac")):
        here = for_platform(graph_of(release), platform)
        assert sorted(here.package_ids) == [f"@native/{name}@1.0.0", "native@1.0.0"]


def test_a3_a_platform_that_is_added_later_gets_its_packages_too(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    publish_native(registry)
    fleet.pin(native="1.0.0")
    fleet.settings(platforms=(LINUX,))
    first = fleet.install()
    fleet.settings(platforms=(LINUX, MUSL))
    registry.clear_log()
    second = fleet.install()
    assert packages(second) == ["@native/linux@1.0.0", "@native/musl@1.0.0", "native@1.0.0"]
    assert second.hash != first.hash
    assert [r.path for r in registry.tarball_requests] == ["/@native/musl/-/musl-1.0.0.tgz"]
    fleet.settings()
    assert len(fleet.install().entries) == 5


def test_a_pin_that_does_not_run_on_one_of_the_platforms_is_refused(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("mac-only@1.0.0", os=["darwin"])
    fleet.pin(**{"mac-only": "1.0.0"})
    fleet.settings(platforms=(MAC, LINUX))
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "platform-unsupported"
    assert fleet.state.status == ERROR and "platform-unsupported" in fleet.state.error


def test_an_empty_allowlist_is_a_release_of_nothing_without_scratch_and_network(
    fleet: FleetInstaller, registry: LocalRegistry, machine: Machine
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    fleet.enable("a", False)
    release = fleet.install()
    assert release.hash == EMPTY_HASH == fleet.state.hash
    assert release.entries == () and top_level(release) == {}
    assert registry.requests == [] and not machine.graft_home.exists()


def test_what_is_disabled_is_left_out(fleet: FleetInstaller, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    fleet.pin(a="1.0.0", b="1.0.0")
    fleet.enable("b", False)
    assert top_level(fleet.install()) == {"a": "a@1.0.0"}
    fleet.enable("b", True)
    assert top_level(fleet.install()) == {"a": "a@1.0.0", "b": "b@1.0.0"}


def test_the_same_set_again_is_the_same_release_and_no_news(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0")
    fleet.pin(a="1.0.0")
    first = install(fleet.installer, "scripts", "admin")
    registry.publish("b@1.1.0")
    registry.clear_log()
    second = install(fleet.installer, "scripts", "somebody")
    assert second.release == first.release and (second.put, second.changes) == (0, ())
    assert registry.tarball_requests == []
    assert len(fleet.history) == 1 and fleet.history[0].by == "admin"
    assert fleet.state.changed_at == first.state.changed_at
    with fleet.database.reading() as t:
        assert len(since(t, 0)) == 1
    # Only who asks for it gets what is newer below the pins.
    third = install(fleet.installer, "scripts", "admin", update=True)
    assert packages(third.release) == ["a@1.0.0", "b@1.1.0"]
    assert [(c.name, c.before, c.after) for c in third.changes] == [("b", "1.0.0", "1.1.0")]
    assert third.put == 1


def test_a_release_is_another_where_another_of_its_packages_may_be_imported(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0")
    fleet.pin(a="1.0.0")
    first = fleet.install()
    fleet.pin(b="1.0.0")
    second = fleet.install()
    assert first.entries == second.entries and first.hash != second.hash


def test_peers_that_are_added_are_not_at_top_level(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("peer@1.0.0")
    registry.publish("a@1.0.0", peers={"peer": "^1"})
    fleet.pin(a="1.0.0")
    release = fleet.install()
    assert packages(release) == ["a@1.0.0", "peer@1.0.0"]
    assert top_level(release) == {"a": "a@1.0.0(peer@1.0.0)".partition("(")[0]}


def test_a_peer_that_does_not_fit_is_said(fleet: FleetInstaller, registry: LocalRegistry) -> None:
    registry.publish("peer@1.0.0")
    registry.publish("peer@2.0.0")
    registry.publish("a@1.0.0", peers={"peer": "^2"})
    fleet.pin(a="1.0.0", peer="1.0.0")
    (note,) = install(fleet.installer, "scripts", "admin").notes
    assert note.code == "peer-mismatch" and fleet.state.status == READY


def test_a_failed_install_leaves_the_release_before_it_and_says_why(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    before = fleet.install()
    registry.publish("b@1.0.0", integrity="sha512-" + "A" * 86 + "==")
    fleet.pin(b="1.0.0")
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "integrity-mismatch"
    state = fleet.state
    assert (state.status, state.hash) == (ERROR, before.hash)
    assert state.error.startswith("integrity-mismatch: ") and len(fleet.history) == 1
    assert fleet.stored == {entry.integrity for entry in before.entries}
    fleet.unpin("b")
    assert fleet.install().hash == before.hash and fleet.state.status == READY


def test_an_archive_that_cannot_be_unpacked_is_never_published(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", archive=b"no archive at all")
    fleet.pin(a="1.0.0")
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "archive-refused"
    assert fleet.stored == set() and fleet.state.hash == ""


def test_an_unreachable_registry_leaves_nothing_behind(
    fleet: FleetInstaller, registry: LocalRegistry, machine: Machine
) -> None:
    fleet.pin(a="1.0.0")
    fleet.tokens = {registry.host: "of-the-registry"}
    fleet.settings(registry=registry.url)
    registry.close()
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "registry-unreachable"
    assert fleet.state.error.startswith("registry-unreachable: ")
    assert not machine.cache.joinpath("fleet").exists()
    assert list(machine.root.rglob(".npmrc")) == [machine.npmrc]


def test_what_dies_in_an_install_leaves_no_installing_behind(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    before = fleet.install()
    with (
        hold(fleet.database, "install", "scripts", "who dies", lambda: 1) as held,
        fleet.database.transaction() as t,
    ):
        begin_attempt(t, "scripts", "install", held.epoch, 1)
    assert (fleet.state.status, fleet.state.hash) == (INSTALLING, before.hash)
    assert fleet.install().hash == before.hash and fleet.state.status == READY


def test_two_installs_at_once_one_wins_and_the_other_is_told_who_is_at_work(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    with hold(fleet.database, "install", "scripts", "the other server", lambda: 1):
        before = fleet.state
        with pytest.raises(GraftError) as caught:
            fleet.install()
        assert fleet.state == before and registry.requests == []
        with fleet.database.reading() as t:
            assert since(t, 0) == []
    said = caught.value.diagnostic
    assert said.code == "fleet-busy" and "install of scripts" in said.message
    assert "the other server" in " ".join(said.why)


def test_an_archive_that_the_store_has_lost_is_fetched_again(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    fleet.pin(a="1.0.0", b="1.0.0")
    release = fleet.install()
    fleet.blobs.delete(parse_integrity(release.entries[0].integrity))
    registry.clear_log()
    outcome = install(fleet.installer, "scripts", "admin")
    assert outcome.put == 1 and outcome.release == release
    assert [request.path for request in registry.tarball_requests] == ["/a/-/a-1.0.0.tgz"]
    assert fleet.stored == {entry.integrity for entry in release.entries}


@pytest.mark.parametrize("cap", ["block_bytes", "warn_bytes"])
def test_size_cap_is_of_packed_and_unpacked_bytes_and_equal_is_not_over(
    fleet: FleetInstaller, registry: LocalRegistry, cap: str
) -> None:
    registry.publish("a@1.0.0", files={"zeros": "0" * 100_000})
    fleet.pin(a="1.0.0")
    entry = install(fleet.installer, "scripts", "admin", dry_run=True).release.entries[0]
    assert (entry.size, entry.unpacked) == (-1, -1)
    fleet.settings(block_bytes=100_000)
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "fleet-too-large"
    assert "0.1 MiB unpacked" in " ".join(caught.value.diagnostic.why)
    # Before anything is published, and so that the next one is not held up.
    assert fleet.stored == set() and fleet.state.hash == "" and fleet.state.status == ERROR
    fleet.settings()
    unpacked = fleet.install().unpacked
    assert unpacked > 100_000 > fleet.history[0].size
    fleet.settings(**{cap: unpacked})
    assert install(fleet.installer, "scripts", "admin").notes == ()
    fleet.settings(**{cap: unpacked - 1})
    if cap == "block_bytes":
        with pytest.raises(GraftError):
            fleet.install()
        assert fleet.state.hash == fleet.history[0].hash
    else:
        (note,) = install(fleet.installer, "scripts", "admin").notes
        assert note.code == "fleet-large" and fleet.state.status == READY


def test_what_is_too_large_is_not_fetched_to_its_end(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", files={"zeros": "0" * 100_000})
    registry.publish("slow@1.0.0")
    registry.fault("/slow/-/slow-1.0.0.tgz", delay=2)
    fleet.pin(a="1.0.0", slow="1.0.0")
    fleet.settings(block_bytes=50_000)
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "fleet-too-large"
    assert caught.value.diagnostic.why[0].startswith("the 1 that were looked at come to")


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0")
    fleet.pin(a="1.0.0")
    fleet.install()
    before = fleet.state
    fleet.pin(a="2.0.0")
    would = install(fleet.installer, "scripts", "admin", dry_run=True)
    assert [(c.name, c.before, c.after) for c in would.changes] == [("a", "1.0.0", "2.0.0")]
    assert (would.dry_run, would.put) == (True, 1)
    assert fleet.state == before and len(fleet.stored) == 1
    done = install(fleet.installer, "scripts", "admin")
    assert done.release.hash == would.release.hash and done.changes == would.changes


def test_a_dry_run_says_how_large_it_is_where_the_registry_does(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", unpacked=70_000, dependencies={"b": "1.0.0", "silent": "1.0.0"})
    registry.publish("b@1.0.0", unpacked=40_000)
    registry.publish("silent@1.0.0")
    fleet.pin(a="1.0.0")
    registry.clear_log()
    would = install(fleet.installer, "scripts", "admin", dry_run=True)
    assert (would.put, would.put_unpacked, would.put_unknown) == (3, 110_000, 1)
    assert not registry.tarball_requests
    fleet.settings(warn_bytes=100_000)
    (note,) = install(fleet.installer, "scripts", "admin", dry_run=True).notes
    assert note.code == "fleet-large" and note.why[0].startswith("the 2 that were looked at")
    fleet.settings(block_bytes=100_000)
    with pytest.raises(GraftError) as caught:
        install(fleet.installer, "scripts", "admin", dry_run=True)
    assert caught.value.diagnostic.code == "fleet-too-large"
    assert fleet.state.status == IDLE and fleet.stored == set()
    # An install counts bytes, and no claims.
    done = install(fleet.installer, "scripts", "admin")
    assert done.put_unpacked == done.release.unpacked < 10_000 and done.put_unknown == 0


def test_a_token_goes_to_its_own_host_and_to_no_disk(
    fleet: FleetInstaller, registry: LocalRegistry, machine: Machine
) -> None:
    with LocalRegistry() as scoped:
        scoped.require_token("of-the-scope")
        scoped.publish("@acme/a@1.0.0", dependencies={"b": "^1"})
        registry.publish("b@1.0.0")
        fleet.settings(scopes={"@acme": scoped.url})
        fleet.pin_as("@acme/a", "1.0.0")
        with pytest.raises(GraftError) as caught:
            fleet.install()
        assert caught.value.diagnostic.code == "registry-refused"
        fleet.tokens = {scoped.host: "of-the-scope", "elsewhere.example.com": "of-elsewhere"}
        assert packages(fleet.install()) == ["@acme/a@1.0.0", "b@1.0.0"]
        assert {request.authorization for request in registry.requests} <= {"", None}
        sent = {request.authorization for request in scoped.requests} - {"", None}
        assert sent == {"Bearer of-the-scope"}
    for path in machine.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"of-the-scope" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "settings",
    [
        {"registry": "https://registry.example.com/\nalways-auth=true"},
        {"registry": "https://user:secret@registry.example.com/"},
        {"registry": "file:///srv/registry"},
        {"scopes": {"@acme\n": "https://registry.example.com/"}},
        {"scopes": {"acme": "https://registry.example.com/"}},
        {"scopes": {"@acme": "https://registry.example.com/?a=b"}},
        {"scopes": {"@acme": ""}},
        {"block_bytes": 0},
    ],
)
def test_a_registry_with_a_line_end_or_credentials_is_refused(
    fleet: FleetInstaller, registry: LocalRegistry, settings: dict[str, object]
) -> None:
    registry.publish("a@1.0.0")
    fleet.pin(a="1.0.0")
    fleet.settings(**settings)
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "fleet-invalid"
    assert "secret" not in str(caught.value.diagnostic) and "secret" not in fleet.state.error
    assert registry.requests == []


@pytest.mark.parametrize(
    ("local", "specifier"),
    [
        ("a", "^1.0.0"),
        ("a", "latest"),
        ("a", ""),
        ("a", "file:../a"),
        ("a", "git+https://example.com/a.git"),
        ("a", "npm:b"),
        ("a", "npm:b@^1"),
        ("../a", "1.0.0"),
        ("a", "1.0.0/../.."),
        ("node_modules", "1.0.0"),
    ],
)
def test_a_pin_is_one_version_of_one_package(
    fleet: FleetInstaller, registry: LocalRegistry, local: str, specifier: str
) -> None:
    fleet.pin_as(local, specifier)
    with pytest.raises(GraftError) as caught:
        fleet.install()
    assert caught.value.diagnostic.code == "fleet-invalid" and registry.requests == []


def test_of_two_installs_one_is_told_of_the_other(
    machine: Machine, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.fault("/a", delay=1)
    with FleetInstaller(machine) as one, FleetInstaller(machine) as other:
        one.pin(a="1.0.0")
        first = Thread(target=one.install)
        first.start()
        registry.wait_for("/a")
        with pytest.raises(GraftError) as caught:
            other.install()
        assert caught.value.diagnostic.code == "fleet-busy"
        assert "install of scripts" in caught.value.diagnostic.message
        first.join()
        assert other.state.status == READY == one.state.status
        assert len(other.history) == 1
