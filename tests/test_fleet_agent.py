"""Agents that go on by themselves, and hosts that serve others, over HTTP."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, Timer

import pytest

from graft.base.diagnostics import CODES, GraftError
from graft.base.http import HttpSettings
from graft.base.records import replace
from graft.base.retry import RetryPolicy
from graft.fleet.client import Offer
from graft.fleet.host.agent import Agent
from graft.fleet.host.reconcile import Host, Reconciled, reconcile
from graft.fleet.host.relay import Relay
from graft.fleet.host.remote import Remote
from graft.fleet.host.switch import current_hash
from graft.model.integrity import Integrity
from harness.command import GRAFT
from harness.fleet_upstream import HOUR, LINUX, Clock, Shelf, host_at
from harness.machine import Machine

SETTINGS = HttpSettings(retry=RetryPolicy(retries=0))


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    for version in ("1.0.0", "2.0.0"):
        shelf.publish(f"a@{version}", dependencies={"b": "1.0.0"})
    shelf.publish("b@1.0.0")
    shelf.publish("for-mac@1.0.0", os=["darwin"])
    shelf.publish("tool@1.0.0", optional={"for-mac": "1.0.0"})
    return shelf


@pytest.fixture
def site(tmp_path: Path, shelf: Shelf) -> Iterator[tuple[Host, Relay]]:
    host = replace(host_at(tmp_path / "site", shelf), keeps=True)
    relay = Relay(host, ["apps"], ("127.0.0.1", 0))
    yield host, relay
    relay.close()


def url(relay: Relay) -> str:
    return "http://{}:{}".format(*relay.address)


def behind(folder: Path, relay: Relay, token: str = "secret") -> Host:
    return replace(host_at(folder, Shelf()), upstream=Remote(url(relay), token, SETTINGS))


def test_a_site_pulls_each_archive_once(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    host, relay = site
    release = shelf.want(a="a@1.0.0", tool="tool@1.0.0")
    inner = [behind(tmp_path / f"inner{number}", relay) for number in range(3)]
    # Also while nothing is there yet: who asks first has it pulled, the others wait for that.
    done: list[Reconciled] = []
    threads = [
        Thread(target=lambda each=each: done.append(reconcile(each, "apps"))) for each in inner
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.error for each in done] == [None] * 3
    assert [each.report.hash for each in done] == [release.hash] * 3
    assert reconcile(host, "apps").report.pulled_blobs == 0
    asked = [integrity for integrity, _, _ in shelf.parts]
    assert len(asked) == len(set(asked)) == 3
    # What only another platform needs comes when somebody asks for it.
    mac = replace(behind(tmp_path / "mac", relay), platform=replace(LINUX, os="darwin"))
    assert reconcile(mac, "apps").error is None
    assert len(shelf.parts) == 4
    for each in (*inner, mac):
        assert isinstance(each.upstream, Remote)
        each.upstream.close()


def test_hosts_behind_another_go_on_where_the_server_is_gone(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    host, relay = site
    release = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    first = behind(tmp_path / "first", relay)
    assert reconcile(first, "apps").error is None
    shelf.gone = True
    assert reconcile(behind(tmp_path / "late", relay), "apps").report.hash == release.hash
    # But nobody whose token the server has not vouched for.
    stranger = reconcile(behind(tmp_path / "stranger", relay, "other"), "apps")
    assert stranger.error and stranger.error.diagnostic.code == "fleet-unreachable"


def test_a_relay_serves_only_those_whom_the_server_knows(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    _, relay = site
    shelf.want(a="a@1.0.0")
    for token in ("", "wrong"):
        done = reconcile(behind(tmp_path / f"with-{token}", relay, token), "apps")
        assert done.error and done.error.diagnostic.code == "fleet-unauthorized"
    good = Remote(url(relay), "secret", SETTINGS)
    with pytest.raises(GraftError) as caught:
        good.desired("others")
    assert caught.value.diagnostic.code == "fleet-not-found"
    with pytest.raises(GraftError) as caught:
        good.release("apps", "%2e%2e")
    assert caught.value.diagnostic.code == "fleet-not-found"
    with pytest.raises(GraftError) as caught:
        good.part(Offer(integrity=Integrity("sha512", b"x" * 64), size=5), 0, 5)
    assert caught.value.diagnostic.code == "fleet-blob-missing"
    good.close()


def test_reports_of_hosts_behind_are_handed_on_with_their_own_token(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    _, relay = site
    shelf.want(a="a@1.0.0")
    asked: list[str] = []
    shelf.asked = asked.append
    inner = behind(tmp_path / "inner", relay)
    inner.upstream.report(reconcile(inner, "apps").report)
    assert [(each.host, each.set, each.status) for each in shelf.reports] == [
        ("inner", "apps", "ready")
    ]
    assert "report secret" in asked


def test_a_part_of_an_archive_is_served(shelf: Shelf, site: tuple[Host, Relay]) -> None:
    _, relay = site
    release = shelf.want(b="b@1.0.0")
    remote = Remote(url(relay), "secret", SETTINGS)
    (offer,) = remote.missing("apps", release.hash, LINUX, ())
    data = shelf.archives[offer.integrity]
    assert remote.part(offer, 10, 50) == data[10:50]
    assert remote.part(offer, 0, offer.size) == data
    remote.close()


def test_a_host_that_dies_while_it_is_answered_is_no_news(
    site: tuple[Host, Relay], capfd: pytest.CaptureFixture[str]
) -> None:
    _, relay = site
    gone = socket.create_connection(relay.address)
    gone.sendall(b"GET /v1/sets")
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end = time.monotonic() + 20
    while not (answering := [t for t in threading.enumerate() if "process_request" in t.name]):
        assert time.monotonic() < end
        time.sleep(0.01)
    gone.close()
    for thread in answering:
        thread.join(20)
    assert capfd.readouterr().err == ""


def agent_of(host: Host, **more: object) -> tuple[Agent, list[Reconciled]]:
    told: list[Reconciled] = []
    return Agent(host, ["apps"], jitter=lambda: 0.5, told=told.append, **more), told  # type: ignore[arg-type]


def test_an_announcement_hurries_an_agent(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    """Its own period is an hour here."""
    host, relay = site
    inner = behind(tmp_path / "inner", relay)
    outer_agent, _ = agent_of(host, period=3600.0)
    agent, told = agent_of(inner, period=3600.0)
    outer_agent._told = lambda done: relay.ring("apps") if done.flipped else None
    threads = [Thread(target=each.run) for each in (outer_agent, agent)]
    for thread in threads:
        thread.start()
    try:
        at = inner.root.set("apps")
        for version in ("1.0.0", "2.0.0"):
            time.sleep(0.3)
            release = shelf.want(a=f"a@{version}")
            end = time.monotonic() + 20
            while current_hash(at) != release.hash and time.monotonic() < end:
                time.sleep(0.02)
            assert current_hash(at) == release.hash
    finally:
        for each in (outer_agent, agent):
            each.stop()
        for thread in threads:
            thread.join()
    assert all(done.error is None for done in told)


def test_an_agent_converges_without_any_announcement(tmp_path: Path, shelf: Shelf) -> None:
    """A5: a lost announcement, and a failure, waited for the next install or restart."""
    host = host_at(tmp_path, shelf)

    def silent(*_: object) -> Iterator[str]:
        raise GraftError("fleet-unreachable", "no events")

    shelf.events = silent  # type: ignore[method-assign, assignment]
    shelf.gone = True
    agent, told = agent_of(host, period=0.05)
    thread = Thread(target=agent.run)
    thread.start()
    while not told:
        time.sleep(0.01)
    release = shelf.want(a="a@1.0.0")
    shelf.gone = False
    end = time.monotonic() + 20
    while current_hash(host.root.set("apps")) != release.hash and time.monotonic() < end:
        time.sleep(0.02)
    agent.stop()
    thread.join()
    assert told[0].error is not None and told[-1].report.hash == release.hash


def test_after_failures_an_agent_asks_less_and_less_often(tmp_path: Path, shelf: Shelf) -> None:
    shelf.gone = True
    agent, told = agent_of(host_at(tmp_path, shelf))
    pauses = []
    for _ in range(12):
        agent.once()
        pauses.append(agent.pause("apps"))
    assert pauses[:4] == [0.75, 1.5, 3.0, 6.0] and pauses[-1] == 225.0
    assert all(done.report.status == "error" for done in told)
    shelf.gone = False
    agent.once()
    assert agent.pause("apps") == 60.0


def test_an_agent_reports_what_is_new_and_now_and_then(tmp_path: Path, shelf: Shelf) -> None:
    clock = Clock()
    agent, _ = agent_of(host_at(tmp_path, shelf, clock), named=lambda: "as-the-token-says")
    first = shelf.want(a="a@1.0.0")
    for _ in range(3):
        agent.once()
    second = shelf.want(a="a@2.0.0")
    agent.once()
    clock.ms += HOUR
    agent.once()
    said = [(each.host, each.hash, each.pulled_blobs) for each in shelf.reports]
    name = "as-the-token-says"
    assert said == [(name, first.hash, 2), (name, second.hash, 1), (name, second.hash, 0)]


def test_what_was_told_while_nobody_listened_is_made_good(tmp_path: Path, shelf: Shelf) -> None:
    """An agent that hears again asks at once, though its next look is an hour away."""
    host = host_at(tmp_path, shelf)
    agent, told = agent_of(host, period=3600.0)
    turns = 0

    def broken(*_: object) -> Iterator[str]:
        nonlocal turns
        turns += 1
        yield ""
        while not told:
            time.sleep(0.01)
        if turns == 1:
            shelf.want(a="a@1.0.0")
            raise GraftError("fleet-unreachable", "the connection broke")
        while not agent._stopped:
            time.sleep(0.02)

    shelf.events = broken  # type: ignore[method-assign, assignment]
    thread = Thread(target=agent.run)
    thread.start()
    end = time.monotonic() + 20
    while not current_hash(host.root.set("apps")) and time.monotonic() < end:
        time.sleep(0.02)
    agent.stop()
    thread.join()
    assert turns == 2 and told[-1].flipped


# By the command line


def test_the_command_that_goes_on_writes_a_line_of_json_for_each_look(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    _, relay = site
    first = shelf.want(a="a@1.0.0")
    machine = Machine(tmp_path / "machine")
    flags = ("--server", url(relay), "--set", "apps", "--period", "1s", "--json")
    # As for 'fleet run', the root is relative to --dir.
    agent = subprocess.Popen(
        [*GRAFT, "fleet", "agent", "-C", str(tmp_path), "--root", "root", *flags],
        cwd=machine.root,
        env=machine.environment({"GRAFT_FLEET_TOKEN": "secret", "GRAFT_HOME": None}),
        stdout=subprocess.PIPE,
        text=True,
    )
    ends = Timer(30, agent.kill)
    ends.start()
    try:
        assert agent.stdout is not None
        said = json.loads(agent.stdout.readline())
        assert (said["set"], said["hash"], said["flipped"]) == ("apps", first.hash, True)
        assert (tmp_path / "root/sets/apps/current").is_symlink()
        second = shelf.want(a="a@2.0.0")
        until = time.monotonic() + 20
        while said["hash"] != second.hash and time.monotonic() < until:
            said = json.loads(agent.stdout.readline())
        assert said["flipped"] and said["error"] is None and said["at"] > 0
        agent.terminate()
        rest = agent.communicate(timeout=20)[0]
        assert agent.returncode == 0 and all(map(json.loads, rest.splitlines()))
    finally:
        ends.cancel()
        agent.kill()
        agent.wait()


def test_the_command_brings_a_host_to_its_release(
    tmp_path: Path, shelf: Shelf, site: tuple[Host, Relay]
) -> None:
    _, relay = site
    release = shelf.want(a="a@1.0.0")
    project = Machine(tmp_path / "machine").project("anything")
    root = tmp_path / "root"
    flags = ("--server", url(relay), "--root", str(root), "--set", "apps", "--once")
    env = {"GRAFT_FLEET_TOKEN": "secret", "GRAFT_HOME": None}
    done = project.graft("fleet", "agent", *flags, "--json", env=env)
    (said,) = done.json["sets"]
    assert (said["hash"], said["status"], said["pulledBlobs"]) == (release.hash, "ready", 2)
    assert os.readlink(root / "sets/apps/current") == f"trees/{release.hash}"
    assert (root / "home/store/v1/objects").is_dir()
    # What a token of the role 'host' speaks for is the host's name.
    assert [each.host for each in shelf.reports] == ["host-of-secret"] == [said["host"]]
    assert "secret" not in (root / "sets/apps/host.json").read_text()
    again = project.graft("fleet", "agent", *flags, "--verify", env=env)
    assert again.stdout == "" and f"apps has {release.hash[:12]}" in again.stderr
    wrong = project.graft(
        "fleet", "agent", *flags, env={**env, "GRAFT_FLEET_TOKEN": "x"}, check=False
    )
    assert wrong.code == 111 and "fleet-unauthorized" in wrong.stderr
    shown = json.loads((root / "sets/apps/host.json").read_text())
    assert (shown["desired"], shown["hash"]) == (release.hash, release.hash)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "--set"),
        (("--set", "apps"), "GRAFT_FLEET_SERVER"),
        (("--set", "../x", "--server", "http://127.0.0.1:9"), "no name of a package set"),
        (("--set", "apps", "--server", "ftp://x"), "not the URL"),
        (("--set", "apps", "--server", "http://127.0.0.1:9", "--serve", "8080"), "not an address"),
        (("--set", "apps", "--server", "http://127.0.0.1:9", "--max-rate", "fast"), "no amount"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    project = Machine(tmp_path).project("anything")
    done = project.graft("fleet", "agent", "--once", *flags, check=False)
    assert done.code in (2, CODES["fleet-invalid"]) and said in done.stderr
