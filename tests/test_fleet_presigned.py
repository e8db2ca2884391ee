"""A fleet whose archives lie in an object store, and whose hosts fetch them there themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.client import FleetClient, Offer
from graft.fleet.host.root import HostRoot
from graft.model.platform import Platform
from harness.fleet_postgres import Postgres
from harness.fleet_s3 import S3Server
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.recording import Recorder
from harness.registry import LocalRegistry

BIG = {"data.bin": os.urandom(300_000)}


@pytest.fixture
def road(s3: S3Server) -> Iterator[Recorder]:
    """The way to the object store, for the server and for its hosts."""
    with Recorder(s3.endpoint) as recorder:
        yield recorder


@pytest.fixture
def server(
    machine: Machine, postgres: Postgres, s3: S3Server, road: Recorder
) -> Iterator[FleetServer]:
    bucket = f"presigned-{machine.root.name}".lower().replace("_", "-")[:60].strip("-")
    s3.bucket(bucket)
    location = s3.location(bucket).replace(s3.endpoint, road.url)
    flags = ["--state", postgres.url(), "--presigned", "--blobs", location]
    flags += ["--blobs", str(machine.root / "copies")]
    with FleetServer(machine, *flags, env=s3.environment()) as server:
        yield server


def agent(server: FleetServer, name: str) -> dict[str, Any]:
    """A look of the host, whose secret is a host's."""
    root = server.machine.root / name
    env = {"GRAFT_FLEET_TOKEN": server.token("host", name), "GRAFT_HOME": ""}
    words = ("--set", "scripts", "--once", "--json", "--root", str(root))
    result = server.machine.run(
        [*server.graft_command, "agent", "--server", server.url, *words], env=env, check=False
    )
    said: dict[str, Any] = result.json["sets"][0]
    return said


def root_of(server: FleetServer, name: str) -> HostRoot:
    return HostRoot(str(server.machine.root / name))


def offers(client: FleetClient, hash: str) -> list[Offer]:
    return list(client.missing("scripts", hash, Platform(os="linux", cpu="x64"), []))


def taken(client: FleetClient, offer: Offer, start: int, end: int) -> bytes:
    return client.taken(client.part(offer, start, end), start, end)


def test_hosts_fetch_from_the_object_store_and_show_it_no_token(
    server: FleetServer, registry: LocalRegistry, s3: S3Server, road: Recorder
) -> None:
    registry.publish("big@1.0.0", files=BIG, dependencies={"small": "1.0.0"})
    registry.publish("small@1.0.0")
    server.graft("set", "create", "scripts")
    server.graft("add", "scripts", "big@1.0.0")
    done = server.graft("install", "scripts", "--json").json
    hash = done["state"]["hash"]
    assert done["report"]["put"] == 2

    road.forget()
    said = agent(server, "one")
    assert (said["status"], said["hash"], said["pulledBlobs"]) == ("ready", hash, 2)
    assert road.heard.count("X-Amz-Signature=") == 2
    assert "Bearer" not in road.heard and server.token("host", "one") not in road.heard

    # A pull that was cut goes on: the rest comes with the status 200, and is not the whole.
    client = server.client()
    big = max(offers(client, hash), key=lambda offer: offer.size)
    assert big.url.startswith(road.url)
    whole = taken(client, big, 0, big.size)
    assert big.integrity.matches(whole)
    assert taken(client, big, 1000, 2000) == whole[1000:2000]
    root = root_of(server, "two")
    Path(root.blobs).mkdir(parents=True)
    Path(root.part(big.integrity)).write_bytes(whole[:100_000])
    said = agent(server, "two")
    assert said["error"] is None and said["hash"] == hash
    sizes = sum(offer.size for offer in offers(client, hash))
    assert said["pulledBytes"] == sizes - 100_000

    # Who names no address is led to one: with the range, without the token.
    road.forget()
    plain = replace(big, url="")
    assert taken(client, plain, 1000, 2000) == whole[1000:2000]
    assert "X-Amz-Signature=" in road.heard and "Bearer" not in road.heard

    # An address that has expired is refused, and the server gives the archive itself.
    road.forget()
    expired = replace(big, url=big.url.replace("X-Amz-Date=20", "X-Amz-Date=19"))
    with pytest.raises(GraftError) as refused:
        taken(client, expired, 0, big.size)
    assert refused.value.diagnostic.code == "fleet-unreachable"
    assert "X-Amz" not in str(refused.value)
    assert taken(client, replace(big, itself=True), 0, big.size) == whole

    # Other bytes there are not used: the server, which compares, finds the copy that is whole.
    copies = FolderBlobs("folder", str(server.machine.root / "copies"))
    copies.put(big.integrity, whole)
    (damaged,) = s3.root.glob(f"*/blobs/{big.integrity.file_name}")
    damaged.write_bytes(b"x" * big.size)
    server.kill()
    server.start()
    said = agent(server, "three")
    assert said["error"] is None and said["hash"] == hash
    assert said["pulledBytes"] == sizes + big.size


def test_the_whole_story_on_an_object_store_and_postgresql(
    server: FleetServer, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"big@{version}", dependencies={"small": "1.0.0"})
    registry.publish("small@1.0.0")
    server.graft("set", "create", "scripts")
    server.graft("add", "scripts", "big@1.0.0")
    first = server.graft("install", "scripts", "--json").json["state"]["hash"]
    assert agent(server, "one")["hash"] == first
    server.graft("add", "scripts", "big@2.0.0")
    second = server.graft("install", "scripts", "--json").json
    assert second["report"]["put"] == 1
    said = agent(server, "one")
    assert (said["hash"], said["pulledBlobs"]) == (second["state"]["hash"], 1)
    server.graft("rollback", "scripts")
    said = agent(server, "one")
    assert (said["hash"], said["pulledBlobs"]) == (first, 0)
    assert server.graft("storage", "scrub", "--json").json["report"]["checked"] == 3
    gone = server.graft("gc", "--older-than", "0", "--json").json["report"]
    assert gone["removed"] == []
    assert agent(server, "one")["hash"] == first
