"""Tools that fail in ``virtual`` get the layout that works, with the reason, once."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from graft.link.ladder import Rung, needed_rung, read_ladder
from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.versions.npm import parse_range
from harness.project import Project
from harness.registry import LocalRegistry

ROOT = Path(__file__).resolve().parent.parent


def layout_of(project: Project) -> str:
    return project.read("node_modules/.graft/state").splitlines()[1].partition("\t")[2]


@pytest.fixture
def tools(registry: LocalRegistry) -> LocalRegistry:
    for spec in ("next@16.0.0", "plain@1.0.0", "react-native@0.72.0", "react-native@0.80.0"):
        registry.publish(spec)
    registry.publish("runner@1.0.0", dependencies={"vite": "*"})
    registry.publish("vite@8.0.0-beta.1", tag="latest")
    return registry


def codes(project: Project, *command: str) -> list[str]:
    return [note["code"] for note in project.graft(*command, "--json").json["notes"]]


@pytest.mark.usefixtures("tools")
def test_a_tool_gets_its_layout_and_that_is_said_once(project: Project) -> None:
    project.manifest(dependencies={"plain": "1"})
    project.graft("install")
    result = project.graft("add", "next@16")
    assert "layout-chosen" in result.stderr and "Turbopack" in result.stderr
    assert layout_of(project) == "isolated"
    assert project.graft("install", "--json").json["upToDate"]
    assert codes(project, "remove", "plain") == []
    assert codes(project, "add", "plain") == []
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    (note,) = other.graft("install", "--json").json["notes"]
    assert note["code"] == "layout-chosen" and "vercel/next.js#93556" in note["why"][0]
    third = project.sibling("third")
    for name in ("package.json", "graft-lock.json"):
        third.write(name, project.read(name))
    third.graft("install")
    assert layout_of(third) == "isolated"
    assert codes(project, "remove", "next") == []
    assert layout_of(project) == "virtual"


@pytest.mark.usefixtures("tools")
def test_whoever_chooses_is_obeyed(project: Project) -> None:
    project.manifest(dependencies={"next": "16"}, graft={"layout": "virtual"})
    assert codes(project, "install") == []
    assert layout_of(project) == "virtual"
    project.manifest(graft={})
    assert codes(project, "install", "--layout", "hoisted") == []
    assert layout_of(project) == "hoisted"
    project.write(".npmrc", "layout=virtual\n")
    assert codes(project, "install") == []
    assert layout_of(project) == "virtual"


@pytest.mark.usefixtures("tools")
def test_only_what_is_asked_for_and_installed_counts(project: Project) -> None:
    project.manifest(dependencies={"runner": "1"}, devDependencies={"vite": "*"})
    project.graft("install", "--prod")
    assert layout_of(project) == "virtual"
    project.graft("install")
    assert layout_of(project) == "isolated"  # and a prerelease counts


@pytest.mark.parametrize("layout", ["virtual", "isolated"])
def test_a_tool_that_copies_its_files_has_files_of_its_own(
    registry: LocalRegistry, project: Project, layout: str
) -> None:
    registry.publish("husky@9.0.0", bin={"husky": "bin.js"}, files={"hook": ("#!/bin/sh\n", 0o755)})
    registry.publish("plain@1.0.0")
    project.manifest(dependencies={"husky": "9", "plain": "1"}, graft={"layout": layout})
    project.graft("install")
    assert layout_of(project) == layout
    hook = project.modules / "husky/hook"
    assert not (project.modules / "husky").is_symlink()
    assert (project.modules / "plain").is_symlink()
    assert (hook.stat().st_nlink, stat.S_IMODE(hook.stat().st_mode)) == (1, 0o755)
    assert project.graft("install", "--json").json["upToDate"]
    hook.write_text("changed\n")
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    other.graft("install")
    copied = other.modules / "husky/hook"
    assert copied.read_text() == "#!/bin/sh\n"
    assert (copied.stat().st_nlink, stat.S_IMODE(copied.stat().st_mode)) == (1, 0o755)
    assert other.graft("install", "--json").json["upToDate"]
    assert project.graft("exec", "husky").code == 0
    project.graft("remove", "husky")
    assert not project.exists("node_modules/husky")
    assert not project.exists("node_modules/.ignored")


@pytest.mark.usefixtures("tools")
def test_the_strictest_layout_of_a_workspace_serves_all(project: Project) -> None:
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/web", dependencies={"next": "16", "plain": "1"})
    project.manifest("packages/phone", dependencies={"react-native": "0.72.0", "plain": "1"})
    project.graft("install")
    assert layout_of(project) == "hoisted"
    project.manifest("packages/phone", dependencies={"react-native": "0.80.0"})
    project.graft("install")
    assert layout_of(project) == "isolated"


def graph(**versions: str) -> Graph:
    manifests = [Manifest(name=name, version=version) for name, version in versions.items()]
    return Graph(
        importers={
            ".": Importer(path=".", requirements=(), edges={m.name: m.id for m in manifests})
        },
        nodes={m.id: Node(id=m.id, manifest=m, edges={}) for m in manifests},
    )


def test_the_range_of_a_rung_counts() -> None:
    found = [needed_rung(graph(expo=version)) for version in ("53.0.1", "54.0.0", "55.0.0-rc.1")]
    assert [need and need[0].layout for need in found] == ["hoisted", None, None]
    assert needed_rung(graph(plain="1.0.0")) is None


@pytest.mark.parametrize("rung", read_ladder(), ids=lambda rung: f"{rung.package}@{rung.range}")
def test_each_rung_has_evidence_and_stands_in_the_docs(rung: Rung) -> None:
    assert rung.layout in ("isolated", "hoisted", "copied") and rung.reason
    assert not parse_range(rung.range).is_empty
    for evidence in rung.evidence:
        is_fixture = evidence.startswith("bench/ecosystems/")
        assert (
            (ROOT / evidence).is_dir()
            if is_fixture
            else re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", evidence)
        )
    assert rung.evidence
    page = (ROOT / "docs/concepts/layouts.md").read_text()
    assert f"| {rung.package} |" in page and rung.reason in page
