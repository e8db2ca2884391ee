"""A fleet's server, asked over HTTP by the real command and by whoever is curious."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings
from graft.fleet.client import FleetClient
from graft.fleet.listening import listen
from graft.fleet.records import HostReport
from graft.fleet.release import EMPTY_HASH
from graft.fleet.state.opening import open_database
from graft.fleet.state.operations import hold
from graft.model.platform import Platform
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.recording import Recorder
from harness.registry import LocalRegistry

LINUX = Platform(os="linux", cpu="x64", libc="glibc")
SOME_HASH = "0" * 64


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalRegistry, Machine]]:
    with LocalRegistry() as registry:
        registry.publish(
            "a@1.0.0",
            dependencies={"b": "^1"},
            files={"index.d.ts": "export * from './more.js'\n", "more.d.ts": "export const a: 1\n"},
        )
        registry.publish("a@2.0.0")
        registry.publish("b@1.0.0", files={"index.js": "x" * 5000})
        registry.publish("only-mac@1.0.0", os=["darwin"])
        registry.publish("some@1.0.0", optional={"only-mac": "1.0.0"})
        registry.publish("@acme/tool@1.0.0")
        yield registry, Machine(tmp_path_factory.mktemp("fleet"), registry)


@pytest.fixture(scope="module")
def server(world: tuple[LocalRegistry, Machine]) -> Iterator[FleetServer]:
    with FleetServer(world[1]) as server:
        yield server


@pytest.fixture(scope="module")
def installed(server: FleetServer) -> str:
    """The set ``scripts``, with a release of a@1.0.0 and of what needs a platform; its hash."""
    server.graft("set", "create", "scripts")
    server.graft("add", "scripts", "a@1.0.0", "some@1.0.0")
    done = server.graft("install", "scripts", "--json").json
    assert done["done"] and done["report"]["packages"] == 4
    return str(done["state"]["hash"])


def new_set(server: FleetServer, name: str, *packages: str) -> str:
    server.graft("set", "create", name)
    if packages:
        server.graft("add", name, *packages)
    return name


# The road of an admin


def test_a_set_is_made_filled_installed_and_rolled_back(server: FleetServer) -> None:
    name = new_set(server, "road", "a@1.0.0")
    assert server.graft("install", name, "--dry-run", "--json").json["state"]["hash"] == ""
    first = server.graft("install", name, "--json").json
    assert [each["name"] for each in first["report"]["changes"]] == ["a", "b"]
    again = server.graft("install", name, "--json").json
    assert again["report"]["changes"] == [] and again["state"]["hash"] == first["state"]["hash"]

    server.graft("add", name, "a@2.0.0")
    second = server.graft("install", name, "--json").json
    assert second["report"]["previous"] == first["state"]["hash"]
    history = server.graft("history", name, "--json").json["releases"]
    assert [each["current"] for each in history] == [True, False]

    short = first["state"]["hash"][:8]
    assert server.graft("pin", name, short, "--json").json["pinned"]
    server.graft("rollback", name, short)
    assert server.graft("state", name, "--json").json["hash"] == first["state"]["hash"]
    assert not server.graft("unpin", name, short, "--json").json["pinned"]
    server.graft("rollback", name)
    assert server.graft("state", name, "--json").json["hash"] == second["state"]["hash"]

    server.graft("disable", name, "a")
    emptied = server.graft("install", name, "--json").json
    assert emptied["state"]["hash"] == EMPTY_HASH and emptied["state"]["status"] == "ready"
    server.graft("enable", name, "a")
    server.graft("remove", name, "a", "never-there")
    assert server.graft("state", name, "--json").json["packages"] == []
    unsure = server.graft("set", "delete", name, check=False)
    assert unsure.code == 2 and "--yes" in unsure.stderr
    would = server.graft("set", "delete", name, "--dry-run", "--json").json
    assert would == {"removed": True, "releases": 3, "dry_run": True}
    assert server.graft("set", "delete", name, "--yes", "--json").json["removed"]
    again = server.graft("set", "delete", name, "--yes", "--json").json
    assert again == {"removed": False, "releases": 0, "dry_run": False}


def test_what_people_read_names_what_programs_are_told(server: FleetServer, installed: str) -> None:
    assert installed in server.graft("state", "scripts").stdout
    assert installed[:12] in server.graft("history", "scripts").stdout
    assert "scripts  ready" in server.graft("set", "list").stdout
    assert "every one" in server.graft("config", "scripts").stdout


def test_settings_that_are_not_said_stay_as_they_are(server: FleetServer) -> None:
    """Section 10: a partial write resets what it does not name."""
    name = new_set(server, "partial")
    said = ("--registry", "http://127.0.0.1:1/", "--platform", "linux-x64-musl", "--block", "1GB")
    server.graft("config", name, *said)
    server.graft("config", name, "--scope", "@acme=https://npm.example.com/")
    would = server.graft("config", name, "--warn", "7MB", "--dry-run", "--json").json
    assert would["warn_bytes"] == 7_000_000 and "@acme" in would["scopes"]
    found = server.graft("config", name, "--json").json
    assert found["warn_bytes"] != 7_000_000
    refused = server.graft("config", name, "--registry", "nowhere", "--dry-run", check=False)
    assert refused.code
    found = server.graft("config", name, "--warn", "5MB", "--json").json
    assert found == {
        "registry": "http://127.0.0.1:1/",
        "scopes": {"@acme": "https://npm.example.com/"},
        "platforms": [{"os": "linux", "cpu": "x64", "libc": "musl"}],
        "warn_bytes": 5_000_000,
        "block_bytes": 1_000_000_000,
        "token_hosts": [],
    }
    assert server.graft("config", name, "--scope", "@acme=", "--json").json["scopes"] == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"registry": "https://user:secret@npm.example.com/"},
        {"registry": "https://npm.example.com/\nalways-auth=true"},
        {"scopes": {"@acme\n": "https://npm.example.com/"}},
        {"scopes": {"acme": "https://npm.example.com/"}},
        {"platforms": [{"os": "linux"}]},
        {"block_bytes": -1},
        {"unheard-of": 1},
    ],
)
@pytest.mark.usefixtures("installed")
def test_settings_that_make_no_sense_are_refused(
    server: FleetServer, asked: dict[str, Any]
) -> None:
    answer = server.request("PUT", "/v1/sets/scripts/settings", asked, token=server.token())
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["code"] == "fleet-invalid"
    assert b"secret" not in answer.body


@pytest.mark.usefixtures("installed")
def test_a_registry_token_is_written_and_never_read(server: FleetServer) -> None:
    secret = "npm_SeCrEt"
    server.graft("config", "scripts", "--registry-token", "npm.example.com", stdin=secret + "\n")
    for path in ("", "/settings", "/state", "/history", "/packages"):
        assert (
            secret.encode()
            not in server.request("GET", f"/v1/sets/scripts{path}", token=server.token()).body
        )
    shown = server.graft("config", "scripts", "--json").json
    assert shown["token_hosts"] == ["npm.example.com"]
    lying = b"".join(file.read_bytes() for file in server.data.rglob("*") if file.is_file())
    assert secret.encode() not in lying and secret not in server.said
    path = "/v1/sets/scripts/registry-tokens/npm.example.com"
    refused = server.request("PUT", path, {"token": "two words"}, token=server.token())
    assert refused.status == 400 and b"two words" not in refused.body
    refused = server.request("PUT", path, {"token": ["npm_SeCrEt"]}, token=server.token())
    assert refused.status == 400 and secret.encode() not in refused.body
    server.graft("config", "scripts", "--no-registry-token", "npm.example.com")
    assert server.graft("config", "scripts", "--json").json["token_hosts"] == []


# Who may do what

OPEN, READ, MANAGE, HOST = "open", "read", "manage", "host"
MAY = {
    OPEN: {"none", "read", "manage", "host"},
    READ: {"read", "manage"},
    MANAGE: {"manage"},
    HOST: {"read", "manage", "host"},
    "own host": {"manage", "host"},
}
ROUTES = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/metrics"): READ,
    ("GET", "/v1/whoami"): HOST,
    ("GET", "/v1/sets"): READ,
    ("POST", "/v1/sets"): MANAGE,
    ("GET", "/v1/sets/{set}"): READ,
    ("DELETE", "/v1/sets/{set}"): MANAGE,
    ("GET", "/v1/sets/{set}/settings"): MANAGE,
    ("PUT", "/v1/sets/{set}/settings"): MANAGE,
    ("PUT", "/v1/sets/{set}/registry-tokens/{host}"): MANAGE,
    ("DELETE", "/v1/sets/{set}/registry-tokens/{host}"): MANAGE,
    ("GET", "/v1/sets/{set}/packages"): READ,
    ("PUT", "/v1/sets/{set}/packages/{local}"): MANAGE,
    ("DELETE", "/v1/sets/{set}/packages/{local}"): MANAGE,
    ("GET", "/v1/sets/{set}/search"): MANAGE,
    ("GET", "/v1/sets/{set}/versions/{name}"): MANAGE,
    ("GET", "/v1/sets/{set}/audit"): MANAGE,
    ("GET", "/v1/sets/{set}/state"): HOST,
    ("GET", "/v1/sets/{set}/history"): READ,
    ("POST", "/v1/sets/{set}/install"): MANAGE,
    ("POST", "/v1/sets/{set}/publish"): MANAGE,
    ("POST", "/v1/sets/{set}/rollback"): MANAGE,
    ("PUT", "/v1/sets/{set}/releases/{hash}/pin"): MANAGE,
    ("DELETE", "/v1/sets/{set}/releases/{hash}/pin"): MANAGE,
    ("GET", "/v1/sets/{set}/desired"): HOST,
    ("GET", "/v1/sets/{set}/releases/{hash}"): HOST,
    ("POST", "/v1/sets/{set}/releases/{hash}/missing"): HOST,
    ("GET", "/v1/sets/{set}/types/{hash}/{specifier}"): READ,
    ("GET", "/v1/blobs/{file}"): HOST,
    ("GET", "/v1/hosts"): READ,
    ("DELETE", "/v1/hosts/{host}"): MANAGE,
    ("PUT", "/v1/hosts/{host}/sets/{set}"): "own host",
    ("GET", "/v1/events"): HOST,
    ("GET", "/v1/storage"): MANAGE,
    ("PUT", "/v1/storage"): MANAGE,
    ("POST", "/v1/storage/cancel"): MANAGE,
    ("POST", "/v1/storage/migrate"): MANAGE,
    ("POST", "/v1/storage/scrub"): MANAGE,
    ("POST", "/v1/gc"): MANAGE,
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/sets"): {"name": "none!"},
    ("PUT", "/v1/sets/{set}/settings"): {},
    ("PUT", "/v1/sets/{set}/registry-tokens/{host}"): {"token": "t"},
    ("PUT", "/v1/sets/{set}/packages/{local}"): {"specifier": "1.0.0"},
    ("POST", "/v1/sets/{set}/publish"): {"lock": "{}"},
    ("POST", "/v1/sets/{set}/releases/{hash}/missing"): {"platform": {"os": "linux", "cpu": "x64"}},
    ("PUT", "/v1/hosts/{host}/sets/{set}"): {"status": "ready"},
    ("PUT", "/v1/storage"): {"active": "nowhere"},
    ("POST", "/v1/storage/migrate"): {"target": "nowhere"},
}


def document(server: FleetServer) -> dict[str, Any]:
    found = json.loads(server.request("GET", "/openapi.json").body)
    assert isinstance(found, dict)
    return found


def test_every_route_says_what_it_needs(server: FleetServer) -> None:
    paths = document(server)["paths"]
    found = {
        (method.upper(), path): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert found.keys() == ROUTES.keys() - {("GET", "/openapi.json")}
    for route, operation in found.items():
        assert ("security" in operation) == (ROUTES[route] != OPEN), route
        failed = operation["responses"]["401"]["content"]["application/json"]["schema"]
        assert failed == {"$ref": "#/components/schemas/Failed"}, route
        assert "HTTPValidationError" not in json.dumps(operation), route


@pytest.mark.parametrize(
    ("route", "role"), list(product(ROUTES, ("none", "read", "manage", "host"))), ids=str
)
def test_each_role_reaches_what_it_may_and_nothing_else(
    server: FleetServer, route: tuple[str, str], role: str
) -> None:
    """Section 10: no caller is trusted for where it comes from."""
    method, path = route
    if path == "/v1/events" and role in MAY[HOST]:
        pytest.skip("an answer without an end, which has tests of its own")
    token = "" if role == "none" else server.token(role, "web-1" if role == "host" else "")
    filled = path.format(
        set="no-such-set",
        hash=SOME_HASH,
        local="a",
        name="a",
        specifier="a",
        host="web-1",
        file=f"sha512-{'0' * 128}",
    )
    if path.endswith("/search"):
        filled += "?text=a"
    answer = server.request(method, filled, BODIES.get(route), token=token)
    if role in MAY[ROUTES[route]]:
        assert answer.status not in (401, 403), answer.body
    else:
        assert answer.status == (401 if role == "none" else 403), answer.body
        assert json.loads(answer.body)["error"]["code"] == "fleet-unauthorized"
    if answer.status >= 400:
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("installed")
def test_a_token_that_is_revoked_or_made_up_opens_nothing(server: FleetServer) -> None:
    paths = ("/v1/sets", "/v1/sets/scripts/desired")
    data = ("--data", str(server.data), "--json")
    command = [*server.graft_command, "token"]
    made = server.machine.run([*command, "create", "--role", "read", *data]).json
    for path in paths:
        assert server.request("GET", path, token=made["secret"]).status == 200
    server.machine.run([*command, "revoke", made["id"], *data])
    for secret in (made["secret"], made["id"], "graft_x_y", "é" * 4, "a b"):
        for path in paths:
            answer = server.request("GET", path, token=secret)
            assert answer.status == 401 and secret.encode() not in answer.body
    assert answer.headers["www-authenticate"] == "Bearer"
    listed = server.machine.run([*command, "list", *data])
    assert made["id"] in listed.stdout and made["secret"] not in listed.stdout


def test_a_host_speaks_for_itself_alone(server: FleetServer, installed: str) -> None:
    client = server.client("host", "web-1")
    report = HostReport(host="web-1", set="scripts", hash=installed, status="ready")
    client.report(report)
    with pytest.raises(GraftError) as raised:
        client.report(HostReport(host="web-2", set="scripts", hash="", status="ready"))
    assert raised.value.diagnostic.code == "fleet-unauthorized"
    [host] = server.graft("hosts", "scripts", "--json").json["hosts"]
    assert (host["host"], host["lag"], host["desired"]) == ("web-1", 0, installed)
    assert "web-1" in server.graft("hosts").stdout
    assert client.whoami()["host"] == "web-1"


# What hosts ask


def test_a_host_gets_the_release_and_what_its_platform_lacks(
    server: FleetServer, installed: str
) -> None:
    client = server.client("host", "web-1")
    desired = client.desired("scripts")
    assert desired is not None and desired.hash == installed
    assert client.desired("scripts", desired.etag) is None
    release = client.release("scripts", installed)
    assert {entry.name for entry in release.entries} == {"a", "b", "some", "only-mac"}

    names = {entry.integrity: entry.name for entry in release.entries}
    offers = client.missing("scripts", installed, LINUX, [])
    assert sorted(names[str(each.integrity)] for each in offers) == ["a", "b", "some"]
    mac = client.missing("scripts", installed, Platform(os="darwin", cpu="arm64"), [])
    assert len(mac) == 4
    assert client.missing("scripts", installed, LINUX, [each.integrity for each in offers]) == ()

    offer = next(each for each in offers if names[str(each.integrity)] == "b")
    cut = offer.size // 2
    parts = [(0, cut), (cut, offer.size)]
    data = b"".join(client.taken(client.part(offer, *part), *part) for part in parts)
    assert offer.integrity.matches(data)


def test_ranges_of_an_archive(server: FleetServer, installed: str) -> None:
    client = server.client("host", "web-1")
    offer = client.missing("scripts", installed, LINUX, [])[0]
    path, token = f"/v1/blobs/{offer.integrity.file_name}", server.token("host", "web-1")

    def get(asked: str) -> tuple[int, bytes, str]:
        headers = {"Range": asked} if asked else {}
        answer = server.request("GET", path, token=token, headers=headers)
        return answer.status, answer.body, answer.headers.get("content-range", "")

    status, whole, said = get("")
    assert (status, said) == (200, "") and offer.integrity.matches(whole)
    size = len(whole)
    assert get("bytes=10-19") == (206, whole[10:20], f"bytes 10-19/{size}")
    assert get("bytes=-5") == (206, whole[-5:], f"bytes {size - 5}-{size - 1}/{size}")
    assert get(f"bytes=10-{size * 9}") == (206, whole[10:], f"bytes 10-{size - 1}/{size}")
    assert get("bytes=0-1,5-6") == (200, whole, "")
    assert get(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    answer = server.request("GET", path, token=token)
    assert "immutable" in answer.headers["cache-control"] and answer.headers["etag"]


@pytest.mark.usefixtures("installed")
def test_an_unknown_release_is_never_one_of_nothing(server: FleetServer) -> None:
    """Section 10: getManifest of a stale hash gave an empty tree."""
    client = server.client("read")
    for hash in (SOME_HASH, EMPTY_HASH):
        with pytest.raises(GraftError) as raised:
            client.release("scripts", hash)
        assert raised.value.diagnostic.code == "fleet-not-found"
        with pytest.raises(GraftError):
            client.missing("scripts", hash, LINUX, [])


@pytest.mark.parametrize(
    "hash", ["..", "%2e%2e%2fstate", "..%2f..%2fetc", "A" * 64, "0" * 63, "0" * 64 + "%0a", "%00"]
)
@pytest.mark.usefixtures("installed")
def test_a_hash_is_checked_before_it_is_used(server: FleetServer, hash: str) -> None:
    """Section 10: lockfileHash was used as a path segment unchecked."""
    for path in (f"/v1/sets/scripts/releases/{hash}", f"/v1/sets/scripts/types/{hash}/a"):
        answer = server.request("GET", path, token=server.token())
        assert answer.status in (400, 404), answer.body


@pytest.mark.usefixtures("installed")
def test_an_archive_that_is_damaged_is_not_handed_on(server: FleetServer) -> None:
    name = new_set(server, "damaged", "@acme/tool@1.0.0")
    hash = server.graft("install", name, "--json").json["state"]["hash"]
    client = server.client()
    [offer] = client.missing(name, hash, LINUX, [])
    [file] = server.data.joinpath("blobs").rglob(f"*{offer.integrity.file_name}*")
    good = file.read_bytes()
    file.write_bytes(good[:-1] + b"?")
    with pytest.raises(GraftError) as raised:
        client.taken(client.part(offer, 0, offer.size), 0, offer.size)
    assert raised.value.diagnostic.code == "fleet-blob-damaged"
    file.unlink()
    with pytest.raises(GraftError) as raised:
        client.taken(client.part(offer, 0, offer.size), 0, offer.size)
    assert raised.value.diagnostic.code == "fleet-blob-missing"
    file.write_bytes(good)
    assert client.taken(client.part(offer, 0, offer.size), 0, offer.size) == good


# Installs


def test_an_install_does_not_keep_its_request(
    server: FleetServer, world: tuple[LocalRegistry, Machine]
) -> None:
    """Section 10: installNow blocks the request; a refusal blames an install whatever it was."""
    registry, _ = world
    registry.publish("slow@1.0.0")
    registry.publish("slower@1.0.0")
    registry.fault("/slow", delay=1.5)
    registry.fault("/slower", delay=1.5)
    name = new_set(server, "slow", "slow@1.0.0")
    began = server.graft("install", name, "--no-wait", "--json").json
    assert (began["done"], began["state"]["status"]) == (False, "installing")
    refused = server.graft("install", name, "--json", check=False)
    assert refused.json["error"]["code"] == "fleet-busy"
    assert f"install of {name}" in refused.json["error"]["message"]
    server.graft("gc", "--wait", "--dry-run")
    assert server.graft("state", name, "--json").json["status"] == "ready"
    server.graft("add", name, "slower@1.0.0")
    server.graft("install", name, "--no-wait")
    waited = server.graft("install", "--wait", name, "--json").json
    assert waited["state"]["status"] == "ready" and waited["report"]["put"] == 0
    assert server.graft("rollback", "--wait", name, "--dry-run", "--json").json["done"]


def test_a_client_whose_connection_broke_learns_what_came_of_it(
    server: FleetServer, world: tuple[LocalRegistry, Machine]
) -> None:
    registry, _ = world
    registry.publish("late@1.0.0")
    registry.fault("/late", delay=3)
    name = new_set(server, "late", "late@1.0.0")
    with Recorder(server.url) as road, ThreadPoolExecutor(1) as pool:
        install = ("install", name, "--server", road.url, "--json")
        done = pool.submit(server.graft, *install)
        until = time.monotonic() + 20
        while server.graft("state", name, "--json").json["status"] != "installing":
            assert time.monotonic() < until
        time.sleep(1.2)  # what breaks at once is not asked again
        road.cut()
        said = done.result().json
    assert said["report"]["put"] == 1 and said["state"]["status"] == "ready"
    # Who asks again is answered the same, under another name what would come of it now.
    path, token = f"/v1/sets/{name}/install?wait=1", server.token()
    put = [
        json.loads(server.request("POST", path, {"id": id}, token=token).body)["report"]["put"]
        for id in (road.heard.partition('"id": "')[2][:32], "another")
    ]
    assert put == [1, 0]


@pytest.mark.usefixtures("installed")
def test_a_refusal_names_the_operation(server: FleetServer) -> None:
    database = open_database(str(server.data / "fleet.db"))
    try:
        with hold(database, "scrub", "folder", "another server", lambda: int(time.time() * 1000)):
            refused = server.graft("install", "scripts", "--json", check=False).json["error"]
            again = server.graft("rollback", "scripts", "--json", check=False).json["error"]
    finally:
        database.close()
    assert refused["code"] == again["code"] == "fleet-busy"
    assert "scrub of folder" in refused["message"] and "another server" in str(refused["why"])


def test_what_cannot_be_resolved_is_said_and_changes_nothing(server: FleetServer) -> None:
    name = new_set(server, "failing", "a@1.0.0")
    good = server.graft("install", name, "--json").json["state"]["hash"]
    server.graft("add", name, "nowhere@1.0.0")
    failed = server.graft("install", name, "--json", check=False)
    assert failed.json["error"]["code"] == "package-not-found" and failed.code == 21
    fix = failed.json["error"]["fix"]
    assert f"graft fleet config {name}" in fix and "npmrc" not in fix
    state = server.graft("state", name, "--json").json
    assert (state["status"], state["hash"]) == ("error", good)
    assert "package-not-found" in state["error"]
    # A5: hosts follow what is wanted, whatever became of the last attempt.
    desired = server.client("host", "web-1").desired(name)
    assert desired is not None and desired.hash == good


@pytest.mark.parametrize(
    ("local", "specifier"),
    [("a", "^1"), ("a", "latest"), ("a", "file:../x"), ("../x", "1.0.0"), ("a", "npm:b@*")],
)
@pytest.mark.usefixtures("installed")
def test_only_exact_versions_are_pinned(server: FleetServer, local: str, specifier: str) -> None:
    refused = server.graft("add", "scripts", f"{local}@{specifier}", "--json", check=False)
    assert refused.json["error"]["code"] in ("fleet-invalid", "fleet-not-found", "usage")


# Editors


def test_declarations_are_kept_for_ever_only_once_they_are_those_of_the_release(
    server: FleetServer,
) -> None:
    """Section 10: a server that was not ready answered notFound, to be kept for a year."""
    name = new_set(server, "types", "a@1.0.0")
    token = server.token("read")

    def ask(hash: str, specifier: str) -> tuple[int, str, Any]:
        answer = server.request("GET", f"/v1/sets/{name}/types/{hash}/{specifier}", token=token)
        return answer.status, answer.headers["cache-control"], json.loads(answer.body)

    status, kept, _ = ask(SOME_HASH, "a")
    assert (status, kept) == (503, "no-store")
    hash = server.graft("install", name, "--json").json["state"]["hash"]
    status, kept, _ = ask(SOME_HASH, "a")
    assert (status, kept) == (409, "no-store")
    status, kept, found = ask(hash, "a")
    assert (status, kept) == (200, "private, max-age=31536000, immutable")
    paths = [file["path"] for file in found["files"]]
    assert paths == [
        f"node_modules/a/{file}" for file in ("index.d.ts", "more.d.ts", "package.json")
    ]
    assert found["has_own_types"] and not found["not_found"]
    status, _, found = ask(hash, "@never/there")
    assert status == 200 and found["not_found"] and found["files"] == []
    client = server.client()
    [*_, offer] = client.missing(name, hash, LINUX, [])
    for file in server.data.joinpath("blobs").rglob(f"*{offer.integrity.file_name}*"):
        file.unlink()  # what was not read yet is not there
    assert ask(hash, "a")[1] in ("no-store", "private, max-age=31536000, immutable")


# Events


def test_events_hurry_whoever_listens(server: FleetServer) -> None:
    # The first event of all has nothing before it that could have been heard.
    server.graft("install", new_set(server, "before", "a@1.0.0"))
    name = new_set(server, "heard", "a@1.0.0")
    heard = listen(
        server.url, server.token("host", "web-1"), HttpSettings(), sets=(name,), stop=lambda: False
    )
    assert next(heard).kind == ""
    hash = server.graft("install", name, "--json").json["state"]["hash"]
    event = next(each for each in heard if each.kind)
    assert (event.kind, event.set, event.data["hash"]) == ("release", name, hash)
    heard.close()
    again = listen(
        server.url,
        server.token("read"),
        HttpSettings(),
        sets=(name,),
        after=event.id - 1,
        stop=lambda: False,
    )
    assert next(each for each in again if each.kind) == event
    again.close()


def test_listening_where_nobody_tells(server: FleetServer) -> None:
    with pytest.raises(GraftError) as raised:
        next(listen(server.url, "no-token", HttpSettings(), stop=lambda: False))
    assert raised.value.diagnostic.code == "fleet-unreachable"
    assert "401" in raised.value.diagnostic.why[0]


def test_who_listens_with_many_open_files_waits_and_does_not_spin(server: FleetServer) -> None:
    """A host that serves others has more than the 1,024 files that ``select`` knows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY and most < 1200:
        pytest.skip("the system allows fewer open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, 1200), most))
    looks = 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        return time.monotonic() > end

    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        heard = listen(server.url, server.token("read"), HttpSettings(), stop=stop)
        end = time.monotonic() + 60
        next(heard)
        looks, end = 0, time.monotonic() + 0.6
        assert list(heard) == [] and looks < 10
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


# Limits, health, metrics


def test_what_is_sent_is_bounded(server: FleetServer, installed: str) -> None:
    said = {"platform": {"os": "linux", "cpu": "x64"}, "have": ["x" * (5 << 20)]}
    path = f"/v1/sets/scripts/releases/{installed}/missing"
    assert server.request("POST", path, said, token=server.token()).status == 413


@pytest.mark.parametrize(
    "path", ["search?text=a&limit=1000", "search?text=", f"search?text={'a' * 300}", "search"]
)
@pytest.mark.usefixtures("installed")
def test_what_is_asked_for_is_bounded(server: FleetServer, path: str) -> None:
    answer = server.request("GET", f"/v1/sets/scripts/{path}", token=server.token())
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "fleet-invalid")


