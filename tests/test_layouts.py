"""The layouts beside ``virtual``: slots in the project, and npm's shape."""

from __future__ import annotations

import json
import os
import shutil
from itertools import permutations
from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

LAYOUTS = ("virtual", "isolated", "hoisted")
COPIED = ("isolated", "hoisted")
WANTED = {"app": "1", "lib": "1", "@s/ui": "1"}


@pytest.fixture
def packages(registry: LocalRegistry) -> LocalRegistry:
    registry.publish("dep@1.0.0", bin={"dep": "cli.js"})
    registry.publish("dep@2.0.0", bin={"dep": "cli.js"})
    registry.publish("only@1.0.0")
    registry.publish("app@1.0.0", dependencies={"dep": "1", "only": "1"}, bin={"app": "cli.js"})
    registry.publish("lib@1.0.0", dependencies={"dep": "2", "loop": "1"})
    registry.publish("loop@1.0.0", dependencies={"lib": "1"})
    registry.publish("@s/ui@1.0.0", peers={"app": "1"}, dependencies={"dep": "2"})
    registry.publish("more@1.0.0", dependencies={"dep": "1", "new": "1"})
    registry.publish("new@1.0.0")
    return registry


pytestmark = pytest.mark.usefixtures("packages")


def check(project: Project, layout: str) -> None:
    """Everyone finds what it asked for, and it is loaded from where the layout keeps it."""
    script = """
        const { realpathSync } = require('fs');
        const said = [
            require('app').requires('dep').version, require('lib').requires('dep').version,
            require('@s/ui').requires('dep').version, require('@s/ui').requires('app').version,
            require('lib').requires('loop').requires('lib').version,
        ];
        const paths = ['app', 'lib', '@s/ui'].map((name) => require.resolve(name));
        console.log(JSON.stringify([said, paths, Object.keys(require.cache)]));
    """
    said, paths, loaded = json.loads(project.node(script))
    assert said == ["1.0.0", "2.0.0", "2.0.0", "1.0.0", "1.0.0"]
    home = {
        "virtual": project.store,
        "isolated": project.modules / ".graft/slots",
        "hoisted": project.modules,
    }[layout]
    for path in (*paths, *loaded):
        assert Path(path).is_relative_to(home) or path == str(project.dir / "[eval]"), path


def all_in(folder: Path) -> dict[str, int]:
    found = {str(path.relative_to(folder)): path.lstat().st_ino for path in folder.rglob("*")}
    found.pop(".graft/stamp", None)
    return found


