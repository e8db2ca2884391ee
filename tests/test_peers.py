"""Peers: who meets them along which path, and what is added where nobody does."""

from __future__ import annotations

from typing import Any

from harness.project import Project
from harness.registry import LocalRegistry


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


def required(project: Project, *path: str) -> str:
    """``required(p, "a", "b")``: the version of b that the project's a gets."""
    chain = "".join(f".requires('{name}')" for name in path[1:])
    return project.node(f"console.log(require('{path[0]}'){chain}.version)")


def publish(registry: LocalRegistry, name: str, *versions: str, **facts: Any) -> None:
    for version in versions:
        registry.publish(f"{name}@{version}", **facts)


def test_a_peer_is_what_the_project_has(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": ">=16"})
    project.manifest(dependencies={"dom": "1", "react": "17.0.0"})
    project.graft("install")
    assert nodes(project) == {"dom@1.0.0(react@17.0.0)", "react@17.0.0"}
    assert required(project, "dom", "react") == "17.0.0"


def test_the_nearest_provider_wins(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "*"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1", "react": "17.0.0"})
    project.manifest(dependencies={"kit": "1", "dom": "1", "react": "18.0.0"})
    project.graft("install")
    assert required(project, "kit", "dom", "react") == "17.0.0"
    assert required(project, "dom", "react") == "18.0.0"


def test_a_package_can_be_the_peer_of_what_it_depends_on(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "host", "1.0.0", dependencies={"plugin": "1"})
    publish(registry, "host", "2.0.0")
    registry.publish("plugin@1.0.0", peers={"host": "*"})
    project.manifest(dependencies={"old": "npm:host@1.0.0", "host": "2.0.0"})
    project.graft("install")
    assert required(project, "old", "plugin", "host") == "1.0.0"


def test_two_contexts_of_one_package_through_a_package_between(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("hooks@1.0.0", peers={"react": "*"})
    registry.publish("between@1.0.0", dependencies={"hooks": "1"})
    for name, version in (("one", "17.0.0"), ("two", "18.0.0")):
        registry.publish(f"{name}@1.0.0", dependencies={"between": "1", "react": version})
    project.manifest(dependencies={"one": "1", "two": "1"})
    project.graft("install")
    assert {id for id in nodes(project) if id.startswith(("hooks", "between"))} == {
        "hooks@1.0.0(react@17.0.0)",
        "hooks@1.0.0(react@18.0.0)",
        "between@1.0.0(react@17.0.0)",
        "between@1.0.0(react@18.0.0)",
    }
    assert required(project, "one", "between", "hooks", "react") == "17.0.0"
    assert required(project, "two", "between", "hooks", "react") == "18.0.0"
    places = project.node(
        "for (const n of ['one', 'two'])"
        " console.log(require(n).requires('between').requires('hooks').filename)"
    )
    assert len(set(places.split())) == 2
    # The bytes are there once.
    assert registry.count("/hooks/-/hooks-1.0.0.tgz") == 1


def test_a_missing_peer_is_installed_for_who_misses_it_alone(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^17.0.0"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1"})
    project.manifest(dependencies={"kit": "1"})
    assert project.graft("install", "--json").json["notes"] == []
    assert required(project, "kit", "dom", "react") == "17.0.0"
    assert set(project.links()) == {"app", "kit"}


def test_one_version_serves_all_who_miss_a_peer(project: Project, registry: LocalRegistry) -> None:
    publish(registry, "react", "16.0.0", "17.0.0", "18.0.0")
    registry.publish("a@1.0.0", peers={"react": ">=16"})
    registry.publish("b@1.0.0", peers={"react": "^16 || ^17"})
    registry.publish("c@1.0.0", peers={"react": "^17.0.0"})
    project.manifest(dependencies={"a": "1", "b": "1", "c": "1"})
    project.graft("install")
    assert {id for id in nodes(project) if id.startswith("react")} == {"react@17.0.0"}


def test_two_versions_serve_those_who_cannot_agree(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "17.0.0", "18.0.0")
    registry.publish("a@1.0.0", peers={"react": "^17"})
    registry.publish("b@1.0.0", peers={"react": "^18"})
    project.manifest(dependencies={"a": "1", "b": "1"})
    assert project.graft("install", "--json").json["notes"] == []
    assert required(project, "a", "react") == "17.0.0"
    assert required(project, "b", "react") == "18.0.0"


def test_optional_peers_are_used_when_there_and_left_alone_when_not(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "ts", "5.0.0")
    registry.publish("a@1.0.0", peers={"ts": "^5", "vue": "*"}, optional_peers=["ts", "vue"])
    project.manifest(dependencies={"a": "1"})
    assert project.graft("install", "--json").json["notes"] == []
    assert nodes(project) == {"a@1.0.0"}
    assert registry.count("/ts") == registry.count("/vue") == 0
    project.manifest(devDependencies={"ts": "5"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0(ts@5.0.0)", "ts@5.0.0"}
    assert required(project, "a", "ts") == "5.0.0"


def test_peers_of_missing_peers_are_added_too(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", peers={"b": "1"})
    registry.publish("b@1.0.0", peers={"c": "1"}, dependencies={"d": "1"})
    registry.publish("c@1.0.0")
    registry.publish("d@1.0.0", peers={"a": "*"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert required(project, "a", "b", "c") == "1.0.0"
    assert required(project, "a", "b", "d", "a") == "1.0.0"


def test_packages_may_be_peers_of_each_other(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", peers={"b": "1"})
    registry.publish("b@1.0.0", peers={"a": "1"})
    project.manifest(dependencies={"a": "1", "b": "1"})
    project.graft("install")
    assert len(nodes(project)) == 2
    script = """const a = require('a'), b = require('b')
    console.log(a.requires('b') === b, b.requires('a') === a)"""
    assert project.node(script) == "true true"


def test_hazard_8_dependency_cycles_that_provide_peers_to_each_other_end(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "1", "p": "1.0.0"}, peers={"q": "*"})
    registry.publish("b@1.0.0", dependencies={"a": "1", "q": "2.0.0"}, peers={"p": "*"})
    publish(registry, "p", "1.0.0", "2.0.0", peers={"q": "*"})
    publish(registry, "q", "1.0.0", "2.0.0", peers={"p": "*"})
    project.manifest(dependencies={"a": "1", "q": "1.0.0", "b": "1", "p": "2.0.0"})
    project.graft("install", timeout=20)
    assert required(project, "a", "q") == "1.0.0"
    assert required(project, "b", "p") == "2.0.0"
    assert required(project, "a", "b", "p") == "1.0.0"
    assert required(project, "a", "b", "a", "q") == "2.0.0"
    assert required(project, "b", "a", "b", "a", "q") == "2.0.0"


def test_packages_on_a_cycle_share_the_peer_that_one_of_them_provides(
    project: Project, registry: LocalRegistry
) -> None:
    """b below e must get the a that e has, which has e for a peer, and not the project's a."""
    registry.publish("a@1.0.0", peers={"e": "*"}, optional_peers=["e"])
    registry.publish("b@1.0.0", dependencies={"e": "1"}, peers={"a": "*"})
    registry.publish("e@1.0.0", dependencies={"a": "1", "b": "1"})
    project.manifest(dependencies={"a": "1", "b": "1"})
    project.graft("install")
    script = """const e = require('b').requires('e'), b = e.requires('b')
    console.log(b.requires('a') === e.requires('a'), b.requires('a') !== require('a'))
    console.log(e.requires('a').requires('e') === e, b.requires('e') === e)"""
    assert project.node(script) == "true true\ntrue true"


def test_hazard_30_a_peer_out_of_range_is_noted_in_json(
    project: Project, registry: LocalRegistry
) -> None:
    publish(registry, "react", "17.0.0")
    registry.publish("dom@1.0.0", peers={"react": "^18"})
    registry.publish("kit@1.0.0", dependencies={"dom": "1"})
    project.manifest(dependencies={"kit": "1", "react": "17.0.0"})
    said = project.graft("install", "--json").json
    assert said["notes"] == [
        {
            "code": "peer-mismatch",
            "message": "dom@1.0.0 asks for react@^18, got react@17.0.0",
            "where": "kit@1.0.0 > dom@1.0.0",
        }
    ]
    assert required(project, "kit", "dom", "react") == "17.0.0"


def test_a_peer_that_does_not_exist_is_noted(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", peers={"absent": "1", "b": "^9", "git": "owner/repository"})
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "1"})
    notes = project.graft("install", "--json").json["notes"]
    assert [(note["code"], note["message"].split("'")[0]) for note in notes] == [
        ("peer-missing", "no version of absent is in "),
        ("peer-missing", "no version of b is in "),
        ("peer-missing", "no version of git is in "),
    ]
    assert nodes(project) == {"a@1.0.0"}


def test_a_prerelease_of_the_host_satisfies_a_peer(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("react@19.0.0-canary.1")
    registry.publish("dom@1.0.0", peers={"react": ">=18"})
    project.manifest(dependencies={"dom": "1", "react": "19.0.0-canary.1"})
    assert project.graft("install", "--json").json["notes"] == []
