"""What a user is told when there is no answer: the code, who asks, and what would mend it."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


def test_no_matching_version_says_who_asks(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0", dependencies={"c": "^9"})
    registry.publish("c@1.2.0")
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("install", check=False)
    assert failed.code == 20 and failed.stdout == ""
    assert "no-matching-version: no version of c is in '^9'" in failed.stderr
    assert "a@1.0.0 > b@1.0.0 asks for c@^9" in failed.stderr
    assert "the newest version is 1.2.0" in failed.stderr
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (20, "no-matching-version")
    assert error["why"] == ["a@1.0.0 > b@1.0.0 asks for c@^9", "the newest version is 1.2.0"]
    assert not project.exists("graft-lock.json") and not project.exists("node_modules")


def test_no_matching_version_of_the_project_itself(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.1.0-rc.1", tag="next")
    project.manifest(dependencies={"a": "^2.0.0"})
    error = project.graft("install", "--json", check=False).json["error"]
    assert error["why"] == [
        "package.json asks for a@^2.0.0",
        "the newest version is 1.0.0",
        "2.1.0-rc.1 would match, but a range has to name a prerelease to get one",
    ]
    assert error["fix"] == "ask for a@^1.0.0"


def test_an_unknown_tag_lists_the_tags_that_there_are(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0-rc.1", tag="next")
    project.manifest(devDependencies={"a": "nxt"})
    error = project.graft("install", "--json", check=False).json["error"]
    assert error["message"] == "a has no dist-tag 'nxt'"
    assert "its tags are latest (1.0.0), next (2.0.0-rc.1)" in error["why"]


def test_package_not_found_says_who_asks(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"absent": "1"})
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (21, "package-not-found")
    assert error["why"][0] == "a@1.0.0 asks for absent@1"


@pytest.mark.parametrize("kind", ["workspace", "catalog"])
def test_what_only_a_workspace_knows_is_refused_in_a_package(
    project: Project, registry: LocalRegistry, kind: str
) -> None:
    registry.publish("a@1.0.0", dependencies={"x": f"{kind}:*"})
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (24, "source-unsupported")
    assert f"is a {kind} source" in error["message"]
    assert error["where"] == "a@1.0.0"


def test_a_tag_on_something_that_is_no_version_is_no_answer(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@not-a-version", tag="odd")
    project.manifest(dependencies={"a": "odd"})
    assert project.graft("install", check=False).code == 20
    project.manifest(dependencies={"a": "*"})
    assert project.graft("install", "--json").json["direct"] == {"a": "1.0.0"}


@pytest.mark.parametrize("alias", ["npm:../../evil@1", "npm:@../evil", "npm:node_modules@*"])
def test_an_alias_of_something_that_is_no_name_is_refused(
    project: Project, registry: LocalRegistry, alias: str
) -> None:
    registry.publish("a@1.0.0", dependencies={"x": alias})
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"], error["where"]) == (26, "bad-specifier", "a@1.0.0")
