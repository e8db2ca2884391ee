"""What admins are told of registries: section 8, registry-client and registry-token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.workflows import fleet_registry
from graft.workflows.fleet_registry import search, versions
from harness.exchange import Request
from harness.fleet_installer import FleetInstaller
from harness.machine import Machine
from harness.registry import LocalRegistry


@pytest.fixture
def fleet(machine: Machine) -> Iterator[FleetInstaller]:
    with FleetInstaller(machine) as fleet:
        yield fleet


@pytest.fixture
def other() -> Iterator[LocalRegistry]:
    with LocalRegistry() as other:
        yield other


def names(found: Any) -> list[str]:
    return [each["name"] for each in found["packages"]]


def asked_of(registry: LocalRegistry, path: str) -> list[Request]:
    return [request for request in registry.requests if request.path == path]


def test_a_search_says_name_version_and_description(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.publish("left-pad@1.3.0", extra={"description": "pads"})
    found = search(fleet.installer, "scripts", "left-pad", 5)
    assert found == {"packages": [{"name": "left-pad", "version": "1.3.0", "description": "pads"}]}


def test_a_search_within_a_scope_asks_the_registry_of_that_scope(
    fleet: FleetInstaller, registry: LocalRegistry, other: LocalRegistry
) -> None:
    """Section 10: search ignores scoped registries."""
    registry.publish("@acme/decoy@1.0.0")
    other.publish("@acme/tool@1.0.0")
    fleet.settings(scopes={"@acme": other.url})
    assert names(search(fleet.installer, "scripts", "@acme/", 5)) == ["@acme/tool"]
    assert names(search(fleet.installer, "scripts", "@acme/tool", 5)) == ["@acme/tool"]
    assert asked_of(other, "/-/v1/search") and not asked_of(registry, "/-/v1/search")


def test_versions_are_newest_first_by_their_order_and_not_by_their_text(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    """Section 10: prereleases were compared as texts."""
    for version in ("1.2.0", "1.10.0", "2.0.0-rc.2", "2.0.0-rc.10", "2.0.0"):
        registry.publish(f"@acme/a@{version}")
    found = versions(fleet.installer, "scripts", "@acme/a")
    assert found["versions"] == ["2.0.0", "2.0.0-rc.10", "2.0.0-rc.2", "1.10.0", "1.2.0"]
    assert found["tags"] == {"latest": "2.0.0"}
    with pytest.raises(GraftError) as raised:
        versions(fleet.installer, "scripts", "nowhere")
    assert raised.value.diagnostic.code == "package-not-found"


def test_a_token_goes_to_its_own_host_and_into_no_error(
    fleet: FleetInstaller, registry: LocalRegistry, other: LocalRegistry
) -> None:
    """Section 10: one token was sent to every scoped registry."""
    registry.publish("a@1.0.0")
    other.publish("@acme/tool@1.0.0")
    fleet.settings(scopes={"@acme": other.url})
    fleet.tokens[other.host] = "SeCrEt"
    versions(fleet.installer, "scripts", "@acme/tool")
    versions(fleet.installer, "scripts", "a")
    assert {request.headers.get("authorization") for request in asked_of(other, "/@acme/tool")} == {
        "Bearer SeCrEt"
    }
    assert {request.headers.get("authorization") for request in asked_of(registry, "/a")} == {None}
    other.fault("/@acme/other", status=500, times=None)
    with pytest.raises(GraftError) as raised:
        versions(fleet.installer, "scripts", "@acme/other")
    assert "SeCrEt" not in str(raised.value.diagnostic.as_json())


def test_an_answer_is_kept_for_a_moment_by_who_asked(
    fleet: FleetInstaller, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 10: the cache's key ignores the token; the cache is unbounded."""
    registry.publish("a@1.0.0")

    def asked() -> int:
        versions(fleet.installer, "scripts", "a")
        return len(asked_of(registry, "/a"))

    assert (asked(), asked()) == (1, 1)
    fleet.tokens[registry.host] = "another"
    assert asked() == 2
    monkeypatch.setattr(fleet_registry, "_KEPT_SECONDS", 0.0)
    assert asked() == 3
    monkeypatch.setattr(fleet_registry, "_KEPT_ANSWERS", 1)
    asked()
    assert len(fleet_registry._answers._found) == 1


def test_a_registry_that_takes_its_time_with_the_body_is_given_up(
    fleet: FleetInstaller, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 10: the timeout does not cover the body."""
    monkeypatch.setattr(fleet_registry, "_SECONDS", 0.2)
    registry.publish("a@1.0.0")
    registry.fault("/a", delay=20)
    with pytest.raises(GraftError) as raised:
        versions(fleet.installer, "scripts", "a")
    assert raised.value.diagnostic.code == "registry-unreachable"
    assert "in time" in raised.value.diagnostic.message


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"versions": 1}'])
def test_an_answer_that_makes_no_sense_is_the_registrys_fault(
    fleet: FleetInstaller, registry: LocalRegistry, body: bytes
) -> None:
    """Section 10: a schema failure was a 500 and not a 502."""
    from graft.base.diagnostics import CODES
    from graft.fleet.statuses import status_of

    registry.fault("/senseless", body=body, times=None)
    with pytest.raises(GraftError) as raised:
        versions(fleet.installer, "scripts", "senseless")
    code = raised.value.diagnostic.code
    assert code == "registry-answer" and status_of(code, CODES[code]) == 502


def test_a_registry_without_a_search_is_named_with_what_an_admin_can_do(
    fleet: FleetInstaller, registry: LocalRegistry
) -> None:
    registry.plain()
    with pytest.raises(GraftError) as raised:
        search(fleet.installer, "scripts", "left-pad", 5)
    assert raised.value.diagnostic.code == "registry-lacks"
    assert "graft fleet versions" in raised.value.diagnostic.fix
