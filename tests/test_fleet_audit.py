"""``graft fleet audit``: what is known of the packages that hosts have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graft.base.diagnostics import CODES
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.registry import LocalRegistry

pytest.importorskip("uvicorn")


@pytest.fixture
def server(machine: Machine, registry: LocalRegistry) -> Iterator[FleetServer]:
    registry.publish("a@1.0.0", dependencies={"weak": "^1"})
    registry.publish("a@2.0.0")
    registry.publish("weak@1.0.0")
    with FleetServer(machine) as server:
        server.graft("set", "create", "scripts")
        yield server


def test_a_release_is_audited_as_it_is_and_not_as_it_would_be(
    server: FleetServer, registry: LocalRegistry
) -> None:
    """Others audited what the pins gave by then, and filed it under the release before."""
    server.graft("add", "scripts", "a@1.0.0")
    first = server.graft("install", "scripts", "--json").json["state"]["hash"]
    registry.publish("weak@1.1.0")
    registry.advise("weak", "<1.1.0", severity="high")
    server.graft("add", "scripts", "a@2.0.0")  # and is not installed yet
    done = server.graft("audit", "scripts", check=False)
    assert done.code == 1 and "high weak <1.1.0" in done.stdout
    assert "  a@1.0.0 > weak@1.0.0" in done.stdout.splitlines()
    assert "1 package with known weaknesses (1 high) among 2 packages" in done.stderr
    assert server.graft("audit", "scripts", "--audit-level", "critical").code == 0
    said = server.graft("audit", "scripts", "--json", check=False).json
    assert (said["set"], said["hash"], said["unaudited"]) == ("scripts", first, [])
    assert said["counts"] == {"critical": 0, "high": 1, "moderate": 0, "low": 0, "info": 0}
    assert registry.audited[-1] == {"a": ["1.0.0"], "weak": ["1.0.0"]}
    # What was mended since can still be asked about.
    server.graft("install", "scripts")
    assert "no known weaknesses among 1 package" in server.graft("audit", "scripts").stderr
    assert server.graft("audit", "scripts", first[:8], check=False).code == 1


def test_a_release_of_nothing_is_audited_without_asking(
    server: FleetServer, registry: LocalRegistry
) -> None:
    none = server.graft("audit", "scripts", "--json", check=False)
    assert none.json["error"]["code"] == "fleet-not-found"
    server.graft("install", "scripts")
    assert server.graft("audit", "scripts", "--json").json["findings"] == []
    assert registry.requests == []


def test_a_registry_that_tells_nothing_is_no_good_word(
    server: FleetServer, registry: LocalRegistry
) -> None:
    with LocalRegistry() as other:
        other.require_token("secret")
        other.publish("@acme/tool@1.0.0")
        server.graft("config", "scripts", "--scope", f"@acme={other.url}")
        server.graft("config", "scripts", "--registry-token", other.host, stdin="secret\n")
        server.graft("add", "scripts", "a@1.0.0", "@acme/tool@1.0.0")
        server.graft("install", "scripts")
        # Each is asked about its own, with its own token.
        assert server.graft("audit", "scripts", "--json").json["packages"] == 3
        assert other.audited == [{"@acme/tool": ["1.0.0"]}]
        assert "@acme/tool" not in registry.audited[-1]
        other.plain()
        done = server.graft("audit", "scripts", check=False)
        assert done.code == CODES["registry-lacks"] and "no known weaknesses" in done.stderr
        assert "registry-lacks" in done.stderr
        said = server.graft("audit", "scripts", "--json", check=False)
        assert said.code == CODES["registry-lacks"]
        (silent,) = said.json["unaudited"]
        assert silent["registry"] == other.url
        assert "graft audit --registry" in silent["error"]["fix"]
        registry.plain()
        failed = server.graft("audit", "scripts", "--json", check=False)
        assert failed.json["error"]["code"] == "registry-lacks"
        assert failed.json["error"]["fix"] == silent["error"]["fix"]
