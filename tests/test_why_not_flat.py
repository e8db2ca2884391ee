"""Why a version is not there where there is one of each package: the solver is asked for it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def flat(project: Project, registry: LocalRegistry) -> Project:
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        registry.publish(f"lib@{version}")
    registry.publish("app@1.0.0", dependencies={"lib": "^1.0.0"})
    registry.publish("app@2.0.0", dependencies={"lib": "^2.0.0"})
    project.manifest(resolution="flat", dependencies={"app": "^1.0.0"})
    project.graft("install")
    return project


def why_not(project: Project, wanted: str) -> dict[str, Any]:
    return dict(project.graft("why-not", wanted, "--json", check=False).json)


def test_what_others_ask_for_is_a_derivation(flat: Project) -> None:
    found = why_not(flat, "lib@2")
    (reason,) = found["reasons"]
    assert (found["forbidden"], reason["code"], found["here"]) == (True, "conflict", ["1.5.0"])
    assert reason["text"] == [
        "if the project asked for lib@2.0.0 as well:",
        "Because the project wants lib@2.0.0, and app 1.0.0 asks for lib@^1.0.0, app 1.0.0 cannot "
        "be chosen.",
        "And because the project asks for app@^1.0.0, there is no answer.",
    ]
    assert found["edits"][0] == 'ask for "app": "^2.0.0"'
    assert not any(edit.startswith('ask for "lib"') for edit in found["edits"])


def test_the_projects_own_line_is_a_reason_by_itself(flat: Project) -> None:
    found = why_not(flat, "app@2.0.0")
    (reason,) = found["reasons"]
    assert (reason["code"], reason["forbids"]) == ("requirement", True)
    assert reason["text"] == [
        "the project asks for app@^1.0.0 itself",
        "with it, lib is upgraded from 1.5.0 to 2.0.0",
    ]
    assert found["edits"] == ["graft add app@2.0.0"]
    flat.graft("add", "app@2.0.0")
    assert why_not(flat, "app@2.0.0")["reasons"] == [
        {"code": "present", "forbids": False, "text": ["the lock has it"]}
    ]


def test_what_nothing_forbids_is_said_as_such(flat: Project) -> None:
    result = flat.graft("why-not", "lib@1.0.0", check=False)
    assert result.code == 0
    assert "nothing forbids it" in result.stdout
    assert "do  graft add lib@1.0.0" in result.stdout
