"""``graft view``."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    registry.publish("tool@1.0.0", dependencies={"low.level": "^1"}, extra={"license": "ISC"})
    registry.publish("tool@1.1.0", deprecated="use\x1b[2J 1.0.0")
    registry.publish("tool@2.0.0", bin={"tool": "cli.js", "t": "cli.js"})
    registry.publish("tool@3.0.0-rc.1", tag="next")


def test_view_shows_the_latest_version(project: Project, registry: LocalRegistry) -> None:
    lines = project.graft("view", "tool").stdout.splitlines()
    assert lines[0] == "tool@2.0.0"
    facts = {name: text for name, _, text in (line.partition("  ") for line in lines[1:])}
    facts = {name: text.strip() for name, text in facts.items()}
    assert facts["published"] == "2024-01-01T00:03:00.000Z by tester"
    assert facts["maintainers"] == "tester <tester@example.com>"
    assert facts["tags"] == "latest 2.0.0, next 3.0.0-rc.1"
    assert facts["tarball"] == f"{registry.url}tool/-/tool-2.0.0.tgz"
    assert facts["integrity"].startswith("sha512-")
    assert facts["commands"] == "tool, t" and facts["versions"] == "4"
    assert not project.store.exists()


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("tool@next", "3.0.0-rc.1"),
        ("tool@^1", "1.0.0"),
        ("tool@1.1.0", "1.1.0"),
        ("tool@*", "2.0.0"),
    ],
)
def test_view_of_a_version_that_would_be_installed(
    project: Project, spec: str, version: str
) -> None:
    assert project.graft("info", spec).stdout.splitlines()[0] == f"tool@{version}"
    assert project.graft("show", spec, "--json").json["version"] == version


def test_a_deprecated_version_says_so_and_nothing_else(project: Project) -> None:
    said = project.graft("view", "tool@1.1.0").stdout
    assert "deprecated: use [2J 1.0.0" in said and "\x1b" not in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tool", "version"], "2.0.0"),
        (["tool", "versions"], ["1.0.0", "1.1.0", "2.0.0", "3.0.0-rc.1"]),
        (["tool", "dist-tags.next"], "3.0.0-rc.1"),
        (["tool", "time[1.0.0]"], "2024-01-01T00:01:00.000Z"),
        (["tool", "time.1.0.0"], "2024-01-01T00:01:00.000Z"),
        (["tool", "maintainers.email"], ["tester@example.com"]),
        (["tool", "maintainers[0].name"], "tester"),
        (["tool@1.0.0", "dependencies.low.level"], "^1"),
        (["tool@1.0.0", "license", "name"], {"license": "ISC", "name": "tool"}),
        (["tool@<2", "version"], ["1.0.0", "1.1.0"]),
        (
            ["tool@<2", "version", "nothing"],
            [{"version": v, "nothing": None} for v in ("1.0.0", "1.1.0")],
        ),
        (["tool", "maintainers[7].name"], None),
        (["tool", "readme"], "# tool\n\nA package of a test.\n"),
    ],
)
def test_fields_as_json(project: Project, arguments: list[str], expected: Any) -> None:
    assert project.graft("view", *arguments, "--json").json == expected


def test_fields_as_text(project: Project) -> None:
    def shown(*arguments: str) -> list[str]:
        return project.graft("view", *arguments).stdout.splitlines()

    assert shown("tool", "version") == ["2.0.0"]
    assert shown("tool@<2", "version") == ["tool@1.0.0 1.0.0", "tool@1.1.0 1.1.0"]
    assert shown("tool", "name", "version") == ["name = tool", "version = 2.0.0"]
    assert shown("tool@1.0.0", "dependencies") == ["low.level ^1"]
    nothing = project.graft("view", "tool", "nothing")
    assert (nothing.stdout, nothing.stderr) == ("", "tool has no field 'nothing'\n")


def test_a_whole_document_is_fetched_and_leaves_the_cache_alone(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("low.level@1.0.0")
    project.manifest(dependencies={"tool": "1.0.0"})
    project.graft("install")
    before = snapshot(project.machine.cache)
    registry.clear_log()
    said = project.graft("view", "tool@1.0.0", "--json").json
    assert said["maintainers"] and said["time"]["1.0.0"] and "readme" not in said
    assert [request.headers["accept"] for request in registry.requests] == ["application/json"]
    assert snapshot(project.machine.cache) == before
    registry.clear_log()
    project.graft("install", "--lockfile-only")
    assert registry.requests == []


def test_a_whole_document_in_the_cache_is_used(project: Project, registry: LocalRegistry) -> None:
    project.manifest(optionalDependencies={"tool": "2"})
    project.graft("install")
    registry.clear_log()
    assert project.graft("view", "tool", "license", "--json").json == "MIT"
    assert project.graft("view", "tool", "version", "--offline").stdout == "2.0.0\n"
    assert registry.requests == []


def test_view_of_what_is_not_there(project: Project, registry: LocalRegistry) -> None:
    project.manifest(dependencies={"tool": "2"})
    done = project.graft("view", "toool", "--json", check=False)
    assert (done.code, done.json["error"]["fix"]) == (21, "did you mean 'tool'?")
    done = project.graft("view", "tool@9", "--json", check=False)
    assert (done.code, done.json["error"]["code"]) == (20, "no-matching-version")
    assert project.graft("view", "tool@file:../x", check=False).code == 24
    registry.clear_log()
    assert project.graft("view", "tool", "--offline", check=False).code == 44
    assert registry.requests == []


def test_a_private_package_is_asked_of_its_own_registry(project: Project) -> None:
    with LocalRegistry() as private:
        private.require_token("secret")
        private.publish("@acme/tool@1.0.0")
        npmrc = project.machine.npmrc
        npmrc.write_text(
            f"{npmrc.read_text()}@acme:registry={private.url}\n//{private.host}/:_authToken=secret\n"
        )
        assert project.graft("view", "acme:tool", "version").stdout == "1.0.0\n"
