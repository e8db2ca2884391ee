"""A copy of a project, or of one member of a workspace, that needs nothing around it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

LAYOUTS = ("isolated", "hoisted")


def deploy(project: Project, *arguments: str, out: str = "../out", **more: Any) -> Any:
    return project.graft("deploy", "--json", *arguments, out, **more)


@pytest.fixture
def shop(registry: LocalRegistry, project: Project) -> Project:
    """A workspace: ``web`` needs ``core``, which has a dependency and a peer of its own."""
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"host@{version}")
    registry.publish("deep@1.0.0")
    registry.publish("lib@1.0.0", dependencies={"deep": "^1"}, bin={"lib": "cli.js"})
    registry.publish("tool@1.0.0")
    project.manifest(private=True, workspaces=["packages/*"])
    project.write(
        "packages/core/package.json",
        {
            "name": "core",
            "version": "1.2.0",
            "main": "index.js",
            "files": ["index.js"],
            "dependencies": {"lib": "^1"},
            "devDependencies": {"tool": "^1", "host": "^2"},
            "peerDependencies": {"host": "*"},
        },
    )
    project.write(
        "packages/core/index.js",
        "exports.host = require('host').version\n"
        "exports.lib = require('lib').requires('deep').version\n",
    )
    project.write("packages/core/secret.txt", "not published")
    project.write(
        "packages/web/package.json",
        {
            "name": "web",
            "version": "1.0.0",
            "main": "main.js",
            "dependencies": {"core": "workspace:^", "host": "^1"},
            "devDependencies": {"tool": "^1"},
        },
    )
    project.write("packages/web/main.js", "console.log(JSON.stringify(require('core')))\n")
    project.graft("install")
    return project


def run(project: Project, folder: Path) -> str:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    return project.machine.run(["node", str(folder)], cwd=folder).stdout.strip()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_member_runs_where_nothing_else_is(shop: Project, tmp_path: Path, layout: str) -> None:
    done = deploy(shop, "--filter", "web", "--layout", layout).json
    out = Path(done["folder"])
    assert (done["name"], done["members"]) == ("web", ["packages/core"])
    moved = tmp_path / "elsewhere" / "deep" / "app"
    moved.parent.mkdir(parents=True)
    out.rename(moved)
    shutil.rmtree(shop.store)
    shop.dir.rename(tmp_path / "gone")
    moved_shop = Project(moved, shop.machine)
    # The peer of core is what web has, not what core is developed with.
    assert run(moved_shop, moved) == '{"host":"1.0.0","lib":"1.0.0"}'


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_leads_out_and_nothing_is_shared(shop: Project, layout: str) -> None:
    out = Path(deploy(shop, "--filter", "web", "--layout", layout).json["folder"])
    files = 0
    for place, _, names in os.walk(out):
        for name in names:
            path = Path(place, name)
            assert out in path.resolve().parents
            if not path.is_symlink():
                files += 1
                assert path.stat().st_nlink == 1
                assert stat.S_IMODE(path.stat().st_mode) & 0o200
    assert files > 5


def test_what_is_for_development_or_unpublished_stays_behind(shop: Project) -> None:
    out = Path(deploy(shop, "--filter", "web", "--layout", "hoisted").json["folder"])
    modules = out / "node_modules"
    assert sorted(p.name for p in modules.iterdir() if not p.name.startswith(".")) == [
        *("core", "deep", "host", "lib", "web"),
    ]
    assert not (modules / "core/secret.txt").exists()
    with_dev = deploy(shop, "--filter", "web", "--dev", "--layout", "hoisted", out="../dev").json
    assert (Path(with_dev["folder"]) / "node_modules/tool").is_dir()


def test_its_manifest_means_the_same_outside(shop: Project) -> None:
    out = Path(deploy(shop, cwd="packages/web").json["folder"])
    text = (out / "package.json").read_text()
    assert '"core": "^1.2.0"' in text
    assert "workspace:" not in text


def test_a_single_project_is_deployed_with_what_is_built_and_patched(
    registry: LocalRegistry, project: Project
) -> None:
    build = "node -e \"fs.writeFileSync('built', 'yes')\""
    registry.publish("pad@1.0.0", scripts={"postinstall": build})
    project.manifest(dependencies={"pad": "^1"})
    project.write("index.js", "console.log(require('pad').version)\n")
    project.graft("install")
    project.graft("approve-builds", "pad")
    folder = Path(project.graft("patch", "pad", "--json").json["folder"])
    (folder / "index.js").write_text("exports.version = 'patched'\n")
    project.graft("patch-commit", str(folder))
    out = Path(deploy(project).json["folder"])
    assert run(project, out) == "patched"
    assert (out / "node_modules/pad/built").read_text() == "yes"


def test_a_folder_with_something_in_it_is_left_alone(shop: Project) -> None:
    shop.write("../out/mine.txt", "mine")
    said = deploy(shop, "--filter", "web", check=False).json["error"]
    assert said["code"] == "folder-not-empty"
    assert shop.read("../out/mine.txt") == "mine"
    shop.remove("../out/mine.txt")
    deploy(shop, "--filter", "web")


def test_the_lock_has_to_answer(shop: Project) -> None:
    web = shop.json("packages/web/package.json")
    shop.write("packages/web/package.json", web | {"dependencies": {"lib": "^1"}})
    assert deploy(shop, "--filter", "web", check=False).json["error"]["code"] == "lock-stale"
    assert not shop.exists("../out")


def test_a_dry_run_writes_nothing_and_one_member_is_enough(shop: Project) -> None:
    done = deploy(shop, "--filter", "web", "--dry-run").json
    assert done["dryRun"]
    assert done["packages"] == 4
    assert not shop.exists("../out")
    two = deploy(shop, "--filter", "*", check=False).json["error"]
    assert (two["code"], two["fix"]) == ("usage", "name one")
    none = deploy(shop, "--filter", "wep", check=False).json["error"]
    assert none["code"] == "usage"
