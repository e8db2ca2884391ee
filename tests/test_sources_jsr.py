"""JSR's packages, by the registry that it keeps for npm's users."""

from __future__ import annotations

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def configured(machine: Machine, registry: LocalRegistry) -> None:
    for version in ("1.0.0", "1.2.0", "2.0.0"):
        registry.publish(f"@jsr/std__path@{version}")
    machine.npmrc.write_text(f"registry={registry.url}\n@jsr:registry={registry.url}\n")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("local", "specifier"),
    [
        ("@std/path", "jsr:^1.0.0"),
        ("@std/path", "jsr:@std/path@^1.0.0"),
        ("path", "jsr:@std/path@1"),
    ],
)
def test_a_package_of_jsr(project: Project, local: str, specifier: str) -> None:
    project.manifest(dependencies={local: specifier})
    assert project.graft("install", "--json").json["direct"] == {local: "1.2.0"}
    assert "@jsr/std__path@1.2.0" in project.lock["nodes"]
    assert project.graft("ci", "--json").json["upToDate"]


@pytest.mark.usefixtures("configured")
def test_add_saves_it_as_it_was_asked_for(project: Project) -> None:
    project.graft("add", "jsr:@std/path")
    assert project.json("package.json")["dependencies"] == {"@std/path": "jsr:^2.0.0"}
    project.graft("add", "jsr:@std/path@^1")
    assert project.json("package.json")["dependencies"] == {"@std/path": "jsr:^1"}


def test_without_a_registry_for_it_nobody_is_asked(
    project: Project, registry: LocalRegistry
) -> None:
    project.manifest(dependencies={"@std/path": "jsr:^1"})
    failed = project.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (40, "registry-unknown")
    assert "@jsr:registry=" in failed.json["error"]["fix"]
    assert registry.requests == []
