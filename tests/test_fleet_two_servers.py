"""Two servers of one fleet: a state in PostgreSQL, and archives where both reach them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from graft.base.http import HttpSettings
from graft.fleet.listening import listen
from harness.fleet_postgres import Postgres
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.registry import LocalRegistry


@pytest.fixture
def servers(machine: Machine, postgres: Postgres) -> Iterator[tuple[FleetServer, FleetServer]]:
    flags = ("--state", postgres.url(), "--blobs", str(machine.root / "blobs"))
    with FleetServer(machine, *flags) as one, FleetServer(machine, *flags) as other:
        yield one, other


def test_one_installs_and_the_other_serves_hears_and_waits_for_its_turn(
    servers: tuple[FleetServer, FleetServer], registry: LocalRegistry
) -> None:
    one, other = servers
    registry.publish("a@1.0.0")
    registry.publish("slow@1.0.0")
    one.graft("set", "create", "scripts")
    one.graft("add", "scripts", "a@1.0.0")
    token = one.token()
    heard = listen(other.url, token, HttpSettings(), stop=lambda: False)
    next(heard)
    hash = one.graft("install", "scripts", "--json").json["state"]["hash"]
    event = next(each for each in heard if each.kind)
    assert (event.set, event.data["hash"]) == ("scripts", hash)
    heard.close()
    for server in servers:
        release = server.client().release("scripts", hash)
        assert [entry.name for entry in release.entries] == ["a"]

    registry.fault("/slow", delay=20)
    other.graft("add", "scripts", "slow@1.0.0")
    other.graft("install", "scripts", "--no-wait")
    refused = one.graft("install", "scripts", "--json", check=False).json["error"]
    assert refused["code"] == "fleet-busy"
    assert "install of scripts" in refused["message"]
    assert str(other.process.pid) in str(refused["why"])

    # The lock goes with its holder, and whoever has it next clears what that one left.
    other.kill()
    until = time.monotonic() + 20
    while one.graft("install", "scripts", "--json", check=False).code:
        assert time.monotonic() < until
        time.sleep(0.2)
    state = one.graft("state", "scripts", "--json").json
    assert state["status"] == "ready" and state["hash"] != hash
    other.start()
