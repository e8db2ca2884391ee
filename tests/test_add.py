"""``graft add`` (and ``install <package>``, its other name): what is saved, where, and how."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("a@3.0.0-rc.1", tag="next")
    registry.publish("b@1.0.0", dependencies={"a": "^1"})
    registry.publish("@acme/tool@1.2.3")


def sections(project: Project) -> dict[str, dict[str, str]]:
    return {
        key: value
        for key, value in project.json("package.json").items()
        if key.endswith("ependencies")
    }


@pytest.mark.parametrize(
    ("arguments", "saved"),
    [
        (["a"], {"a": "^2.0.0"}),
        (["a@latest"], {"a": "^2.0.0"}),
        (["a@next"], {"a": "^3.0.0-rc.1"}),
        (["a@^1"], {"a": "^1"}),
        (["a@1.0.0"], {"a": "1.0.0"}),
        (["a@>=1 <2"], {"a": ">=1 <2"}),
        (["a", "-E"], {"a": "2.0.0"}),
        (["-E", "a@next"], {"a": "3.0.0-rc.1"}),
        (["-E", "a@^1"], {"a": "1.5.0"}),
        (["old@npm:a@^1"], {"old": "npm:a@^1"}),
        (["old@npm:a"], {"old": "npm:a@^2.0.0"}),
        (["old@npm:a@next", "-E"], {"old": "npm:a@3.0.0-rc.1"}),
        (["@acme/tool"], {"@acme/tool": "^1.2.3"}),
        (["acme:tool"], {"@acme/tool": "^1.2.3"}),
        (["acme:tool@~1.2"], {"@acme/tool": "~1.2"}),
        (["b", "acme:tool", "a@1"], {"@acme/tool": "^1.2.3", "a": "1", "b": "^1.0.0"}),
    ],
)
def test_what_is_saved(project: Project, arguments: list[str], saved: dict[str, str]) -> None:
    project.graft("add", *arguments)
    assert sections(project) == {"dependencies": saved}
    assert set(project.links()) == {"app", *saved}
    assert project.graft("ci", "--json").json["upToDate"]


@pytest.mark.parametrize(
    ("command", "flag", "section"),
    [
        ("add", "-D", "devDependencies"),
        ("install", "--save-dev", "devDependencies"),
        ("i", "-O", "optionalDependencies"),
        ("install", "--save-peer", "peerDependencies"),
        ("add", "--save-prod", "dependencies"),
    ],
)
def test_where_it_is_saved(project: Project, command: str, flag: str, section: str) -> None:
    project.graft(command, flag, "a")
    assert sections(project) == {section: {"a": "^2.0.0"}}
    assert project.exists("node_modules/a")


def test_the_settings_say_how_it_is_saved(project: Project) -> None:
    project.write(".npmrc", "save-prefix=~\n")
    project.graft("add", "a")
    assert sections(project) == {"dependencies": {"a": "~2.0.0"}}
    project.write(".npmrc", "save-exact=true\ntag=next\n")
    project.graft("add", "a")
    assert sections(project) == {"dependencies": {"a": "3.0.0-rc.1"}}


def test_a_package_stays_in_its_section_unless_told_otherwise(project: Project) -> None:
    project.manifest(devDependencies={"a": "^1", "b": "1"})
    project.graft("add", "a")
    assert sections(project) == {"devDependencies": {"a": "^2.0.0", "b": "1"}}
    project.graft("add", "a@^1", "--save-prod")
    assert sections(project) == {"dependencies": {"a": "^1"}, "devDependencies": {"b": "1"}}
    project.graft("add", "-O", "a@^1", "b")
    assert sections(project) == {"optionalDependencies": {"a": "^1", "b": "^1.0.0"}}


@pytest.mark.parametrize("optional", [True, False])
def test_a_peer_stays_a_peer(project: Project, optional: bool) -> None:
    project.manifest(
        peerDependencies={"a": ">=1"}, peerDependenciesMeta={"a": {"optional": optional}}
    )
    project.graft("add", "-D", "a@^1")
    assert sections(project) == {"peerDependencies": {"a": ">=1"}, "devDependencies": {"a": "^1"}}
    project.manifest(devDependencies={})
    project.graft("add", "a@^1")
    assert sections(project)["peerDependencies"] == {"a": "^1"}


def test_add_starts_a_project(project: Project) -> None:
    project.remove("package.json")
    project.graft("add", "a")
    assert project.read("package.json") == '{\n  "dependencies": {\n    "a": "^2.0.0"\n  }\n}\n'
    assert project.node("console.log(require('a').version)") == "2.0.0"


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("a@^9", "no-matching-version"),
        ("a@nxt", "no-matching-version"),
        ("absent", "package-not-found"),
        ("broken", "integrity-mismatch"),
        ("./folder", "source-missing"),
        ("../folder", "source-missing"),
        ("file:../folder", "source-missing"),
        ("./absent.tgz", "source-missing"),
        ("..", "source-invalid"),
        ("https://", "bad-specifier"),
        ("git+ext::sh", "source-unsupported"),
        ("owner/repository#-v", "bad-specifier"),
        ("@acme", "bad-specifier"),
        ("node_modules", "bad-specifier"),
        ("", "bad-specifier"),
    ],
)
def test_a_failure_leaves_everything_as_it_was(
    project: Project, registry: LocalRegistry, argument: str, code: str
) -> None:
    registry.publish("broken@1.0.0", integrity="sha512-" + "A" * 86 + "==")
    project.manifest(dependencies={"a": "^1"})
    project.graft("install")
    before = snapshot(project.dir)
    failed = project.graft("add", "b", argument, "--json", check=False)
    assert failed.json["error"]["code"] == code, failed
    assert failed.code not in (0, 1)
    assert snapshot(project.dir) == before


def test_npm_in_front_of_a_name_is_no_scope(project: Project, registry: LocalRegistry) -> None:
    project.graft("add", "npm:a@^1")
    assert sections(project) == {"dependencies": {"a": "^1"}}
    assert not registry.count("/@npm/a")


def test_dry_run_changes_nothing(project: Project, registry: LocalRegistry) -> None:
    project.manifest(dependencies={"a": "^1"})
    project.graft("install")
    before, store = snapshot(project.dir), snapshot(project.store)
    registry.clear_log()
    report: dict[str, Any] = project.graft("add", "b", "a@2", "--dry-run", "--json").json
    assert report["dryRun"] and report["lockChanged"]
    assert report["direct"] == {"a": "2.0.0", "b": "1.0.0"}
    assert {step["path"]: step["action"] for step in report["steps"]} == {
        "a": "replace",
        "b": "create",
    }
    assert snapshot(project.dir) == before
    assert snapshot(project.store).keys() == store.keys()
    assert registry.tarball_requests == []
