"""``catalog:``: ranges that a workspace names once."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

YAML = "packages: ['packages/*']\ncatalog:\n  a: ^1.0.0\ncatalogs:\n  next:\n    a: ^2.0.0\n"


@pytest.fixture
def workspace(project: Project, registry: LocalRegistry) -> Project:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.publish(f"a@{version}")
    project.write("pnpm-workspace.yaml", YAML)
    project.manifest(dependencies={"a": "catalog:"})
    project.manifest("packages/web", dependencies={"a": "catalog:next"})
    return project


def test_a_line_gets_what_its_catalog_says(workspace: Project) -> None:
    workspace.graft("install")
    importers = workspace.lock["importers"]
    assert importers["."] == {"a": ["prod", "catalog: ^1.0.0", "a@1.1.0"]}
    assert importers["packages/web"] == {"a": ["prod", "catalog:next ^2.0.0", "a@2.0.0"]}
    assert workspace.graft("ci", "--json").json["upToDate"]


@pytest.mark.parametrize(
    "fields",
    [
        {"workspaces": {"packages": ["packages/*"], "catalog": {"a": "1.0.0"}}},
        {"workspaces": ["packages/*"], "catalog": {"a": "1.0.0"}},
        {"workspaces": ["packages/*"], "catalogs": {"default": {"a": "1.0.0"}}},
    ],
)
def test_package_json_may_hold_catalogs(workspace: Project, fields: dict[str, Any]) -> None:
    workspace.remove("pnpm-workspace.yaml")
    workspace.manifest(**fields)
    workspace.manifest("packages/web", dependencies={"a": "catalog:"})
    workspace.graft("install")
    assert "a@1.0.0" in workspace.lock["nodes"]


def test_a_project_without_members_may_have_a_catalog(workspace: Project) -> None:
    workspace.write("pnpm-workspace.yaml", "catalog:\n  a: 1.0.0\n")
    workspace.graft("install")
    assert list(workspace.lock["importers"]) == ["."]
    assert "a@1.0.0" in workspace.lock["nodes"]


def test_a_changed_catalog_makes_the_lock_stale(workspace: Project) -> None:
    workspace.graft("install")
    workspace.write("pnpm-workspace.yaml", YAML.replace("^1.0.0", "~1.0.0"))
    failed = workspace.graft("ci", "--json", check=False)
    assert (failed.code, failed.json["error"]["why"]) == (
        11,
        [
            "package.json asks for a@~1.0.0 (catalog:), and the lock answers '^1.0.0', "
            "which gave 1.1.0, not '~1.0.0'"
        ],
    )
    workspace.graft("install")
    assert "a@1.0.0" in workspace.lock["nodes"]


def test_a_line_that_no_longer_refers_to_a_catalog_makes_the_lock_stale(
    workspace: Project,
) -> None:
    workspace.graft("install")
    workspace.manifest(dependencies={"a": "^1.0.0"})
    assert workspace.graft("ci", check=False).code == 11


def test_overrides_may_refer_to_a_catalog(workspace: Project, registry: LocalRegistry) -> None:
    registry.publish("user@1.0.0", dependencies={"a": "^2"})
    workspace.manifest(dependencies={"user": "1"}, overrides={"a": "catalog:"})
    workspace.graft("install")
    assert workspace.lock["overrides"] == {"a": "^1.0.0"}
    assert workspace.lock["nodes"]["user@1.0.0"]["dependencies"] == {"a": ["^2", "a@1.1.0"]}


@pytest.mark.parametrize(
    ("specifier", "message", "fix"),
    [
        ("catalog:", "the default catalog has no entry 'aa'", "did you mean 'a'?"),
        ("catalog:nex", "there is no catalog 'nex'", "did you mean 'next'?"),
    ],
)
def test_an_unknown_entry_names_file_and_entry(
    workspace: Project, specifier: str, message: str, fix: str
) -> None:
    workspace.manifest("packages/web", dependencies={"aa": specifier})
    error = workspace.graft("install", "--json", check=False).json["error"]
    assert (error["code"], error["message"]) == ("catalog-unknown", message)
    assert error["where"].endswith("pnpm-workspace.yaml")
    assert "packages/web/package.json asks for aa@" in error["why"][0]
    assert error["fix"].endswith(fix)


def test_two_places_that_differ_about_an_entry(workspace: Project) -> None:
    workspace.manifest(catalog={"a": "2"})
    error = workspace.graft("install", "--json", check=False).json["error"]
    assert error["code"] == "override-conflict"
    assert "differ about 'a'" in error["message"]
