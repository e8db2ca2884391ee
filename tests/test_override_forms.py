"""yarn's ``resolutions`` and pnpm's ``overrides``: the same rules, written otherwise."""

from __future__ import annotations

import os
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

SHOW = (
    "const m = process.argv.slice(1).reduce((at, name) => at.requires(name), {requires: require});"
)


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    """a -> mid -> leaf and z -> leaf; the project asks for leaf as well."""
    registry.publish("a@1.0.0", dependencies={"@s/mid": "^1", "leaf": "~1.0.0"})
    registry.publish("@s/mid@1.0.0", dependencies={"leaf": "^1"})
    registry.publish("z@1.0.0", dependencies={"leaf": "^1"})
    for version in ("1.0.0", "1.5.0", "2.0.0", "3.0.0"):
        registry.publish(f"leaf@{version}")


PATHS = ("a>leaf", "a>@s/mid>leaf", "z>leaf", "leaf")


def loaded(project: Project) -> list[str]:
    """What node loads as leaf, on each of the paths."""
    script = f"{SHOW} console.log(m.version)"
    return [project.node(script, *path.split(">")) for path in PATHS]


def install(project: Project, **fields: Any) -> None:
    project.manifest(dependencies={"a": "1", "z": "1", "leaf": "^1"}, **fields)
    project.graft("install")
    assert project.graft("ci", "--json").json["upToDate"]
    project.remove("node_modules")
    project.graft("ci")


def refused(project: Project) -> tuple[str, str, list[str]]:
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert failed.code
    assert not project.exists("graft-lock.json")
    return error["code"], error["message"], error.get("why", [])


