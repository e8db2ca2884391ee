"""Commands that look and change nothing: ``ls``, ``why``, ``store path``."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0", dependencies={"c": "^1"})
    registry.publish("c@1.0.0")
    registry.publish("c@2.0.0")
    registry.publish("@acme/tool@1.0.0", dependencies={"b": "1"}, peers={"c": ">=1"})
    project.manifest(
        dependencies={"a": "^1", "c": "^2"},
        devDependencies={"@acme/tool": "1", "old": "npm:c@^1"},
    )
    project.graft("install")
    registry.clear_log()
    return project


def test_ls_shows_direct_dependencies(installed: Project, registry: LocalRegistry) -> None:
    before = snapshot(installed.dir)
    assert installed.graft("ls").stdout.splitlines() == [
        "@acme/tool@1.0.0(c@2.0.0) (dev)",
        "a@1.0.0",
        "c@2.0.0",
        "old -> c@1.0.0 (dev)",
    ]
    assert installed.graft("ls", "acme:tool", "a").stdout.splitlines() == [
        "@acme/tool@1.0.0(c@2.0.0) (dev)",
        "a@1.0.0",
    ]
    assert snapshot(installed.dir) == before and registry.requests == []


def test_ls_goes_as_deep_as_it_is_told(installed: Project) -> None:
    assert installed.graft("ls", "--depth", "1", "a").stdout.splitlines() == [
        "a@1.0.0",
        "  b@1.0.0",
    ]
    assert installed.graft("ls", "--all").stdout.splitlines() == [
        "@acme/tool@1.0.0(c@2.0.0) (dev)",
        "  b@1.0.0",
        "    c@1.0.0",
        "  c@2.0.0 (peer)",
        "a@1.0.0",
        "  b@1.0.0 (shown above)",
        "c@2.0.0",
        "old -> c@1.0.0 (dev)",
    ]


def test_ls_calls_shown_only_what_was_shown_as_deep(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0", dependencies={"c": "1"})
    registry.publish("c@1.0.0")
    project.manifest(dependencies={"a": "1", "b": "1"})
    project.graft("install")
    assert project.graft("ls", "--depth", "1").stdout.splitlines() == [
        "a@1.0.0",
        "  b@1.0.0",
        "b@1.0.0",
        "  c@1.0.0",
    ]


def test_ls_ends_in_a_graph_with_cycles(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0", dependencies={"a": "1"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert project.graft("ls", "--all").stdout.splitlines() == [
        "a@1.0.0",
        "  b@1.0.0",
        "    a@1.0.0 (shown above)",
    ]


def test_ls_json(installed: Project) -> None:
    said = installed.graft("ls", "--all", "--json").json["dependencies"]
    assert said["old"] == {"id": "c@1.0.0", "kind": "dev"}
    assert said["@acme/tool"]["dependencies"]["b"]["dependencies"] == {
        "c": {"id": "c@1.0.0", "kind": "prod"}
    }
    assert said["a"]["dependencies"]["b"] == {"id": "b@1.0.0", "kind": "prod", "repeated": True}


@pytest.mark.parametrize("command", ["ls", "why"])
def test_what_is_not_there_is_an_error(installed: Project, command: str) -> None:
    failed = installed.graft(command, "acme:toole", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (25, "not-a-dependency")
    assert error["fix"] == "did you mean '@acme/tool'?"
    assert installed.graft(command, "c@9.0.0", check=False).code == 25


@pytest.mark.parametrize("command", [["ls"], ["why", "a"]])
def test_nothing_is_installed_yet(project: Project, command: list[str]) -> None:
    failed = project.graft(*command, "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (10, "lock-missing")


def test_why_shows_the_shortest_way_from_each_direct_dependency(installed: Project) -> None:
    assert installed.graft("why", "c").stdout.splitlines() == [
        "c@1.0.0",
        "  package.json asks for @acme/tool@1: @acme/tool@1.0.0(c@2.0.0)",
        "    @acme/tool@1.0.0(c@2.0.0) asks for b@1: b@1.0.0",
        "      b@1.0.0 asks for c@^1: c@1.0.0",
        "  package.json asks for a@^1: a@1.0.0",
        "    a@1.0.0 asks for b@^1: b@1.0.0",
        "      b@1.0.0 asks for c@^1: c@1.0.0",
        "  package.json asks for old@npm:c@^1: c@1.0.0",
        "c@2.0.0",
        "  package.json asks for @acme/tool@1: @acme/tool@1.0.0(c@2.0.0)",
        "    @acme/tool@1.0.0(c@2.0.0) asks for the peer c@>=1: c@2.0.0, which package.json "
        "provides",
        "  package.json asks for c@^2: c@2.0.0",
    ]
    assert installed.graft("why", "acme:tool").stdout.splitlines()[0].startswith("@acme/tool@1.0.0")


def test_why_of_one_version_and_of_an_alias(installed: Project) -> None:
    (reason,) = installed.graft("why", "c@2.0.0", "--json").json
    assert reason["id"] == "c@2.0.0"
    assert (reason["name"], reason["version"]) == ("c", "2.0.0")
    tool, own = reason["chains"]
    assert own == {
        "importer": ".",
        "steps": [{"name": "c", "specifier": "^2", "kind": "prod", "id": "c@2.0.0"}],
    }
    assert tool["steps"][1] == {
        "name": "c",
        "specifier": ">=1",
        "kind": "peer",
        "id": "c@2.0.0",
        "provider": "package.json",
    }
    (reason,) = installed.graft("explain", "old", "--json").json
    assert reason["id"] == "c@1.0.0"


def test_why_says_what_decided_besides_the_specifier(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1", "plugin": "1"})
    registry.publish("b@1.0.0")
    registry.publish("b@2.0.0")
    registry.publish("plugin@1.0.0", peers={"host": ">=1", "b": "*"})
    registry.publish("host@1.0.0")
    project.manifest(
        dependencies={"a": "catalog:"},
        overrides={"a": {"b": "2.0.0"}},
        workspaces={"packages": [], "catalog": {"a": "^1"}},
    )
    project.graft("install")
    assert project.graft("why", "b").stdout.splitlines()[1:3] == [
        "  package.json asks for a@^1 (catalog:): a@1.0.0",
        "    a@1.0.0 asks for b@^1, which an override makes 2.0.0: b@2.0.0",
    ]
    (reason,) = project.graft("why", "b", "--json").json
    assert reason["chains"][0]["steps"][0]["catalog"] == "catalog:"
    assert reason["chains"][0]["steps"][1]["override"] == "2.0.0"
    assert (
        project.graft("why", "host")
        .stdout.splitlines()[-1]
        .endswith("asks for the peer host@>=1: host@1.0.0, which was added, as nobody provides it")
    )
    # Rules that are no longer those of the lock decided nothing there.
    project.manifest(overrides={"a": {"b": "1.0.0"}})
    assert "override" not in project.graft("why", "b").stdout


def test_store_path(project: Project) -> None:
    assert project.graft("store", "path").stdout == f"{project.store}\n"
    assert project.graft("store", "path", "--json").json == {"path": str(project.store)}