def files_in(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.lstat().st_ino
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_everyone_finds_what_it_asked_for(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED, graft={"layout": layout})
    project.graft("install")
    check(project, layout)
    before = all_in(project.modules)
    assert project.graft("install", "--json").json["upToDate"]
    project.graft("ci")
    assert all_in(project.modules) == before
    assert sorted(os.listdir(project.dir)) == ["graft-lock.json", "node_modules", "package.json"]


@pytest.mark.parametrize("layout", COPIED)
def test_nothing_leads_out_of_the_project(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED, graft={"layout": layout})
    project.graft("install")
    for path in project.modules.rglob("*"):
        if path.is_symlink():
            assert not os.path.isabs(os.readlink(path))
            assert path.resolve(strict=True).is_relative_to(project.dir), path
    moved = project.machine.root / "moved"
    project.dir.rename(moved)
    project.dir = moved
    (project.store / "objects").rename(project.machine.root / "gone")
    (project.store / "slots").rename(project.machine.root / "gone-too")
    check(project, layout)


@pytest.mark.parametrize("layout", COPIED)
def test_a_project_can_be_removed_by_any_means(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED)
    project.graft("install", "--layout", layout)
    shutil.rmtree(project.modules)


@pytest.mark.parametrize("layout", COPIED)
def test_nobody_can_write_into_the_store_through_a_project(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED)
    project.graft("install", "--layout", layout)
    for path in project.modules.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".graft/st" not in str(path):
            seen = path.stat()
            # In npm's shape files are the project's own, for tools that write to them.
            assert seen.st_nlink == 1 if layout == "hoisted" else not seen.st_mode & 0o222, path
            assert bool(seen.st_mode & 0o222) == (layout == "hoisted"), path


@pytest.mark.parametrize(("one", "other"), list(permutations(LAYOUTS, 2)))
def test_hazard_32_another_layout_of_an_up_to_date_project_is_made(
    project: Project, one: str, other: str
) -> None:
    project.manifest(dependencies=WANTED)
    project.graft("install", "--layout", one)
    check(project, one)
    project.write("node_modules/.cache/x", "kept")
    report = project.graft("install", "--layout", other, "--json").json
    assert not report["upToDate"] and report["notes"] == []
    check(project, other)
    assert project.read("node_modules/.cache/x") == "kept"
    assert not project.exists("node_modules/.ignored")
    assert project.exists("node_modules/.graft/slots") == (other == "isolated")
    assert project.graft("install", "--layout", other, "--json").json["upToDate"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_phantom_dependency_is_found_in_hoisted_alone(project: Project, layout: str) -> None:
    """``lib`` does not declare ``only``, which ``app`` brings."""
    project.manifest(dependencies=WANTED)
    project.graft("install", "--layout", layout)
    found = project.node(
        "try { console.log(require('lib').requires('only').version) } catch { console.log('no') }"
    )
    assert found == ("1.0.0" if layout == "hoisted" else "no")


@pytest.mark.parametrize("layout", COPIED)
def test_what_stays_is_not_made_again(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED, graft={"layout": layout})
    project.graft("install")
    project.write("node_modules/.cache/x", "kept")
    before = files_in(project.modules)
    folder = project.modules.stat().st_ino
    project.graft("add", "more@1")
    check(project, layout)
    assert project.node("console.log(require('more').requires('new').version)") == "1.0.0"
    after = files_in(project.modules)
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed <= {".graft/state", ".graft/stamp"}
    assert project.modules.stat().st_ino == folder
    project.graft("remove", "more", "app", "@s/ui")
    assert project.node("console.log(require('lib').requires('dep').version)") == "2.0.0"
    left = {path.parent.name for path in project.modules.rglob("package.json")}
    assert left == {"lib", "loop", "dep"}
    assert not project.exists("node_modules/@s")
    assert not project.exists("node_modules/.bin/app")
    assert project.read("node_modules/.cache/x") == "kept"
    assert not project.exists("node_modules/.ignored")


@pytest.mark.parametrize("layout", COPIED)
def test_what_others_made_is_kept_or_moved_aside(project: Project, layout: str) -> None:
    project.manifest(dependencies={"app": "1"}, graft={"layout": layout})
    project.graft("install")
    project.write("node_modules/more/mine.js", "1")
    project.write("node_modules/@s", "a file where a scope must be")
    project.write("node_modules/own/index.js", "2")
    project.path("elsewhere").mkdir()
    project.path("node_modules/.ignored").symlink_to("../elsewhere")
    (note,) = project.graft("add", "more@1", "@s/ui@1", "--json").json["notes"]
    assert note["code"] == "displaced" and "more" in note["message"]
    assert project.read("node_modules/own/index.js") == "2"
    assert os.listdir(project.path("elsewhere")) == []
    assert project.read("node_modules/.ignored/more/mine.js") == "1"
    assert project.exists("node_modules/.ignored/@s")
    assert os.readlink(project.path("node_modules/.ignored/.ignored")) == "../elsewhere"
    assert project.node("console.log(require('@s/ui').requires('app').version)") == "1.0.0"


def test_a_folder_that_somebody_exchanged_is_not_removed(project: Project) -> None:
    project.manifest(dependencies={"app": "1", "lib": "1"}, graft={"layout": "hoisted"})
    project.graft("install")
    project.remove("node_modules/only")
    project.write("node_modules/only/package.json", '{"name": "only", "version": "9.0.0"}')
    assert not project.graft("install", "--json").json["upToDate"]
    assert project.read("node_modules/.ignored/only/package.json").endswith('"9.0.0"}')
    assert project.node("console.log(require('app').requires('only').version)") == "1.0.0"


@pytest.mark.parametrize("layout", COPIED)
def test_what_is_missing_or_changed_is_mended(project: Project, layout: str) -> None:
    project.manifest(dependencies=WANTED, graft={"layout": layout})
    project.graft("install")
    paths = [path.parent for path in project.modules.rglob("loop/package.json")]
    for path in {path.resolve() for path in paths}:
        shutil.rmtree(path.parent.parent if layout == "isolated" else path)
    assert not project.graft("install", "--json").json["upToDate"]
    check(project, layout)
    for path in project.modules.rglob("dep/package.json"):
        path.unlink()
        path.write_text("{}")
    project.graft("install", "--force")
    check(project, layout)


def test_a_damaged_object_is_fetched_again(project: Project) -> None:
    project.manifest(dependencies=WANTED)
    project.graft("install")
    for path in project.store.glob("objects/*/node_modules/dep/cli.js"):
        path.parent.chmod(0o755)
        path.unlink()
    for path in project.store.glob("objects/*.json"):
        if '"only"' in path.read_text():
            path.write_text("{")
    project.graft("install", "--layout", "hoisted")
    check(project, "hoisted")
    assert project.exists("node_modules/dep/cli.js")


# Who chooses


def layout_of(project: Project) -> str:
    return project.read("node_modules/.graft/state").splitlines()[1].partition("\t")[2]


def test_the_flag_goes_before_the_manifest_and_that_before_settings(project: Project) -> None:
    project.manifest(dependencies={"app": "1"})
    project.graft("install")
    assert layout_of(project) == "virtual"
    with project.machine.npmrc.open("a") as file:
        file.write("layout=isolated\n")
    project.graft("install")
    assert layout_of(project) == "isolated"
    project.manifest(graft={"layout": "hoisted"})
    project.graft("install")
    assert layout_of(project) == "hoisted"
    project.graft("install", "--layout", "virtual")
    assert layout_of(project) == "virtual"
    project.graft("add", "lib", "--layout=isolated")
    assert layout_of(project) == "isolated"
    project.graft("install")
    assert layout_of(project) == "hoisted"


@pytest.mark.parametrize(
    ("line", "layout"),
    [
        ("node-linker=hoisted", "hoisted"),
        ("node-linker=isolated", "isolated"),
        ("node-linker=pnp", "virtual"),
        ("install-strategy=linked", "isolated"),
        ("install-strategy=nested", "hoisted"),
        ("node-linker=hoisted\nlayout=virtual", "virtual"),
    ],
)
def test_words_of_other_package_managers_are_understood(
    project: Project, line: str, layout: str
) -> None:
    project.manifest(dependencies={"app": "1"})
    project.graft("install")
    project.write(".npmrc", f"{line}\n")
    project.graft("install")
    assert layout_of(project) == layout
    assert project.graft("install", "--json").json["upToDate"]


def test_a_second_folder_gets_the_layout_that_its_manifest_asks_for(project: Project) -> None:
    project.manifest(dependencies=WANTED, graft={"layout": "hoisted"})
    project.graft("install")
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    other.graft("install")
    check(other, "hoisted")


@pytest.mark.parametrize(
    ("graft", "said"), [({"layout": "hoistd"}, "graft.layout"), ([], "graft is not an object")]
)
def test_a_layout_that_there_is_not_is_refused(project: Project, graft: object, said: str) -> None:
    project.manifest(dependencies={"app": "1"}, graft=graft)
    result = project.graft("install", check=False)
    assert "manifest-invalid" in result.stderr and said in result.stderr
    project.manifest(graft={})
    assert "hoisted" in project.graft("install", "--layout", "hoistd", check=False).stderr
    project.write(".npmrc", "layout=isolate\n")
    result = project.graft("install", check=False)
    assert "settings-unreadable" in result.stderr and "'isolated'" in result.stderr


# Commands


@pytest.mark.parametrize("layout", LAYOUTS)
def test_commands_of_dependencies_lie_in_bin(project: Project, layout: str) -> None:
    project.manifest(dependencies={"app": "1", "lib": "1"}, scripts={"x": "app"})
    project.graft("install", "--layout", layout)
    assert os.access(project.path("node_modules/.bin/app"), os.X_OK)
    deep = {
        "virtual": project.store.glob("slots/app@*/node_modules/.bin/dep"),
        "isolated": project.modules.glob(".graft/slots/app@*/node_modules/.bin/dep"),
        "hoisted": project.modules.glob("*/node_modules/.bin/dep"),
    }[layout]
    for path in deep:
        assert os.access(path, os.X_OK)
        break
    else:
        raise AssertionError("no command beside the package that asks for it")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_where_packages_lie_is_listed(project: Project, layout: str) -> None:
    project.manifest(dependencies={"app": "1", "lib": "1"})
    project.graft("install", "--layout", layout)
    listed = project.graft("ls", "--paths", "--all", "--json").json["dependencies"]
    app, lib = listed["app"], listed["lib"]
    resolved = project.node("console.log(require.resolve('app'))")
    assert app["path"] == str(Path(resolved).parent)
    versions = [
        json.loads(Path(entry["dependencies"]["dep"]["path"], "package.json").read_text())
        for entry in (app, lib)
    ]
    assert [version["version"] for version in versions] == ["1.0.0", "2.0.0"]
    assert app["path"] in project.graft("ls", "--paths").stdout
    assert "path" not in project.graft("ls", "--json").json["dependencies"]["app"]


# Workspaces and builds


def published(project: Project, folder: str, local: str) -> str:
    script = f"console.log(require('{local}/package.json').version)"
    result = project.machine.run(["node", "-e", script], cwd=project.path(folder))
    return result.stdout.strip()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_members_get_their_own_versions_in_every_layout(project: Project, layout: str) -> None:
    project.manifest(
        name="root", workspaces=["packages/*"], dependencies={"dep": "1"}, graft={"layout": layout}
    )
    project.manifest("packages/one", dependencies={"dep": "2", "two": "workspace:*"})
    project.manifest("packages/two", dependencies={"app": "1", "dep": "1"})
    project.graft("install")
    found = [published(project, folder, "dep") for folder in (".", "packages/one", "packages/two")]
    assert found == ["1.0.0", "2.0.0", "1.0.0"]
    script = "console.log(require.resolve('two/package.json'))"
    result = project.machine.run(["node", "-e", script], cwd=project.path("packages/one"))
    assert result.stdout.strip() == str(project.path("packages/two/package.json"))
    assert os.access(project.path("packages/two/node_modules/.bin/app"), os.X_OK)
    assert project.graft("install", "--json").json["upToDate"]
    if layout != "virtual":
        for path in (*project.modules.rglob("*"), *project.path("packages").rglob("*")):
            assert path.resolve().is_relative_to(project.dir), path
    other = LAYOUTS[LAYOUTS.index(layout) - 1]
    project.graft("install", "--layout", other)
    assert published(project, "packages/one", "dep") == "2.0.0"
    project.graft("install")
    assert published(project, "packages/one", "dep") == "2.0.0"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_member_that_left_the_workspace_keeps_nothing_of_graft(
    project: Project, layout: str
) -> None:
    project.manifest(name="root", workspaces=["packages/*"], graft={"layout": layout})
    for member in ("one", "two", "three"):
        project.manifest(f"packages/{member}", dependencies={"dep": "2", "app": "1"})
    project.manifest("packages/one", dependencies={"dep": "1", "app": "1"})
    project.graft("install")
    project.write("packages/two/node_modules/.cache/x", "kept")
    project.manifest(workspaces=["packages/one"])
    # One of them is a project by itself now, and is installed before the workspace is again.
    project.graft("install", cwd="packages/three")
    project.graft("install")
    assert published(project, "packages/three", "dep") == "2.0.0"
    assert published(project, "packages/one", "dep") == "1.0.0"
    assert not project.exists("packages/two/node_modules/.bin")
    assert os.listdir(project.path("packages/two/node_modules")) in (
        [".cache"],
        [".cache", ".graft"],
        [".graft", ".cache"],
    )
    assert project.read("packages/two/node_modules/.cache/x") == "kept"


@pytest.mark.parametrize("layout", COPIED)
def test_what_scripts_built_is_in_every_layout(
    project: Project, registry: LocalRegistry, layout: str
) -> None:
    registry.publish(
        "built@1.0.0",
        dependencies={"dep": "1"},
        scripts={"install": "echo made > made.txt"},
        files={"index.js": "module.exports = require('fs').readFileSync(__dirname + '/made.txt')"},
    )
    project.manifest(dependencies={"built": "1"}, graft={"layout": layout})
    project.graft("install")
    project.graft("approve-builds", "--all")
    assert project.node("console.log(String(require('built')).trim())") == "made"
    project.graft("install", "--force")
    assert project.node("console.log(String(require('built')).trim())") == "made"
    assert project.graft("install", "--json").json["upToDate"]
