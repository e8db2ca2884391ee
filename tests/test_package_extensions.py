"""``packageExtensions``: what a project adds to packages that forgot to say it."""

from __future__ import annotations

from typing import Any

import pytest

from graft.project.known_extensions import KNOWN, known_extensions
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    """``lax`` needs dep, and its second version host, and says neither."""
    registry.publish("lax@1.0.0")
    registry.publish("lax@2.0.0", dependencies={"own": "1"}, peers={"host": "1"})
    registry.publish("own@1.0.0")
    registry.publish("own@2.0.0")
    registry.publish("other@1.0.0", dependencies={"own": "*"})
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.publish(f"dep@{version}")
    registry.publish("host@1.0.0")


def extended(project: Project, extensions: Any, version: str = "1", **fields: Any) -> Any:
    """The lock's line for lax."""
    project.manifest(
        dependencies={"lax": version, "other": "1"}, packageExtensions=extensions, **fields
    )
    project.graft("install")
    assert project.graft("ci", "--json").json["upToDate"]
    return project.lock["nodes"][next(id for id in project.lock["nodes"] if id.startswith("lax@"))]


@pytest.mark.parametrize("place", ["packageExtensions", "pnpm", "yaml"])
def test_a_dependency_is_added(project: Project, place: str) -> None:
    said = {"lax@1": {"dependencies": {"dep": "^1"}}}
    if place == "yaml":
        text = "packageExtensions:\n  lax@1:\n    dependencies:\n      dep: ^1\n"
        project.write("pnpm-workspace.yaml", text)
        line = extended(project, {})
    elif place == "pnpm":
        line = extended(project, {}, pnpm={"packageExtensions": said})
    else:
        line = extended(project, said)
    assert line["dependencies"] == {"dep": ["^1", "dep@1.1.0"]}
    assert project.lock["extensions"] == said
    assert project.node("console.log(require('lax').requires('dep').version)") == "1.1.0"


def test_it_counts_for_the_versions_in_its_range(project: Project) -> None:
    line = extended(project, {"lax@1": {"dependencies": {"dep": "^1"}}}, version="2")
    assert "dep" not in line["dependencies"]


def test_what_a_package_says_itself_stays(project: Project) -> None:
    said = {"dependencies": {"own": "2", "host": "1", "dep": "2"}}
    line = extended(project, {"lax": said}, version="2")
    assert line["dependencies"] == {
        "dep": ["2", "dep@2.0.0"],
        "host": ["1", "host@1.0.0"],
        "own": ["1", "own@1.0.0"],
    }
    assert "peers" not in line


def test_peers_are_added_and_made_optional(project: Project) -> None:
    said = {
        "peerDependencies": {"dep": "^1"},
        "peerDependenciesMeta": {"host": {"optional": True}, "own": {"optional": True}},
    }
    line = extended(project, {"lax": said}, version="2")
    assert line["peers"] == {"dep": ["^1", "dep@1.1.0"]}
    assert line["optionalPeers"] == {"host": ["1"]}
    assert line["dependencies"] == {"own": ["1", "own@1.0.0"]}


def test_an_optional_dependency_is_added(project: Project) -> None:
    line = extended(project, {"lax": {"optionalDependencies": {"dep": "^1", "absent": "1"}}})
    assert line["optional"] == {"absent": ["1"], "dep": ["^1", "dep@1.1.0"]}


def test_an_override_decides_about_what_was_added(project: Project) -> None:
    said = {"lax": {"dependencies": {"dep": "^1"}}}
    line = extended(project, said, overrides={"lax": {"dep": "2.0.0"}})
    assert line["dependencies"] == {"dep": ["^1", "dep@2.0.0"]}


