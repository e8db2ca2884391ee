"""What one project does changes nothing that another uses: not its slots, and no object."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import powerless
from harness.tree import snapshot

# As prisma's generator does: it writes code beside itself, and into a neighbour.
GENERATES = (
    "echo 'exports.generated = true' > generated.js;"
    "echo 'exports.version = 0' > ../engine/index.js;"
    "echo more > ../engine/more.js;"
    "rm -f ../engine/package.json;"
    "mkdir -p ../.prisma/client && echo x > ../.prisma/client/index.js;"
    "true"
)
RUNS = "console.log(require('client').requires('engine').version)"
SHARED = ("objects", "slots")


@pytest.fixture
def both(project: Project, registry: LocalRegistry) -> tuple[Project, Project]:
    """Two projects with the same packages."""
    registry.publish("engine@1.0.0")
    scripts = {"postinstall": GENERATES}
    registry.publish("client@1.0.0", dependencies={"engine": "1"}, scripts=scripts)
    project.manifest(dependencies={"client": "1", "engine": "1"})
    project.graft("install")
    other = project.sibling("other", dependencies={"client": "1", "engine": "1"})
    other.graft("install")
    return project, other


def shared(project: Project) -> dict[str, str]:
    """Digest, mode and kind of everything in objects and slots."""
    return {
        f"{kind}/{path}": what
        for kind in SHARED
        for path, what in snapshot(project.store / kind).items()
    }


def closed(project: Project) -> bool:
    """Whether nothing in objects and slots has a write bit."""
    boxes = [b for kind in SHARED for b in (project.store / kind).iterdir() if b.suffix != ".json"]
    paths: list[Path] = [path for box in boxes for path in (box, *box.rglob("*"))]
    return all(p.is_symlink() or not stat.S_IMODE(p.stat().st_mode) & 0o222 for p in paths)


def test_hazard_3_a_generator_of_one_project_changes_nothing_of_another(
    both: tuple[Project, Project],
) -> None:
    first, other = both
    before, links = shared(first), snapshot(other.modules)
    # Held back by modes alone, as everybody but the superuser is; a sandbox comes on top.
    first.machine.npmrc.write_text(first.machine.npmrc.read_text() + "sandbox=off\n")
    powerless(first, "approve-builds", "client")
    after = shared(first)
    assert {path: after.get(path) for path in before} == before
    assert {path.split("@")[0] for path in after.keys() - before.keys()} == {"slots/client"}
    assert first.read("node_modules/client/generated.js") == "exports.generated = true\n"
    assert not other.exists("node_modules/client/generated.js")
    # What it made beside its package is in the private slot, and taken down there.
    (made,) = first.store.glob("slots/*/node_modules/.prisma/client/index.js")
    assert first.graft("store", "verify", check=False).code == 0
    made.chmod(0o644)
    made.write_text("else\n")
    assert first.graft("store", "verify", check=False).code == 37
    powerless(first, "install", "--force")
    assert made.read_text() == "x\n"
    assert snapshot(other.modules) == links
    assert other.node(RUNS) == first.node(RUNS) == "1.0.0"
    assert closed(first)


@pytest.mark.parametrize("layout", ["virtual", "isolated"])
def test_hazard_3_code_that_runs_cannot_write_into_what_is_shared(
    both: tuple[Project, Project], layout: str
) -> None:
    """By the links of the project, and by hard links that lie in it."""
    first, other = both
    first.graft("install", "--layout", layout)
    before = shared(first)
    package = first.path("node_modules/engine").resolve()
    assert package.is_relative_to(first.store) is (layout == "virtual")
    tries = [
        f"echo x >> {package}/index.js",
        f": > {package}/package.json",
        *([f"echo x > {package}/more.js", f"rm {package}/index.js"] if layout == "virtual" else []),
    ]
    for line in tries:
        done = powerless(first, "-c", line, command=("sh",), check=False)
        assert done.code != 0, line
    if layout == "isolated":  # its folders are the project's: who writes anew, writes there
        anew = f"rm {package}/index.js && echo 'exports.version = 9' > {package}/index.js"
        powerless(first, "-c", anew, command=("sh",))
        assert first.node("console.log(require('engine').version)") == "9"
    assert shared(first) == before
    assert other.node(RUNS) == "1.0.0"


def test_hazard_3_a_patch_of_one_project_changes_nothing_of_another(
    both: tuple[Project, Project],
) -> None:
    first, other = both
    before = shared(first)
    folder = powerless(first, "patch", "engine", "--json").json["folder"]
    Path(folder, "index.js").write_text("exports.version = 'patched'\n")
    powerless(first, "patch-commit", folder)
    after = shared(first)
    assert {path: after.get(path) for path in before} == before
    assert first.node("console.log(require('engine').version)") == "patched"
    assert other.node("console.log(require('engine').version)") == "1.0.0"
    assert closed(first)
    first.graft("store", "verify")


def test_hazard_3_nothing_is_open_after_a_rebuild_or_a_repair(
    both: tuple[Project, Project],
) -> None:
    first, _ = both
    first.graft("approve-builds", "client")
    first.graft("rebuild", "client")
    assert closed(first)
    (engine,) = first.store.glob("objects/*/node_modules/engine/index.js")
    os.chmod(engine, 0o644)
    engine.write_text("exports.version = 0\n")
    assert first.graft("store", "verify", check=False).code == 37
    assert not closed(first)
    assert first.graft("store", "verify", "--repair", check=False).code == 38
    assert closed(first)
