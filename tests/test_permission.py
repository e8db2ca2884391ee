"""What may not be written or read: said at once, by its name, before anything is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import Mounts, nameless, powerless
from harness.tree import snapshot


@pytest.fixture
def wanting(project: Project, registry: LocalRegistry) -> Project:
    """A project that asks for ``a``, of which nothing is there yet."""
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    return project


def refused(project: Project, *arguments: str, path: Path, code: str = "project-unwritable") -> str:
    """The message of an install that is refused for ``path``, and has changed nothing."""
    before = snapshot(project.dir)
    result = powerless(project, *(arguments or ("install",)), "--json", check=False)
    error = result.json["error"]
    assert (error["code"], error["where"]) == (code, str(path)), result
    assert error["fix"]
    assert snapshot(project.dir) == before
    return str(error["message"])


def test_a_project_s_folder_that_may_not_be_written(
    wanting: Project, registry: LocalRegistry
) -> None:
    wanting.dir.chmod(0o555)
    assert refused(wanting, path=wanting.dir) == "the project's folder may not be written to"
    assert registry.requests == []
    wanting.dir.chmod(0o755)
    powerless(wanting, "install")


def test_a_project_on_a_read_only_file_system(wanting: Project, registry: LocalRegistry) -> None:
    result = Mounts().read_only(wanting.dir).run(wanting, "install", check=False)
    assert result.code == 62
    assert f"why    {wanting.dir} lies on a file system that is read-only" in result.stderr
    assert registry.requests == []


@pytest.mark.parametrize("name", ["graft-lock.json", "package.json"])
def test_a_file_that_somebody_has_locked_is_not_replaced(
    wanting: Project, registry: LocalRegistry, name: str
) -> None:
    wanting.graft("install")
    registry.publish("b@1.0.0", files={"data.txt": "x" * 1000})
    wanting.path(name).chmod(0o444)
    registry.clear_log()
    assert refused(wanting, "add", "b", path=wanting.path(name)) == f"{name} may not be written to"
    powerless(wanting, "ci")  # nothing of it changes


def test_a_node_modules_of_somebody_else(wanting: Project) -> None:
    wanting.modules.mkdir()
    wanting.write("node_modules/theirs.txt", "")
    wanting.modules.chmod(0o555)
    assert refused(wanting, path=wanting.modules) == "node_modules may not be written to"
    wanting.modules.chmod(0o755)
    cache = wanting.path("node_modules/.cache")
    cache.mkdir(mode=0o555)
    assert refused(wanting, path=cache) == "node_modules/.cache may not be written to"
    cache.chmod(0o755)
    powerless(wanting, "install")
    assert cache.is_dir()


def test_a_mount_inside_of_node_modules_is_named(wanting: Project) -> None:
    cache = wanting.path("node_modules/.cache")
    cache.mkdir(parents=True)
    result = Mounts().small(cache, "100k").run(wanting, "install", "--json", check=False)
    assert (result.json["error"]["code"], result.json["error"]["where"]) == (
        "link-refused",
        str(cache),
    )
    assert not wanting.exists(".graft-staging")


def test_a_cache_that_may_not_be_written_fails_no_install(wanting: Project) -> None:
    wanting.machine.cache.mkdir(parents=True)
    wanting.machine.cache.chmod(0o555)
    powerless(wanting, "install")
    assert wanting.json("node_modules/a/package.json")["version"] == "1.0.0"


def test_settings_that_cannot_be_read_are_named(wanting: Project) -> None:
    npmrc = wanting.machine.npmrc
    npmrc.chmod(0)
    for command in ("install", "ls"):
        refused(wanting, command, path=npmrc, code="settings-unreadable")
    plain = powerless(wanting, "install", check=False)
    assert "error settings-unreadable" in plain.stderr
    assert "Traceback" not in plain.stderr


def test_a_store_that_may_not_be_made(wanting: Project, registry: LocalRegistry) -> None:
    home = wanting.machine.graft_home
    home.mkdir(mode=0o555)
    refused(wanting, path=wanting.store, code="store-unwritable")
    assert registry.requests == []


@pytest.mark.parametrize("home", [None, "relative", "/nonexistent"])
def test_without_a_home_the_store_is_not_in_the_project(wanting: Project, home: str | None) -> None:
    """As in a container whose user only has a number. What a repository holds in a folder ``~``
    is nobody's settings."""
    wanting.write("~/.npmrc", "registry=https://registry.example.com/\n")
    wanting.machine.root.chmod(0o755)
    wanting.dir.chmod(0o777)
    before = snapshot(wanting.dir)
    gone = dict.fromkeys(("GRAFT_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "PREFIX"))
    result = nameless(wanting, "install", "--json", env={**gone, "HOME": home})
    error = result.json["error"]
    assert error["code"] == "store-unwritable", result
    assert "GRAFT_HOME" in error["fix"]
    assert snapshot(wanting.dir) == before
