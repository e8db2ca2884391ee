"""Projects of every shape that take packages from indices, and what becomes of their locks."""

from __future__ import annotations

from typing import Any

import pytest

from harness.index import IndexRepository
from harness.index_shelf import IndexShelf, nodes
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry

INDICES = '[indices]\nacme = { path = "../acme" }\n'


@pytest.fixture
def acme(project: Project) -> IndexShelf:
    index = IndexShelf(project.dir.parent / "acme", "acme")
    index.offer("acme:util", "1.0.0")
    index.offer("acme:tool", "1.0.0", needs={"acme:util": "1.0.0"})
    return index


def error_of(project: Project, *arguments: str, **options: Any) -> dict[str, Any]:
    failed = project.graft(*arguments, "--json", check=False, **options)
    error: dict[str, Any] = failed.json["error"]
    return error


def said(project: Project, name: str, cwd: str = ".") -> str:
    return project.node(f"console.log(require('{name}').said)", cwd=cwd)


def test_the_default_namespace_and_nested_ones(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    registry.publish("left@1.0.0")
    acme.offer("acme.labs:deep", "1.0.0", needs={"acme:util": "1.0.0", "plain": "1.0.0"})
    own = IndexShelf(project.dir.parent / "own", "default")
    own.offer("plain", "1.0.0")
    toml = """[dependencies.acme.labs]
deep = "1.0.0"

[indices]
acme = { path = "../acme" }
default = { path = "../own" }
"""
    project.write("graft.toml", toml)
    project.graft("install")
    assert sorted(project.lock["nodes"]) == [
        "@acme.labs/deep@index:acme#1.0.0",
        "@acme/util@index:acme#1.0.0",
        "plain@index:default#1.0.0",
    ]
    assert said(project, "@acme.labs/deep") == "@acme.labs/deep@1.0.0"
    project.graft("add", "acme.labs:deep", "plain")
    assert project.read("graft.toml").count("deep") == 1
    # An index for names without a namespace has the say on all of them.
    assert error_of(project, "add", "left")["code"] == "package-not-found"
    project.graft("ci")


def test_a_workspace_has_one_version_of_what_its_members_ask_for(
    project: Project, acme: IndexShelf
) -> None:
    acme.offer("acme:tool", "1.1.0")
    project.manifest(workspaces=["packages/*"])
    project.write("graft.toml", INDICES)
    for member, text in (("one", '"1.0.0"'), ("two", '"1.1.0"')):
        project.manifest(f"packages/{member}")
        project.write(f"packages/{member}/graft.toml", f"[dependencies.acme]\ntool = {text}\n")
    project.graft("install")
    assert nodes(project.lock) == ["@acme/tool#1.1.0"]
    assert said(project, "@acme/tool", "packages/one") == "@acme/tool@1.1.0"
    project.write("packages/one/graft.toml", '[dependencies.acme]\ntool = "=1.0.0"\n')
    assert error_of(project, "install")["code"] == "flat-conflict"
    project.write("packages/two/graft.toml", '[dependencies.acme]\ntool = "=1.1.0!"\n')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/tool#1.1.0"]
    project.graft("ci")


def test_what_nobody_asks_for_any_more_is_gone(project: Project, acme: IndexShelf) -> None:
    acme.offer("acme:other", "1.0.0")
    project.write("graft.toml", f'{INDICES}\n[dependencies.acme]\ntool = "1.0.0"\n')
    project.graft("add", "acme:other")
    project.graft("remove", "acme:tool")
    assert nodes(project.lock) == ["@acme/other#1.0.0"]
    assert sorted(project.links()) == ["@acme/other", "app"]
    project.graft("prune")
    project.graft("remove", "@acme/other")
    assert project.lock["nodes"] == {} and "indices" not in project.lock
    assert "[dependencies" not in project.read("graft.toml")


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_layouts_of_files(project: Project, acme: IndexShelf, layout: str) -> None:
    assert acme
    project.manifest(graft={"layout": layout})
    project.write("graft.toml", f'{INDICES}\n[dependencies.acme]\ntool = "1.0.0"\n')
    project.graft("install")
    assert said(project, "@acme/tool") == "@acme/tool@1.0.0"
    below = "require('@acme/tool').require('@acme/util').said"
    assert project.node(f"console.log({below})") == "@acme/util@1.0.0"
    project.graft("remove", "acme:tool")
    assert not project.exists("node_modules/@acme")


def test_commands_that_have_nothing_to_do_with_indices_do_not_mind_them(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    assert acme
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.write("graft.toml", f'{INDICES}\n[dependencies.acme]\ntool = "1.0.0"\n')
    project.graft("install")
    lock = project.read("graft-lock.json")
    assert "@acme/tool@1.0.0" in project.graft("ls", "--all").stdout
    for command in (
        ["dedupe"],
        ["prune"],
        ["audit"],
        ["doctor"],
        ["rebuild"],
        ["store", "verify"],
        ["store", "gc"],
        ["fetch"],
        ["install", "--offline"],
    ):
        project.graft(*command)
    assert project.read("graft-lock.json") == lock
    assert said(project, "@acme/tool") == "@acme/tool@1.0.0"
    project.graft("deploy", "../out")
    assert (project.dir.parent / "out/node_modules/@acme/tool/index.js").exists()


def test_a_package_of_an_index_is_patched(project: Project, acme: IndexShelf) -> None:
    assert acme
    project.write("graft.toml", f'{INDICES}\n[dependencies.acme]\ntool = "1.0.0"\n')
    project.graft("install")
    folder = project.graft("patch", "acme:tool").stdout.strip()
    (project.dir / folder / "index.js").write_text("exports.said = 'mended'")
    project.graft("patch-commit", folder)
    assert said(project, "@acme/tool") == "mended"
    project.graft("ci")
    assert said(project, "@acme/tool") == "mended"


@pytest.fixture
def hosted(machine: Machine) -> IndexRepository:
    index = IndexRepository(machine, "hosted")
    IndexShelf(index.path, "acme").offer("acme:tool", "1.0.0")
    index.commit(tag="v1")
    index.push()
    return index


def test_a_frozen_lock_is_of_the_index_that_the_project_asks_for(
    project: Project, hosted: IndexRepository, machine: Machine
) -> None:
    ask = '[dependencies.acme]\ntool = "1.0.0"\n\n[indices]\nacme = '
    project.write("graft.toml", f'{ask}"{hosted.url}"\n')
    project.graft("install")
    lock = project.read("graft-lock.json")
    project.graft("install", "--frozen-lockfile")
    moved = IndexRepository(machine, "moved")
    moved.git("pull", "--quiet", hosted.url, "main")
    moved.push()
    for entry in (f'{{ url = "{hosted.url}", tag = "v1" }}', f'"{moved.url}"'):
        project.write("graft.toml", f"{ask}{entry}\n")
        for command in (["install", "--frozen-lockfile"], ["ci"]):
            error = error_of(project, *command)
            assert error["code"] == "lock-stale" and "takes packages of acme" in str(error["why"])
        assert project.read("graft-lock.json") == lock
        project.graft("install")
        assert project.read("graft-lock.json") != lock
        assert nodes(project.lock) == ["@acme/tool#1.0.0"]
        project.write("graft-lock.json", lock)


def test_an_index_that_is_declared_later_takes_nothing_from_a_registry(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    registry.publish("@acme/tool@1.0.0")
    registry.publish("web@1.0.0", dependencies={"@acme/tool": "^1.0.0"})
    project.manifest(dependencies={"@acme/tool": "^1.0.0", "web": "1"})
    project.graft("install")
    lock = project.read("graft-lock.json")
    project.write("graft.toml", INDICES)
    project.graft("install")
    assert project.read("graft-lock.json") == lock
    project.graft("ci")
    project.graft("update", "acme:tool")
    assert "@acme/tool@index:acme#1.0.0" in project.lock["nodes"]
    assert "@acme/tool@1.0.0" not in project.lock["nodes"]
    assert acme


def test_a_lock_that_names_an_index_that_nobody_declares(
    project: Project, hosted: IndexRepository, registry: LocalRegistry
) -> None:
    project.manifest(dependencies={"@acme/tool": "^1.0.0"})
    project.write("graft.toml", f'[indices]\nacme = "{hosted.url}"\n')
    project.graft("install")
    project.remove("graft.toml")
    project.remove("node_modules")
    error = error_of(project, "ci")
    assert error["code"] == "lock-stale" and "declares no index for acme" in str(error["why"])
    assert error_of(project, "install")["code"] == "package-not-found"
    registry.publish("@acme/tool@1.2.0")
    project.graft("install")
    assert list(project.lock["nodes"]) == ["@acme/tool@1.2.0"]


def test_two_projects_share_what_an_index_had(
    project: Project, hosted: IndexRepository, machine: Machine
) -> None:
    toml = f'[dependencies.acme]\ntool = "1.0.0"\n\n[indices]\nacme = "{hosted.url}"\n'
    project.write("graft.toml", toml)
    project.graft("install")
    second = project.sibling("second")
    second.write("graft.toml", toml)
    second.write("graft-lock.json", project.read("graft-lock.json"))
    hosted.hide()
    done = second.graft("install", "--json").json
    assert done["fetched"] == 0
    assert said(second, "@acme/tool") == "@acme/tool@1.0.0"
    assert machine.store.joinpath("indices").is_dir()