def test_health_and_metrics(server: FleetServer, installed: str) -> None:
    assert json.loads(server.request("GET", "/healthz").body)["status"] == "ok"
    assert server.request("GET", "/readyz").status == 200
    server.request("GET", f"/v1/sets/scripts/releases/{installed}", token=server.token())
    server.request("GET", "/v1/sets/scripts/desired", token=server.token())
    text = server.request("GET", "/metrics", token=server.token("read")).body.decode()
    assert 'method="GET",route="/v1/sets/{set}/desired",status="200"}' in text
    assert 'method="GET",route="/v1/sets/{set}/releases/{hash}",status="200"}' in text
    assert 'graft_fleet_hosts{set="scripts",status="ready"}' in text
    assert 'graft_fleet_blobs{store="folder"}' in text
    assert installed not in text


def test_what_is_no_route_is_said_in_the_same_form(server: FleetServer) -> None:
    for method, path, status in (("GET", "/v2", 404), ("POST", "/v1/whoami", 405)):
        answer = server.request(method, path, {} if method == "POST" else None)
        assert answer.status == status
        assert json.loads(answer.body)["error"]["code"].startswith("fleet-")


# Stopping and dying


def test_a_server_that_is_told_to_stop_lets_its_listeners_go(machine: Machine) -> None:
    with FleetServer(machine) as server:
        heard = listen(server.url, server.token("read"), HttpSettings(), stop=lambda: False)
        next(heard)
        server.process.terminate()
        assert list(heard) == []
        assert server.process.wait(20) == 0
        assert "timeout" not in server.said  # nobody had to be cut off