def test_a_change_concerns_the_package_that_it_is_about(
    project: Project, registry: LocalRegistry
) -> None:
    registry.max_age = 0
    extended(project, {"lax": {"dependencies": {"dep": "~1.0.0"}}})
    registry.publish("lax@1.9.0")
    registry.publish("lax@1.0.0", files={"more.js": ""})
    integrity = project.lock["nodes"]["lax@1.0.0"]["integrity"]
    registry.publish("other@1.9.0")
    registry.publish("own@2.9.0")
    project.manifest(packageExtensions={"lax": {"dependencies": {"dep": "^1"}}})
    error = project.graft("ci", "--json", check=False).json["error"]
    assert error["why"] == [
        'package.json extends lax with \'{"dependencies":{"dep":"^1"}}\', and the lock was made '
        'with \'{"dependencies":{"dep":"~1.0.0"}}\''
    ]
    registry.clear_log()
    project.graft("install")
    assert {request.path for request in registry.requests} == {"/lax"}
    # Its version and its bytes stay, and so do those of all others.
    assert project.lock["nodes"]["lax@1.0.0"]["integrity"] == integrity
    assert sorted(project.lock["nodes"]) == [
        *("dep@1.0.0", "lax@1.0.0", "other@1.0.0", "own@2.0.0"),
    ]
    assert project.lock["nodes"]["lax@1.0.0"]["dependencies"] == {"dep": ["^1", "dep@1.0.0"]}
    project.manifest(packageExtensions={})
    project.graft("install")
    assert project.lock["nodes"]["lax@1.0.0"].keys() == {"integrity"}
    assert "extensions" not in project.lock


def test_the_lock_of_another_tool_keeps_what_it_gave_to_what_was_added(project: Project) -> None:
    said = {"lax": {"dependencies": {"dep": "^1"}}}
    packages = {
        "": {"dependencies": {"lax": "1"}},
        "node_modules/lax": {"version": "1.0.0", "dependencies": {"dep": "^1"}},
        "node_modules/dep": {"version": "1.0.0"},
    }
    project.manifest(dependencies={"lax": "1"}, packageExtensions=said)
    project.write("package-lock.json", {"lockfileVersion": 3, "packages": packages})
    project.graft("install")
    assert project.lock["nodes"]["lax@1.0.0"]["dependencies"] == {"dep": ["^1", "dep@1.0.0"]}


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ({"lax": "1"}, "it is not an object"),
        ({"../lax": {}}, "'../lax' is not a package name"),
        ({"lax@next": {}}, "'next' is not a range"),
        ({"lax": {"devDependencies": {}}}, "devDependencies cannot be extended"),
        ({"lax": {"dependencies": ["dep"]}}, "dependencies is not an object of name: version"),
        (
            {"lax": {"dependencies": {"dep": 1}}},
            "'dep' in dependencies is not a name and a version",
        ),
        (
            {"lax": {"peerDependenciesMeta": "dep"}},
            "peerDependenciesMeta is not an object of names",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(project: Project, said: Any, about: str) -> None:
    project.manifest(dependencies={"lax": "1"}, packageExtensions=said)
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (28, "extension-unsupported")
    assert error["message"].endswith(about)
    assert error["why"] == ["it stands in packageExtensions"]


def test_two_places_that_differ_are_both_named(project: Project) -> None:
    project.manifest(
        dependencies={"lax": "1"},
        packageExtensions={"lax": {"dependencies": {"dep": "1"}}},
        pnpm={"packageExtensions": {"lax": {"dependencies": {"dep": "2"}}}},
    )
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (27, "override-conflict")
    assert error["why"] == [
        'packageExtensions says {"dependencies":{"dep":"1"}}',
        'pnpm.packageExtensions says {"dependencies":{"dep":"2"}}',
    ]


# What graft knows of well-known packages


def test_what_a_known_package_asks_of_the_project_is_found(
    project: Project, registry: LocalRegistry
) -> None:
    """The hazard: express asks for the view engine that the project chose, and declares none."""
    registry.publish("express@4.0.0", files={"index.js": "module.exports = require('ejs')"})
    registry.publish("ejs@3.0.0", files={"index.js": "module.exports = 'rendered'"})
    project.manifest(dependencies={"express": "4", "ejs": "3"})
    project.graft("install")
    assert project.node("console.log(require('express'))") == "rendered"
    assert "extensions" not in project.lock


def test_what_a_known_package_asks_of_the_project_may_be_absent(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("express@4.0.0")
    project.manifest(dependencies={"express": "4"})
    assert project.graft("install", "--json").json["packages"] == 1


def test_what_a_project_says_of_a_known_package_comes_first(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("express@4.0.0")
    registry.publish("ejs@3.0.0")
    registry.publish("ejs@2.0.0")
    said = {"express": {"dependencies": {"ejs": "2"}}}
    project.manifest(dependencies={"express": "4", "ejs": "3"}, packageExtensions=said)
    project.graft("install")
    assert project.lock["nodes"]["express@4.0.0"]["dependencies"] == {"ejs": ["2", "ejs@2.0.0"]}


def test_every_known_extension_is_one() -> None:
    assert set(known_extensions().texts) == set(KNOWN)
