"""What a ``package.json`` may look like, and what is said of one that makes no sense."""

from __future__ import annotations

import json

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


def failure(project: Project, *arguments: str) -> dict[str, object]:
    """The error of a command that must not change anything."""
    before = snapshot(project.dir)
    failed = project.graft(*(arguments or ("install",)), "--json", check=False)
    assert snapshot(project.dir) == before
    error: dict[str, object] = failed.json["error"]
    return error


@pytest.mark.parametrize("command", [["install"], ["ci"], ["remove", "a"], ["update"]])
def test_without_a_manifest(project: Project, command: list[str]) -> None:
    project.remove("package.json")
    error = failure(project, *command)
    assert error["code"] == "manifest-missing"
    assert error["where"] == str(project.dir)


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"dependencies": {"a": "1"}}',
        '{\r\n  "dependencies": {\r\n    "a": "1"\r\n  }\r\n}\r\n',
        '{"name": 7, "dependencies": {"a": " 1 "}, "workspaces": ["packages/*"], "files": 1}',
        '{"name": "../odd", "dependencies": {"a": "1"}, "peerDependenciesMeta": []}',
    ],
    ids=["bom", "crlf", "odd fields", "odd name"],
)
def test_what_makes_no_difference(project: Project, registry: LocalRegistry, text: str) -> None:
    registry.publish("a@1.0.0")
    project.write("package.json", text.encode())
    project.graft("install")
    assert set(project.links()) == {"a"}
    assert project.path("package.json").read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting"),
        (b"[]", "it is not an object"),
        (b'{"dependencies": {"a": "1"}} x', "Extra data"),
        (b'{"dependencies": {"a": "1", "b": "1", "a": "2"}}', "it names a twice in one object"),
        (b'{"name": "x", "name": "y"}', "it names name twice"),
        (b'{"name": "\xff"}', "utf-8"),
        (b"[" * 100_000, "recursion"),
    ],
    ids=["empty", "cut", "list", "behind", "twice", "twice above", "not utf-8", "deep"],
)
def test_a_manifest_that_cannot_be_read(project: Project, text: bytes, about: str) -> None:
    project.write("package.json", text)
    error = failure(project)
    assert error["code"] == "manifest-unreadable"
    assert about in str(error["message"])
    assert error["where"] == str(project.path("package.json"))


def test_everything_that_is_wrong_is_said_at_once(
    project: Project, registry: LocalRegistry
) -> None:
    project.manifest(
        dependencies={"../up": "1", "a": 1, "@acme": "1", "good": "1"},
        devDependencies=["a"],
        optionalDependencies={"with space": "1"},
        peerDependencies={"b": None},
        overrides="a",
    )
    error = failure(project)
    assert error["code"] == "manifest-invalid"
    assert error["why"] == [
        "peerDependencies: the version of 'b' is not a text",
        "devDependencies is not an object of name: version",
        "dependencies: '../up' is not a package name",
        "dependencies: the version of 'a' is not a text",
        "dependencies: '@acme' is not a package name",
        "optionalDependencies: 'with space' is not a package name",
        "overrides is not an object",
    ]
    assert registry.requests == []


@pytest.mark.parametrize("name", ["..", ".bin", "node_modules", "@a/..", "a/b", "a\\b", "é\u0000"])
def test_names_that_would_lead_elsewhere_are_refused(project: Project, name: str) -> None:
    project.manifest(dependencies={name: "1"})
    error = failure(project)
    assert error["code"] == "manifest-invalid"
    assert json.dumps(name)[1:-1].split("\\")[0] in str(error["why"])


def test_where_sections_disagree_npms_order_decides(
    project: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        for name in ("a", "b", "c"):
            registry.publish(f"{name}@{version}")
    project.manifest(
        dependencies={"a": "1", "b": "1"},
        devDependencies={"b": "2", "c": "2"},
        optionalDependencies={"a": "3"},
        peerDependencies={"c": "*"},
    )
    project.graft("install")
    assert project.lock["importers"]["."] == {
        "a": ["optional", "3", "a@3.0.0"],
        "b": ["prod", "1", "b@1.0.0"],
        "c": ["dev", "2", "c@2.0.0"],
    }


def test_peers_of_the_project_are_installed_unless_they_are_optional(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    project.manifest(
        peerDependencies={"a": "1", "b": "1"}, peerDependenciesMeta={"b": {"optional": True}}
    )
    project.graft("install")
    assert set(project.links()) == {"a", "app"}


def test_a_project_can_be_required_by_its_own_name(project: Project) -> None:
    project.manifest(name="@acme/app", main="main.js")
    project.write("main.js", "module.exports = 'itself'")
    project.graft("install")
    assert project.node("console.log(require('@acme/app'))") == "itself"