@pytest.mark.parametrize(
    ("resolutions", "wanted"),
    [
        # Without a parent, the project's own lines are meant as well.
        ({"leaf": "2.0.0"}, ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
        ({"**/leaf": "2.0.0"}, ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
        ({"leaf@npm:^1": "2.0.0"}, ["1.0.0", "2.0.0", "2.0.0", "2.0.0"]),
        ({"leaf@npm:~1.0.0": "2.0.0"}, ["2.0.0", "1.5.0", "1.5.0", "1.5.0"]),
        ({"a/leaf": "2.0.0"}, ["2.0.0", "1.5.0", "1.5.0", "1.5.0"]),
        ({"a/**/leaf": "2.0.0"}, ["2.0.0", "2.0.0", "1.5.0", "1.5.0"]),
        ({"**/@s/mid/leaf": "2.0.0"}, ["1.0.0", "2.0.0", "1.5.0", "1.5.0"]),
        ({"a/@s/mid/leaf": "2.0.0"}, ["1.0.0", "2.0.0", "1.5.0", "1.5.0"]),
        ({"@s/mid@npm:1.0.0/leaf": "2.0.0"}, ["1.0.0", "2.0.0", "1.5.0", "1.5.0"]),
        ({"@s/mid@npm:2.0.0/leaf": "2.0.0"}, ["1.0.0", "1.5.0", "1.5.0", "1.5.0"]),
        ({"z/leaf": "npm:leaf@3"}, ["1.0.0", "1.5.0", "3.0.0", "1.5.0"]),
    ],
)
def test_resolutions(project: Project, resolutions: dict[str, str], wanted: list[str]) -> None:
    install(project, resolutions=resolutions)
    assert loaded(project) == wanted


PNPM = [
    ({"leaf": "2.0.0"}, ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ({"leaf@^1.1": "2.0.0"}, ["1.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ({"leaf@>=1 <3": "2.0.0"}, ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ({"a>leaf": "2.0.0"}, ["2.0.0", "1.5.0", "1.5.0", "1.5.0"]),
    ({"@s/mid@1>leaf@^1": "2.0.0"}, ["1.0.0", "2.0.0", "1.5.0", "1.5.0"]),
    ({"@s/mid@>1>leaf": "2.0.0"}, ["1.0.0", "1.5.0", "1.5.0", "1.5.0"]),
    ({"z>leaf": "$leaf", "leaf@~1.0.0": "3.0.0"}, ["3.0.0", "3.0.0", "1.5.0", "3.0.0"]),
]


@pytest.mark.parametrize(("overrides", "wanted"), PNPM)
def test_pnpm_overrides(project: Project, overrides: dict[str, str], wanted: list[str]) -> None:
    install(project, pnpm={"overrides": overrides})
    assert loaded(project) == wanted


def test_pnpm_workspace_overrides(project: Project) -> None:
    project.write("pnpm-workspace.yaml", "overrides:\n  a>leaf: 2.0.0\n  'leaf@~1.0.0': 3.0\n")
    install(project)
    assert loaded(project) == ["2.0.0", "3.0.0", "3.0.0", "3.0.0"]
    # Where it changes, nothing that was remembered of the project counts any more.
    project.write("pnpm-workspace.yaml", "overrides:\n  leaf: 1.0.0\n")
    assert project.graft("ci", "--json", check=False).json["error"]["code"] == "lock-stale"
    project.graft("install")
    assert loaded(project) == ["1.0.0", "1.0.0", "1.0.0", "1.0.0"]
    project.remove("pnpm-workspace.yaml")
    project.graft("install")
    assert "overrides" not in project.lock


def test_a_workspace_file_that_comes_later_is_seen(project: Project) -> None:
    install(project)
    for name in ("package.json", "graft-lock.json"):
        os.utime(project.path(name))
    for _ in range(50):
        project.graft("install")
        if project.exists("node_modules/.graft/stamp"):
            break
    assert "absent pnpm-workspace.yaml" in project.read("node_modules/.graft/stamp").splitlines()
    project.write("pnpm-workspace.yaml", "overrides:\n  leaf: 2.0.0\n")
    project.graft("install")
    assert loaded(project) == ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]


def test_a_lock_that_comes_with_a_workspace_file_is_checked_against_it(project: Project) -> None:
    """Also where the store knows the graph that the lock says."""
    install(project)
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    other.write("pnpm-workspace.yaml", "overrides:\n  leaf: 2.0.0\n")
    assert other.graft("ci", "--json", check=False).json["error"]["code"] == "lock-stale"
    other.graft("install")
    assert loaded(other) == ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]


def test_nothing_is_remembered_across_workspace_files(project: Project) -> None:
    """The same package.json without a lock, in another folder of the same user."""
    install(project)
    other = project.sibling("other")
    other.write("package.json", project.read("package.json"))
    other.write("pnpm-workspace.yaml", "overrides:\n  leaf: 2.0.0\n")
    other.graft("install")
    assert loaded(other) == ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]
    third = project.sibling("third")
    third.write("package.json", project.read("package.json"))
    third.graft("install")
    assert loaded(third) == ["1.0.0", "1.5.0", "1.5.0", "1.5.0"]


def test_a_workspace_file_without_rules_changes_nothing(project: Project) -> None:
    project.write("pnpm-workspace.yaml", "packages:\n  - .\noverrides:\n")
    install(project)
    assert "overrides" not in project.lock
    project.write("pnpm-workspace.yaml", "")
    project.graft("ci")


@pytest.mark.parametrize("text", ["a: [", "- a", "overrides: a"])
def test_a_workspace_file_that_cannot_be_read(project: Project, text: str) -> None:
    project.manifest(dependencies={"z": "1"})
    project.write("pnpm-workspace.yaml", text)
    code, message, _ = refused(project)
    assert code == "manifest-unreadable"
    assert "pnpm-workspace.yaml cannot be read" in message


def test_a_requirement_may_be_taken_away(project: Project, registry: LocalRegistry) -> None:
    registry.publish("asks@1.0.0", peers={"leaf": "9"}, optional={"z": "1"})
    overrides = {"leaf": "-", "asks>z": "-"}
    project.manifest(
        dependencies={"a": "1", "leaf": "^1", "asks": "1"}, pnpm={"overrides": overrides}
    )
    assert project.graft("install", "--json").json["notes"] == []
    assert sorted(project.lock["nodes"]) == ["@s/mid@1.0.0", "a@1.0.0", "asks@1.0.0"]
    assert not project.exists("node_modules/leaf")
    # What the package asks for stays on record.
    assert project.lock["nodes"]["a@1.0.0"]["dependencies"]["leaf"] == ["~1.0.0"]
    assert project.graft("ci", "--json").json["upToDate"]
    project.manifest(pnpm={})
    error = project.graft("ci", "--json", check=False).json["error"]
    assert "a@1.0.0 asks for leaf@~1.0.0, and the lock has nothing for it" in error["why"]
    project.graft("install")
    project.manifest(pnpm={"overrides": overrides})
    error = project.graft("ci", "--json", check=False).json["error"]
    assert "a@1.0.0 asks for leaf@~1.0.0, and the lock still gives it leaf@1.0.0" in error["why"]


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"resolutions": {"a/*/leaf": "1"}}, "has a pattern other than '**'"),
        ({"resolutions": {"a/**": "1"}}, "names no package"),
        ({"resolutions": {"leaf": "patch:leaf@1#x"}}, "is a patch"),
        ({"resolutions": {"leaf": "$no"}}, "refers to '$no', which is not a dependency"),
        ({"pnpm": {"overrides": {"a>b>leaf": "1"}}}, "names more than one parent"),
        ({"pnpm": {"overrides": {"a@next>leaf": "1"}}}, "limits a to 'next'"),
        ({"pnpm": {"overrides": {"": "1"}}}, "does not begin with a package name"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    project: Project, fields: dict[str, Any], about: str
) -> None:
    project.manifest(dependencies={"z": "1"}, **fields)
    code, message, why = refused(project)
    assert (code, about in message) == ("override-unsupported", True), message
    assert why == [f"it stands in {next(iter(fields)).replace('pnpm', 'pnpm.overrides')}"]


def test_two_places_that_differ_are_both_named(project: Project) -> None:
    project.manifest(
        dependencies={"a": "1"},
        overrides={"a": {"leaf": "1.0.0"}},
        resolutions={"a/leaf": "2.0.0"},
    )
    assert refused(project) == (
        "override-conflict",
        "two overrides of 'a > leaf' differ",
        ["overrides says '1.0.0'", "resolutions says '2.0.0'"],
    )
    project.write("pnpm-workspace.yaml", "overrides:\n  leaf: 1.0.0\n")
    project.manifest(overrides={}, resolutions={"leaf@*": "2.0.0", "leaf": "2.0.0"})
    assert refused(project)[2] == [
        "resolutions says '2.0.0'",
        "overrides of pnpm-workspace.yaml says '1.0.0'",
    ]


def test_two_places_that_agree_are_one_rule(project: Project) -> None:
    both = {"leaf": "2.0.0"}
    install(project, overrides=both, resolutions=both, pnpm={"overrides": both})
    assert project.lock["overrides"] == both
    # The project's own line follows, as yarn and pnpm have it.
    assert project.lock["importers"]["."]["leaf"] == ["prod", "^1", "leaf@2.0.0"]
