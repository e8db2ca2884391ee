"""``graft why-not``: what keeps a version away, and edits that bring it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


def ask(project: Project, *arguments: str) -> dict[str, Any]:
    """The answer; its exit code says whether something forbids the version."""
    done = project.graft("why-not", *arguments, "--json", check=False)
    assert done.code == int(done.json["forbidden"])
    return dict(done.json)


def codes(said: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in said["reasons"]]


def carry_out(project: Project, said: dict[str, Any]) -> None:
    """What was proposed brings the version to all who ask."""
    for edit in said["edits"]:
        project.graft(*shlex.split(edit)[1:], "--lockfile-only")
    after = ask(project, f"{said['name']}@{said['version']}")
    assert set(codes(after)) == {"present"} and after["edits"] == []


@pytest.fixture
def locked(project: Project, registry: LocalRegistry) -> Project:
    """``top`` > ``kit`` > ``b``, and ``b`` itself, all at 1.0.0; others of ``b`` came since."""
    registry.max_age = 0
    registry.publish("top@1.0.0", dependencies={"kit": "^1"})
    registry.publish("kit@1.0.0", dependencies={"b": "~1.0.0"})
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"top": "1", "b": "^1"})
    project.graft("install", "--lockfile-only")
    for version in ("1.0.1", "1.2.0", "1.5.0", "2.0.0-rc.1", "2.0.0"):
        registry.publish(f"b@{version}")
    return project


def test_a_requirement_that_leaves_it_out_is_named_with_the_way_to_it(
    locked: Project, registry: LocalRegistry
) -> None:
    registry.publish("ahead@1.0.0", dependencies={"top": "1"})
    locked.manifest(dependencies={"ahead": "1", "top": "1", "b": "^1"})
    locked.graft("install", "--lockfile-only")
    before = snapshot(locked.dir)
    done = locked.graft("why-not", "b@2", check=False)
    assert (done.code, done.stdout.splitlines()) == (
        1,
        [
            "b@2.0.0: the lock has 1.0.0",
            "  requirement  package.json asks for b@^1; it has b@1.0.0",
            "  requirement  kit@1.0.0 asks for b@~1.0.0; it has b@1.0.0",
            "               top@1.0.0 > kit@1.0.0",
            "do  graft add b@^2.0.0",
            'do  add to package.json: "overrides": {"kit": {"b": "2.0.0"}}',
        ],
    )
    said = ask(locked, "b@2.0.0")
    assert (said["name"], said["version"], said["here"]) == ("b", "2.0.0", ["1.0.0"])
    assert said["reasons"][1]["chain"] == {
        "importer": ".",
        "steps": [
            {"name": "top", "specifier": "1", "kind": "prod", "id": "top@1.0.0"},
            {"name": "kit", "specifier": "^1", "kind": "prod", "id": "kit@1.0.0"},
            {"name": "b", "specifier": "~1.0.0", "kind": "prod", "id": "b@1.0.0"},
        ],
    }
    assert said["reasons"][1]["text"] == ["kit@1.0.0 asks for b@~1.0.0; it has b@1.0.0"]
    assert snapshot(locked.dir) == before
    locked.graft("add", "b@^2.0.0", "--lockfile-only")
    locked.manifest(overrides={"kit": {"b": "2.0.0"}})
    locked.graft("install", "--lockfile-only")
    assert codes(ask(locked, "b@2.0.0")) == ["present", "present"]


def test_what_the_lock_alone_keeps_away_takes_an_update(locked: Project) -> None:
    said = ask(locked, "b@1.0.1")
    assert [reason["forbids"] for reason in said["reasons"]] == [False, False]
    assert codes(said) == ["preferred", "locked"]
    assert said["reasons"][0]["text"][0].endswith("it has b@1.0.0, and an update gives it 1.5.0")
    assert said["reasons"][1]["text"][0].endswith("which admits it: the lock keeps b@1.0.0")
    assert said["edits"] == ["graft update b", "graft add b@1.0.1"]
    carry_out(locked, said)


def test_what_forbids_is_said_first(locked: Project) -> None:
    assert codes(ask(locked, "b@1.5.0")) == ["requirement", "locked"]


def test_who_stops_asking_got_nothing(locked: Project, registry: LocalRegistry) -> None:
    """So that is no edit that brings the version."""
    registry.publish("top@2.0.0")
    assert ask(locked, "b@1.0.1")["edits"] == ["graft update b", "graft add b@1.0.1"]
    assert "top" not in " ".join(ask(locked, "b@2")["edits"])


def test_the_registry_is_asked_anew(locked: Project, registry: LocalRegistry) -> None:
    registry.max_age = 600
    assert ask(locked, "b")["version"] == "2.0.0"
    registry.publish("b@3.0.0")
    assert ask(locked, "b")["version"] == "3.0.0"


@pytest.mark.parametrize(
    ("newer", "edits"),
    [
        ("kit@1.1.0", ["graft update kit b", "graft add b@^2.0.0"]),
        ("top@1.1.0", ["graft add b@^2.0.0", "graft add top@^1.1.0"]),
        ("top@3.0.0", ["graft add b@^2.0.0", "graft add top@^3.0.0"]),
    ],
)
def test_newer_versions_of_who_asks_come_before_overrides(
    locked: Project, registry: LocalRegistry, newer: str, edits: list[str]
) -> None:
    registry.publish("kit@2.0.0", dependencies={"b": "^2"})
    asks = {"b": "^2"} if newer.startswith("kit") else {"kit": "^2"}
    registry.publish(newer, dependencies=asks)
    registry.publish("top@4.0.0", dependencies={"kit": "^2"} if newer == "top@1.1.0" else {})
    registry.tag("top", "latest", "3.0.0" if newer == "top@3.0.0" else "4.0.0")
    if newer.startswith("top"):
        locked.manifest(dependencies={"top": "~1.0.0", "b": "^1"})
        locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2")
    assert sorted(said["edits"]) == sorted(edits) and said["without"] == []
    carry_out(locked, said)


def test_what_an_override_decides(locked: Project) -> None:
    locked.manifest(overrides={"b": "1.0.0"}, dependencies={"top": "1"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@1.0.1")
    (reason,) = said["reasons"]
    assert reason["code"] == "override" and reason["forbids"]
    assert reason["text"] == [
        "kit@1.0.0 asks for b@~1.0.0, which an override makes 1.0.0; it has b@1.0.0"
    ]
    assert said["edits"] == ['set in package.json: "overrides": {"b": "1.0.1"}']


def test_what_an_override_takes_away(locked: Project) -> None:
    locked.manifest(pnpm={"overrides": {"kit>b": "-"}}, dependencies={"top": "1"})
    locked.graft("install", "--lockfile-only")
    (reason,) = ask(locked, "b@1.0.1")["reasons"]
    assert reason["code"] == "override"
    assert reason["chain"]["steps"][-1]["override"] == "-"
    assert reason["text"] == [
        "kit@1.0.0 asks for b@~1.0.0, which an override takes away; it has nothing"
    ]


def test_what_a_catalog_decides(locked: Project) -> None:
    locked.manifest(
        dependencies={"b": "catalog:"}, workspaces={"packages": ["m"], "catalog": {"b": "^1"}}
    )
    locked.manifest("m", dependencies={"b": "catalog:"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2")
    assert codes(said) == ["catalog", "catalog"]
    assert said["edits"] == ['set in the catalog (catalog:): "b": "^2.0.0"']
    assert said["reasons"][1]["chain"]["importer"] == "m"


def test_lines_of_members_and_aliases(locked: Project) -> None:
    locked.manifest(workspaces=["m"], dependencies={})
    locked.manifest("m", devDependencies={"old": "npm:b@^1"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b")
    assert said["reasons"][0]["text"][0].startswith("m/package.json asks for old@npm:b@^1")
    assert said["edits"] == ["graft -C m add old@npm:b@^2.0.0"]
    carry_out(locked, said)
    assert locked.json("m/package.json")["devDependencies"] == {"old": "npm:b@^2.0.0"}


def test_prereleases_tags_and_other_sources(locked: Project, registry: LocalRegistry) -> None:
    locked.manifest(dependencies={"b": ">=1.5.0"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2.0.0-rc.1")
    assert codes(said) == ["prerelease"] and said["edits"] == ["graft add b@2.0.0-rc.1"]
    registry.tag("b", "old", "1.2.0")
    locked.manifest(dependencies={"b": "old"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@1.5.0")
    assert codes(said) == ["tag"] and "a tag that names 1.2.0" in said["reasons"][0]["text"][0]
    assert ask(locked, "b@old")["reasons"][0]["code"] == "present"
    locked.write("../beside/package.json", {"name": "b", "version": "2.0.0"})
    locked.manifest(dependencies={"b": "link:../beside"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2.0.0")
    assert codes(said) == ["elsewhere"] and said["edits"] == ["graft add b@^2.0.0"]
    locked.manifest(dependencies={"lib": "link:../beside"})
    locked.graft("install", "--lockfile-only")
    assert ask(locked, "b@2.0.0")["edits"] == ["graft add lib@npm:b@^2.0.0"]


def test_peers_bring_a_note_or_forbid(locked: Project, registry: LocalRegistry) -> None:
    registry.publish("plugin@1.0.0", peers={"b": "^1"})
    locked.manifest(dependencies={"plugin": "1", "b": "^1"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2")
    assert codes(said) == ["requirement", "peer"] and not said["reasons"][1]["forbids"]
    assert (said["edits"], said["without"]) == (["graft add b@^2.0.0"], [])
    said = ask(locked, "b@1.2.0")
    assert codes(said) == ["preferred", "preferred"] and said["edits"] == ["graft add b@1.2.0"]
    locked.write(".npmrc", "strict-peer-deps=true\n")
    assert ask(locked, "b@2")["reasons"][1]["forbids"]
    locked.manifest(dependencies={"plugin": "1", "b": "^2"})
    locked.graft("install", "--lockfile-only", "--no-strict-peer-deps")
    assert codes(ask(locked, "b@1.5.0")) == ["requirement", "locked"]
    # Nobody provides it: it was added, and the project can say which.
    locked.manifest(dependencies={"plugin": "1"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@1.2.0")
    assert said["reasons"][0]["text"][0].endswith("which was added, as nobody provides it")
    assert said["edits"] == ["graft add b@1.2.0"]
    carry_out(locked, said)


def test_what_nobody_asks_for(locked: Project, registry: LocalRegistry) -> None:
    registry.publish("c@1.0.0", os=["nowhere"], engines={"node": ">=900"}, deprecated="use b")
    registry.publish("d@1.0.0")
    said = ask(locked, "c")
    assert codes(said)[:3] == ["unasked", "deprecated", "platform"] and said["forbidden"]
    said = ask(locked, "d")
    assert (codes(said), said["here"]) == (["unasked"], [])
    assert said["edits"] == ["graft add d@^1.0.0"]
    carry_out(locked, said)


def test_what_there_is_not(locked: Project) -> None:
    said = ask(locked, "b@1.3.0")
    assert (codes(said), said["version"]) == (["no-such-version"], "")
    assert said["reasons"][0]["text"][-1] == "the nearest are 1.2.0 and 1.5.0"
    assert ask(locked, "b@9.0.0")["reasons"][0]["text"][-1] == "the nearest is 2.0.0"
    assert ask(locked, "b@lates")["reasons"][0]["text"][-1] == "did you mean 'latest'?"
    failed = locked.graft("why-not", "kitt", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (21, "package-not-found")
    assert failed.json["error"]["fix"] == "did you mean 'kit'?"
    failed = locked.graft("why-not", "b@file:../b", "--json", check=False)
    assert failed.json["error"]["code"] == "source-unsupported"


def test_package_json_counts_where_the_lock_does_not_answer_it(locked: Project) -> None:
    locked.manifest(dependencies={"b": "^2"})
    before = locked.lock
    said = ask(locked, "b@1.5.0")
    assert said["reasons"][0]["text"] == ["package.json asks for b@^2; it has b@2.0.0"]
    assert codes(ask(locked, "b@2")) == ["present"] and locked.lock == before


def test_without_a_lock_there_is_nothing_to_explain(project: Project) -> None:
    failed = project.graft("why-not", "a", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (10, "lock-missing")


def test_who_cannot_be_helped_is_named(locked: Project) -> None:
    locked.manifest(resolutions={"b": "1.0.0"})
    locked.graft("install", "--lockfile-only")
    said = ask(locked, "b@2")
    assert codes(said) == ["override", "override"]
    assert said["edits"] == ['add to package.json: "overrides": {"kit": {"b": "2.0.0"}}']
    assert said["without"] == ["package.json"]