def test_a_server_that_dies_in_an_install_says_so_when_it_is_back(
    machine: Machine, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("slow@1.0.0")
    with FleetServer(machine) as server:
        name = new_set(server, "dying", "a@1.0.0")
        good = server.graft("install", name, "--json").json["state"]["hash"]
        registry.fault("/slow", delay=30)
        server.graft("add", name, "slow@1.0.0")
        server.graft("install", name, "--no-wait")
        server.kill()
        server.start()
        state = server.graft("state", name, "--json").json
        assert (state["status"], state["error"], state["hash"]) == ("error", "interrupted", good)
        desired = server.client("host", "web-1").desired(name)
        assert desired is not None and desired.hash == good


# Where archives lie


def test_archives_move_are_mended_and_collected(machine: Machine, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    places = [f"{name}={machine.root / name}" for name in ("old", "new")]
    with FleetServer(machine, "--blobs", places[0], "--blobs", places[1]) as server:
        name = new_set(server, "moving", "a@1.0.0", "b@1.0.0")
        server.graft("install", name)
        assert server.graft("storage", "--json").json["active"] == "old"
        moved = server.graft("storage", "migrate", "new", "--json").json
        assert (moved["status"], moved["active"], moved["moved"]) == ("completed", "new", 2)
        refused = server.graft("storage", "migrate", "nowhere", "--json", check=False).json
        assert refused["error"]["code"] == "fleet-invalid"

        for file in (machine.root / "new").rglob("sha512-*"):
            file.write_bytes(b"other bytes")
        mended = server.graft("storage", "scrub", "--json").json["report"]
        assert [each["what"] for each in mended["findings"]] == ["repaired", "repaired"]
        assert "0 were not good" in server.graft("storage", "scrub").stderr

        server.graft("storage", "use", "old")
        server.graft("remove", name, "b")
        server.graft("install", name)
        server.graft("set", "delete", name, "--yes")
        wet = server.graft("gc", "--json").json["report"]
        assert (wet["removed"], wet["waiting"]) == ([], 2)
        dry = server.graft("gc", "--dry-run", "--older-than", "0", "--json").json["report"]
        assert len(dry["removed"]) == 2 and dry["freed_bytes"] > 0
        assert "removed 2 archives" in server.graft("gc", "--older-than", "0").stderr
        left = [*machine.root.glob("old/**/sha512-*"), *machine.root.glob("new/**/sha512-*")]
        assert left == []
        assert "old  is written to" in server.graft("storage").stdout


def test_a_migration_that_died_goes_on_when_the_server_is_back(
    machine: Machine, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    places = [f"{name}={machine.root / name}" for name in ("old", "new")]
    with FleetServer(machine, "--blobs", places[0], "--blobs", places[1]) as server:
        server.graft("install", new_set(server, "moving", "a@1.0.0"))
        server.kill()
        # What a server leaves that dies as soon as it has begun.
        database = open_database(str(server.data / "fleet.db"))
        with database.transaction() as t:
            t.run("UPDATE storage SET status = 'migrating', target = 'new', total = 1")
        database.close()
        server.start()
        until = time.monotonic() + 20
        while server.graft("storage", "--json").json["status"] == "migrating":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert server.graft("storage", "--json").json["active"] == "new"


# Who asks


def test_commands_say_which_server_they_lack_and_which_does_not_answer(machine: Machine) -> None:
    from harness.command import GRAFT

    asked = [*GRAFT, "fleet", "set", "list", "--json"]
    assert machine.run(asked, check=False).json["error"]["code"] == "usage"
    env = {"GRAFT_FLEET_SERVER": "http://127.0.0.1:1"}
    error = machine.run(asked, env=env, check=False).json["error"]
    assert error["code"] == "fleet-unreachable" and "graft fleet serve" in error["fix"]
    token = machine.root / "token"
    token.write_text("graft_a_b\n")
    flags = ["--server", "http://user:pw@127.0.0.1:1", "--token-file", str(token)]
    error = machine.run([*asked, *flags], check=False).json["error"]
    assert error["code"] == "fleet-invalid" and "pw" not in json.dumps(error)


def test_a_server_of_something_else_is_not_believed(registry: LocalRegistry) -> None:
    registry.serve("/v1/whoami", "a text")
    from graft.base.http_client import HttpClient

    with HttpClient(HttpSettings()) as http:
        client = FleetClient(registry.url, "", http)
        for path in ("/v1/whoami", "/v1/nothing"):
            with pytest.raises(GraftError) as raised:
                client.ask("GET", path)
            assert raised.value.diagnostic.code == "fleet-unreachable"
