"""What containers do to a project: files that are mounted, layers, homes that change."""

from __future__ import annotations

import shutil

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import Mounts

RUNS = "console.log(require('a').requires('b').version)"


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    """``a@1 -> b``; there is an ``a@2`` too."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("a@2.0.0", dependencies={"b": "1"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    return project


def test_a_lock_that_is_mounted_is_written_in_its_place(installed: Project) -> None:
    """As with ``docker run --volume $PWD/graft-lock.json:/app/graft-lock.json``."""
    elsewhere = installed.dir.parent / "lock.json"
    shutil.copy(installed.path("graft-lock.json"), elsewhere)
    installed.manifest(dependencies={"a": "2"})
    mounts = Mounts().bind(elsewhere, installed.path("graft-lock.json"))
    mounts.run(installed, "install", "--lockfile-only")
    assert '"a@2.0.0"' in elsewhere.read_text()
    mounts.run(installed, "install")
    assert installed.json("node_modules/a/package.json")["version"] == "2.0.0"
    assert not installed.exists(".graft-staging")


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
def test_a_node_modules_of_a_lower_layer_is_replaced(
    installed: Project, registry: LocalRegistry, layout: str
) -> None:
    """An overlay cannot rename a folder that an earlier layer has brought: neither graft's own, nor
    what others keep beside them or where a package has to be."""
    registry.publish("c@1.0.0")
    installed.graft("install", "--layout", layout)
    for path in ("mine.txt", ".cache/deep/mine.txt", "@s/own/mine.txt", "c/mine.txt"):
        installed.write(f"node_modules/{path}", "mine ")
    layers = installed.dir.parent / "layers"
    layers.mkdir()
    mounts = (
        Mounts()
        .small(layers, "8m")
        .line("mkdir {} {}", layers / "up", layers / "work")
        .line(
            "mount -t overlay -o userxattr,lowerdir={},upperdir={},workdir={} none {}",
            *(installed.dir, layers / "up", layers / "work", installed.dir),
        )
    )
    found = "require('a/package.json').version + require('c/package.json').version"
    kept = "mine.txt .cache/deep/mine.txt @s/own/mine.txt .ignored/c/mine.txt"
    after = f'node -p "{found}"; ls -A; cd node_modules; cat {kept}; ls -A .ignored'
    arguments = ("add", "a@2", "c", "--layout", layout)
    result = mounts.run(installed, *arguments, check=False, after=after)
    if "mount:" in result.stderr:
        pytest.skip("there are no overlays here")
    assert result.code == 0, result
    assert "2.0.01.0.0\n" in result.stdout
    assert result.stdout.endswith("mine mine mine mine c\n")
    assert ".graft-staging" not in result.stdout
