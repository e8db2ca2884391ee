"""Every format that graft reads, as its tool wrote it: each requirement keeps what it had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from foreign_locks import DIRECT, GOT, LOCKS, MANIFEST, VERSIONS, lock_text, publish
from harness.project import Project
from harness.registry import LocalRegistry
from harness.release import Release

STORED = sorted(path for path in LOCKS.iterdir() if path.suffix in (".json", ".yaml", ".lock"))
FORMATS = {
    "bun12": "bun lockfile 1",
    "bun14": "bun lockfile 2",
    "npm11-shrinkwrap": "npm lockfile 3",
    "npm11-v1": "npm lockfile 1",
    "npm11-v2": "npm lockfile 2",
    "npm11-v3": "npm lockfile 3",
    "npm6-v1": "npm lockfile 1",
    "pnpm12": "pnpm lockfile 9.0",
    "pnpm6": "pnpm lockfile 5.3",
    "pnpm7": "pnpm lockfile 5.4",
    "pnpm8": "pnpm lockfile 6.0",
    "pnpm9": "pnpm lockfile 9.0",
    "yarn1": "yarn classic lockfile 1",
    "yarn2": "yarn berry lockfile 4",
    "yarn3": "yarn berry lockfile 6",
    "yarn4": "yarn berry lockfile 10",
    "yarn45": "yarn berry lockfile 8",
}


def tool_of(path: Path) -> str:
    return path.name.partition(".")[0]


@pytest.fixture
def releases(project: Project, registry: LocalRegistry) -> dict[str, Release]:
    """The packages of the stored locks, and a newer version of each."""
    releases = publish(registry, 0)
    publish(registry, 1)
    project.manifest(**MANIFEST)
    return releases


def name_of(path: Path) -> str:
    return path.name.partition(".")[2]


def put(project: Project, path: Path, releases: dict[str, Release]) -> str:
    text = lock_text(path, releases)
    project.write(name_of(path), text)
    return text


def got(project: Project) -> dict[str, dict[str, str]]:
    """What each owner got for a local name, without peer contexts."""
    found: dict[str, dict[str, str]] = {}
    for id, node in project.lock["nodes"].items():
        edges = {**node.get("dependencies", {}), **node.get("optional", {})}
        plain = {local: said[1].partition("(")[0] for local, said in edges.items()}
        found.setdefault(id.partition("(")[0], {}).update(plain)
    return found


def test_every_format_has_a_lock() -> None:
    assert {tool_of(path) for path in STORED} == FORMATS.keys()


@pytest.mark.parametrize("path", STORED, ids=tool_of)
def test_import_keeps_every_version(
    path: Path, project: Project, releases: dict[str, Release]
) -> None:
    text = put(project, path, releases)
    said: dict[str, Any] = project.graft("import", "--json").json
    assert said["format"] == FORMATS[tool_of(path)]
    assert said["file"] == name_of(path)
    assert set(said["kept"]) == VERSIONS
    assert (said["total"], said["gone"], said["unused"], said["new"]) == (len(VERSIONS), [], [], [])
    assert said["leftOut"] == {}
    found = got(project)
    assert {id: edges for id, edges in found.items() if edges} == GOT
    assert found.keys() == VERSIONS
    direct = {
        local: line[2].partition("(")[0].rpartition("@")[2]
        for local, line in project.lock["importers"]["."].items()
    }
    assert direct == DIRECT
    assert {id for id in project.lock["nodes"] if id.startswith("plugin")} == {
        "plugin@1.0.0(host@1.0.0)",
        "plugin@1.0.0(host@2.0.0)",
    }
    assert project.read(name_of(path)) == text
    assert not project.exists("node_modules")


@pytest.mark.parametrize("path", STORED, ids=tool_of)
def test_install_takes_the_versions_where_graft_has_no_lock(
    path: Path, project: Project, releases: dict[str, Release]
) -> None:
    text = put(project, path, releases)
    said = project.graft("install")
    assert said.stderr.count("lock-imported") == 1
    assert f"versions are those of {name_of(path)} ({FORMATS[tool_of(path)]})" in said.stderr
    assert f"{len(VERSIONS)} of {len(VERSIONS)} kept" in said.stderr
    assert {id for id, edges in got(project).items()} == VERSIONS
    assert project.node("console.log(require('user').requires('twice').version)") == "1.0.0"
    assert project.node("console.log(require('old-real').version)") == "1.0.0"
    assert project.read(name_of(path)) == text
    # Said once: from here on graft has a lock of its own.
    assert "lock-imported" not in project.graft("install").stderr


@pytest.mark.parametrize("path", STORED, ids=tool_of)
def test_a_lock_that_is_cut_short_is_refused(
    path: Path, project: Project, releases: dict[str, Release]
) -> None:
    """Wherever a file ends, graft reads what is there or says what is wrong; it never fails."""
    text = lock_text(path, releases)
    for part in (3, 7, 11):
        project.write(name_of(path), text[: len(text) * part // 13])
        said = project.graft("import", "--dry-run", "--json", check=False)
        if said.code:
            assert said.json["error"]["code"] in ("import-unreadable", "import-version")
        else:
            assert not name_of(path).endswith((".json", "bun.lock"))


@pytest.mark.parametrize(
    "path",
    [p for p in STORED if not tool_of(p).startswith("yarn") or tool_of(p) == "yarn1"],
    ids=tool_of,
)
def test_other_bytes_under_the_same_version_are_an_error(
    path: Path, project: Project, registry: LocalRegistry, releases: dict[str, Release]
) -> None:
    put(project, path, releases)
    was = releases["twice@1.0.0"].dist["integrity"]
    now = registry.publish("twice@1.0.0", files={"other.js": "1"}).dist["integrity"]
    for command in ("import", "install"):
        error = project.graft(command, "--json", check=False).json["error"]
        assert error["code"] == "import-integrity"
        assert "twice@1.0.0" in error["message"]
        assert was in error["why"][0]
        assert now in error["why"][1]
        assert not project.exists("graft-lock.json")
