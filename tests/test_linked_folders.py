"""Folders beside the project that are linked to, and the commands ``link`` and ``unlink``."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for package in ("lib@1.0.0", "lib@1.5.0", "lib@2.0.0", "a@1.0.0"):
        registry.publish(package)


def library(project: Project, name: str = "lib", **fields: Any) -> None:
    project.write(f"../{name}/package.json", {"name": name, "version": "1.2.0", **fields})
    project.write(f"../{name}/index.js", "exports.said = 'linked'")


def notes(project: Project, *command: str) -> list[str]:
    said = project.graft(*(command or ("install",)), "--json").json["notes"]
    return [note["message"] for note in said if note["code"] == "link-bare"]


# Folders that are linked to


def test_a_folder_that_lacks_what_it_asks_for_is_noted_until_it_has_it(project: Project) -> None:
    library(
        project,
        dependencies={"a": "1"},
        peerDependencies={"peer": "1", "choice": "1"},
        peerDependenciesMeta={"choice": {"optional": True}},
        optionalDependencies={"maybe": "1"},
        devDependencies={"peer": "1", "choice": "1", "tool": "1"},
    )
    project.manifest(dependencies={"lib": "link:../lib"})
    message = "../lib is linked to, and what it asks for is not installed there: a, peer"
    assert notes(project, "install", "--dry-run") == [message]
    assert notes(project) == [message]
    assert notes(project) == [message]  # up to date, and still so
    assert not project.exists("node_modules/.graft/stamp")
    project.write("../lib/node_modules/a/package.json", {})
    project.write("../node_modules/peer/package.json", {})
    assert notes(project) == []
    assert project.exists("node_modules/.graft/stamp")


def test_an_edit_of_the_folders_manifest_is_seen(project: Project) -> None:
    """It decides what is linked, though it lies outside of the project."""
    project.write("../lib/index.js", "")
    project.manifest(dependencies={"lib": "link:../lib"})
    for _ in range(2):  # a lock that was written just now is too young for a stamp
        project.graft("install")
    assert "../lib/package.json" in project.read("node_modules/.graft/stamp")
    library(project, bin={"tool": "index.js"})
    project.graft("install")
    assert ".bin/tool" in project.links()
    assert project.graft("install", "--json").json["upToDate"]
    library(project, bin={"other": "index.js"})
    assert not project.graft("ci", "--json").json["upToDate"]
    assert ".bin/other" in project.links() and ".bin/tool" not in project.links()


# link and unlink


def lines(project: Project, section: str = "dependencies") -> Any:
    return project.json("package.json").get(section)


@pytest.mark.parametrize("command", ["link", "ln"])
def test_link_and_unlink(project: Project, command: str) -> None:
    library(project)
    project.manifest(devDependencies={"lib": "~1.0.0", "a": "1"})
    project.graft("install")
    dry = project.graft("unlink", "--dry-run", "lib", "--json", check=False).json
    assert "asks for lib@~1.0.0" in dry["error"]["message"]
    report = project.graft(command, "../lib", "--json").json
    assert report["lines"] == {"lib": "link:../lib"} and report["command"] == "link"
    assert lines(project, "devDependencies") == {"a": "1", "lib": "link:../lib"}
    assert project.path("node_modules/lib").resolve() == project.path("../lib").resolve()
    assert project.node("console.log(require('lib').said)") == "linked"
    assert project.graft("install", "--json").json["upToDate"]
    assert project.graft("ci", "--json").json["upToDate"]
    assert "replaced lib from link:../lib to 1.0.0\n" in project.graft("unlink", "lib").stderr
    assert lines(project, "devDependencies") == {"a": "1", "lib": "~1.0.0"}
    assert project.node("console.log(require('lib').version)") == "1.0.0"
    assert project.exists("../lib/index.js")


def test_several_at_once_and_all_back(project: Project) -> None:
    library(project)
    library(project, "@scope/own")
    project.manifest(dependencies={"lib": "1"})
    before = project.read("package.json")
    text = project.graft("link", "../lib", str(project.path("../@scope/own").resolve())).stderr
    assert "lib: link:../lib\n@scope/own: link:../@scope/own\n" in text
    assert lines(project) == {"@scope/own": "link:../@scope/own", "lib": "link:../lib"}
    project.remove("node_modules")  # what was there before is remembered elsewhere
    text = project.graft("unlink").stderr
    assert "@scope/own: no longer asked for" in text and "lib: 1\n" in text
    assert project.read("package.json") == before
    failed = project.graft("unlink", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (2, "usage")
    assert not list((project.machine.graft_home / "linked").glob("*"))


def test_a_link_that_is_moved_keeps_what_was_there_first(project: Project) -> None:
    library(project)
    project.write("../second/package.json", {"name": "lib", "version": "9.0.0"})
    project.manifest(dependencies={"lib": "1.0.0"})
    project.graft("link", "../lib")
    project.graft("link", "../second")
    assert lines(project) == {"lib": "link:../second"}
    project.graft("unlink", "../second")
    assert lines(project) == {"lib": "1.0.0"}


@pytest.mark.parametrize(
    ("own", "saved"), [({}, "^1.2.0"), ({"version": "7.0.0"}, "^2.0.0"), (None, "^2.0.0")]
)
def test_what_is_not_known_is_a_range_of_the_folders_version_or_the_latest(
    project: Project, own: dict[str, str] | None, saved: str
) -> None:
    project.write("../lib/index.js", "")
    if own is not None:
        library(project, **own)
    project.manifest(dependencies={"lib": "link:../lib"})
    project.graft("install")
    project.graft("unlink", "lib")
    assert lines(project) == {"lib": saved}


def test_what_somebody_wrote_since_is_not_overwritten_by_what_is_remembered(
    project: Project,
) -> None:
    library(project)
    library(project, "other")
    project.manifest(dependencies={"lib": "~1.0.0"})
    project.graft("link", "../lib")
    project.manifest(dependencies={"lib": "portal:../lib"})
    project.graft("unlink", "lib")
    assert lines(project) == {"lib": "^1.2.0"}


def test_a_peer_is_linked_for_development(project: Project) -> None:
    library(project)
    project.manifest(peerDependencies={"lib": "^1"})
    before = project.read("package.json")
    project.graft("link", "../lib")
    assert lines(project, "peerDependencies") == {"lib": "^1"}
    assert lines(project, "devDependencies") == {"lib": "link:../lib"}
    project.graft("unlink", "lib")
    assert project.read("package.json") == before


def test_dry_runs_change_nothing(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "1.0.0"})
    project.graft("install")
    before = [project.read(name) for name in ("package.json", "graft-lock.json")]
    said = project.graft("link", "--dry-run", "../lib").stderr
    assert "would" in said and "node_modules/lib" in said
    assert before == [project.read(name) for name in ("package.json", "graft-lock.json")]
    project.graft("link", "../lib")
    project.graft("unlink", "--dry-run", "lib")
    assert lines(project) == {"lib": "link:../lib"}
    project.graft("unlink", "lib")
    assert lines(project) == {"lib": "1.0.0"}


def test_a_failed_link_changes_nothing(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "1.0.0", "absent": "1"})
    before = project.read("package.json")
    assert project.graft("link", "../lib", check=False).code == 21
    assert project.read("package.json") == before
    project.manifest(dependencies={"lib": "1.0.0"})
    failed = project.graft("unlink", "lib", "--json", check=False)
    assert "'lib' is not linked" in failed.json["error"]["message"]


@pytest.mark.parametrize(
    ("words", "code", "fix"),
    [
        (["link"], "usage", "run: graft link /"),
        (["link", "."], "usage", "run: graft link /"),
        (["link", "lib"], "source-missing", "did you mean 'graft link ../folder'?"),
        (["link", "../foldr"], "source-missing", "did you mean 'graft link ../folder'?"),
        (["link", "../x/zzzzzz"], "source-missing", "by its path"),
        (["unlink", "a"], "usage", "nothing here is linked"),
        (["unlink", "absent"], "not-a-dependency", "graft ls"),
        (["link", "--dryrun", "../folder"], "usage", "did you mean '--dry-run'?"),
    ],
)
def test_what_was_meant_is_said(project: Project, words: list[str], code: str, fix: str) -> None:
    library(project, "folder")
    project.write("../folder/package.json", {"name": "lib"})
    project.manifest(dependencies={"a": "1"})
    error = project.graft(*words, "--json", check=False).json["error"]
    assert error["code"] == code and fix in error["fix"]


def test_a_member_of_the_workspace_is_no_folder_to_link_to(project: Project) -> None:
    project.manifest(workspaces=["packages/*"])
    for name in ("core", "web"):
        project.manifest(f"packages/{name}", name=name)
    failed = project.graft("link", "../core", cwd="packages/web", check=False)
    assert failed.code == 2 and "graft add core" in failed.stderr
    library(project)
    project.graft("link", "../../../lib", cwd="packages/web")
    assert project.json("packages/web/package.json")["dependencies"] == {"lib": "link:../../../lib"}
    assert project.exists("packages/web/node_modules/lib/index.js")
    project.graft("link", "-w", "../../../lib", cwd="packages/web")
    assert lines(project) == {"lib": "link:../lib"}
    project.graft("unlink", cwd="packages/web")
    assert "dependencies" not in project.json("packages/web/package.json")
    assert lines(project) == {"lib": "link:../lib"}


def test_add_takes_links_too(project: Project) -> None:
    library(project)
    project.manifest()
    project.graft("add", "link:../lib")
    assert lines(project) == {"lib": "link:../lib"}
    failed = project.graft("add", "link:../absent", "--json", check=False)
    assert failed.json["error"]["code"] == "source-missing"


def test_what_is_remembered_may_be_lost_or_spoilt(project: Project) -> None:
    library(project)
    project.manifest(dependencies={"lib": "1.0.0"})
    project.graft("link", "../lib")
    (record,) = (project.machine.graft_home / "linked").glob("*")
    for text in ("{", "[]", '{".": {"lib": 1}}', '{".": {"lib": {"link": "link:../lib"}}}'):
        record.write_text(text)
        project.graft("link", "../lib")
        report = project.graft("unlink", "lib", "--dry-run", "--json").json
        assert report["lines"] == {"lib": "^1.2.0"}
