"""The shortest road (workflows/relink.py) gives what the long one gives, or leaves it to that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graft.project.defaults import only_defaults
from graft.project.settings import read_settings
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

LONG = ("install", "--silent")  # any flag is enough


@pytest.fixture
def first(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("b@1.0.0")
    registry.publish("@s/c@1.0.0", peers={"a": "1"})
    project.manifest(dependencies={"a": "1", "@s/c": "1"}, devDependencies={"b": "1"})
    project.graft("install")
    return project


def second(first: Project, name: str = "second") -> Project:
    folder = first.sibling(name)
    folder.write("package.json", first.read("package.json"))
    folder.write("graft-lock.json", first.read("graft-lock.json"))
    return folder


def took_the_short_road(project: Project) -> bool:
    """What is loaded tells: the long road reads flags."""
    code = (
        "import sys; sys.argv = ['graft', 'install']\n"
        "from graft.__main__ import main\n"
        "code = main(); print('argparse' in sys.modules); sys.exit(code)"
    )
    result = project.machine.run(["python3", "-c", code], cwd=project.dir, env=sources())
    return result.stdout == "False\n"


def sources() -> dict[str, str | None]:
    import sys

    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent / "src"),
    }


def test_both_roads_give_the_same_project(first: Project) -> None:
    short, long = second(first, "short"), second(first, "long")
    store = snapshot(first.store / "slots")
    assert took_the_short_road(short)
    long.graft(*LONG)
    made, wanted = snapshot(short.modules), snapshot(long.modules)
    # These say where the project is.
    assert made.pop(".graft/stamp") != wanted.pop(".graft/stamp")
    assert made.pop(".graft/state") != wanted.pop(".graft/state")
    assert made == wanted
    states = [project.read("node_modules/.graft/state") for project in (short, long)]
    assert states[0] == states[1].replace(str(long.dir), str(short.dir))
    assert snapshot(first.store / "slots") == store
    own = ("path\t", "inode\t")
    records = [
        [line for line in path.read_text().splitlines() if not line.startswith(own)]
        for path in first.store.glob("projects/*")
    ]
    assert len(records) == 3
    assert records[0] == records[1] == records[2]
    assert short.node("console.log(require('a').requires('b').version)") == "1.0.0"
    assert short.graft("install", "--json").json["upToDate"]


@pytest.fixture
def patched(first: Project) -> Project:
    folder = Path(first.graft("patch", "b", "--json").json["folder"])
    (folder / "index.js").write_text("exports.version = 'patched'")
    first.graft("patch-commit", str(folder))
    return first


def checked_out(patched: Project, name: str = "second") -> Project:
    folder = second(patched, name)
    (patch,) = patched.path("patches").iterdir()
    folder.write(f"patches/{patch.name}", patch.read_text().replace("\n", "\r\n"))
    return folder


def test_patches_are_no_reason_for_the_long_road(patched: Project) -> None:
    folder, long = checked_out(patched), checked_out(patched, "long")
    assert took_the_short_road(folder)
    long.graft(*LONG)
    assert folder.links() == {**long.links(), "second": ".."} or folder.links() == long.links()
    assert folder.node("console.log(require('a').requires('b').version)") == "patched"
    assert folder.graft("install", "--json").json["upToDate"]


def test_a_patch_that_has_changed_or_is_gone_is_left_to_the_long_road(patched: Project) -> None:
    folder = checked_out(patched)
    (patch,) = folder.path("patches").iterdir()
    before = patch.read_text()
    patch.write_text(before.replace("patched", "otherwise"))
    assert not took_the_short_road(folder)
    asked = "console.log(require('a').requires('b').version)"
    assert folder.node(asked) == "otherwise"
    patch.write_text(before)
    folder.remove("node_modules")
    folder.write("graft-lock.json", patched.read("graft-lock.json"))
    assert took_the_short_road(folder)
    # The launcher does not look at patches.
    assert not folder.exists("node_modules/.graft/stamp")
    patch.write_text(before.replace("patched", "once more"))
    folder.graft("install")
    assert folder.node(asked) == "once more"
    patch.unlink()
    folder.remove("node_modules")
    assert folder.graft("install", "--json", check=False).json["error"]["code"] == "patch-missing"


def test_it_leaves_no_junk_and_is_registered_before_it_links(first: Project) -> None:
    folder = second(first)
    assert took_the_short_road(folder)
    assert sorted(os.listdir(folder.dir)) == ["graft-lock.json", "node_modules", "package.json"]
    assert not list(first.store.glob("journals/*"))


def test_a_store_that_lost_a_slot_is_healed_by_the_long_road(first: Project) -> None:
    (slot,) = first.store.glob("slots/b@*")
    slot.rename(first.machine.root / "gone")
    folder = second(first)
    assert not took_the_short_road(folder)
    assert folder.node("console.log(require('a').requires('b').version)") == "1.0.0"


def test_a_slot_of_another_graph_changes_nothing(first: Project, registry: LocalRegistry) -> None:
    registry.publish("z@1.0.0")
    first.sibling("other", dependencies={"z": "1"}).graft("install")
    assert took_the_short_road(second(first))


@pytest.mark.parametrize("damage", ["", "graft-graph 1\n", "graft-graph 1\npackages\t3"])
def test_a_damaged_record_counts_as_none(first: Project, damage: str) -> None:
    (record,) = (path for path in first.store.glob("graphs/*") if not path.suffix)
    record.write_text(damage)
    folder = second(first)
    assert not took_the_short_road(folder)
    assert folder.links() == {**first.links(), "second": ".."} or folder.links() == first.links()


def test_what_is_unusual_is_left_to_the_long_road(first: Project) -> None:
    there = second(first, "there")
    there.path("node_modules").mkdir()
    staged = second(first, "staged")
    staged.path(".graft-staging").mkdir()
    changed = second(first, "changed")
    changed.manifest(description="changed")
    omitting = second(first, "omitting")
    omitting.write(".npmrc", "omit=dev\n")
    for project in (there, staged, changed, omitting):
        assert not took_the_short_road(project), project.dir.name
        assert "a" in project.links()
    assert "b" not in omitting.links()


@pytest.mark.parametrize(
    "text",
    [
        "omit=dev",
        "omit[]=dev",
        "production = true",
        "optional=false",
        "only=prod",
        "dev=false",
        "strict-ssl=false",
        "'omit'=dev",
        "[section]\nomit=dev",
        "registry=https://registry.example.com/\nomit=peer",
    ],
)
@pytest.mark.parametrize("place", ["home/.npmrc", "app/.npmrc", "prefix/etc/npmrc"])
def test_settings_that_count_are_never_overlooked(tmp_path: Path, text: str, place: str) -> None:
    for folder in ("home", "app", "prefix/etc"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / place).write_text(text)
    environ = {"PREFIX": str(tmp_path / "prefix"), "HOME": str(tmp_path / "home")}
    settings = read_settings(
        str(tmp_path / "app"),
        environ,
        str(tmp_path / "home"),
        {},
        global_files=(str(tmp_path / "prefix/etc/npmrc"),),
    )
    plain = only_defaults(str(tmp_path / "app"), environ, str(tmp_path / "home"))
    assert not plain or not (settings.omit or settings.notes)


def test_the_first_second_folder_looks_at_no_slot(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    (seen,) = project.store.glob("graphs/*.seen")
    before = seen.stat().st_mtime_ns
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.path(name).write_bytes(project.path(name).read_bytes())
    other.graft("install")
    assert other.exists("node_modules/a")
    assert seen.stat().st_mtime_ns == before


# Workspaces


@pytest.fixture
def workspace(project: Project, registry: LocalRegistry) -> Project:
    """Two members; what one asks for is copied into it, what the other brings can be run."""
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("b@1.0.0")
    registry.publish("husky@9.0.0", bin={"husky": "bin.js"})
    project.manifest(workspaces=["packages/*", "apps/shop"], dependencies={"b": "1"})
    project.manifest(
        "packages/web",
        dependencies={"a": "1", "core": "workspace:*"},
        devDependencies={"husky": "9"},
    )
    project.manifest("packages/core", bin="tool.js")
    project.write("packages/core/tool.js", "#!/usr/bin/env node\n")
    project.graft("install")
    return project


MEMBERS = ("packages/web", "packages/core")


def checkout(first: Project, name: str = "second") -> Project:
    folder = second(first, name)
    for member in MEMBERS:
        folder.write(f"{member}/package.json", first.read(f"{member}/package.json"))
    folder.write("packages/core/tool.js", "console.log('of', __dirname)\n")
    return folder


def test_both_roads_give_the_same_workspace(workspace: Project) -> None:
    short, long = checkout(workspace, "short"), checkout(workspace, "long")
    assert took_the_short_road(short)
    long.graft(*LONG)
    for folder in (".", *MEMBERS):
        made, wanted = (snapshot(project.path(folder, "node_modules")) for project in (short, long))
        for path in (".graft/stamp", ".graft/state"):
            assert (path in made) == (path in wanted)
            made.pop(path, None), wanted.pop(path, None)
        assert made == wanted, folder
        path = f"{folder}/node_modules/.graft/state"
        if short.exists(path):
            assert short.read(path) == long.read(path).replace(str(long.dir), str(short.dir))
    assert short.path("packages/core/tool.js").stat().st_mode & 0o111
    assert not short.path("packages/web/node_modules/husky").is_symlink()
    stamps = [project.read("node_modules/.graft/stamp").splitlines() for project in (short, long)]
    looked = [{line.rpartition(" ")[2] for line in stamp[1:]} for stamp in stamps]
    assert all("/projects/" in path for path in looked[0] ^ looked[1])
    assert short.graft("install", "--json").json["upToDate"]


def test_hazard_a_workspace_s_members_resolve_inside_their_own_checkout(
    workspace: Project,
) -> None:
    """deps-source.md 7C: a green run that verified the wrong tree."""
    folder = checkout(workspace)
    assert took_the_short_road(folder)
    real = folder.node("console.log(fs.realpathSync('node_modules/core'))", cwd="packages/web")
    assert real == str(folder.path("packages/core"))


@pytest.mark.parametrize(
    "change",
    [
        "packages/core/package.json",
        "packages/new/package.json",
        "apps/shop/package.json",  # no pattern stands for it: it is named
        "packages/core/graft.toml",
        "pnpm-workspace.yaml",
        "packages/web/node_modules/mine",
    ],
)
def test_a_workspace_in_which_anything_is_otherwise_is_left_to_the_long_road(
    workspace: Project, change: str
) -> None:
    folder = checkout(workspace)
    name = "core" if "core" in change else "other"
    texts = {
        "json": f'{{"name": "{name}", "version": "1.1.0"}}',
        "yaml": "packages: ['packages/*']\n",
    }
    folder.write(change, texts.get(change.rpartition(".")[2], ""))
    assert not took_the_short_road(folder)
    assert folder.node("console.log(require('a').requires('b').version)", cwd="packages/web")
    if "new" in change or "shop" in change:
        assert os.path.dirname(change) in folder.lock["importers"]


def test_a_folder_that_was_no_member_and_is_one_now(workspace: Project) -> None:
    workspace.path("packages/later").mkdir()
    workspace.graft(*LONG, "--force")
    folder = checkout(workspace)
    folder.path("packages/later").mkdir()
    assert took_the_short_road(folder)
    other = checkout(workspace, "other")
    other.write("packages/later/package.json", {"name": "later", "version": "1.0.0"})
    assert not took_the_short_road(other)
    folder.write("packages/later/package.json", {"name": "later", "version": "1.0.0"})
    folder.graft("install")
    assert "packages/later" in folder.lock["importers"]


def test_slots_that_lead_to_a_checkout_serve_no_other(
    workspace: Project, registry: LocalRegistry
) -> None:
    registry.publish("plugin@1.0.0", peers={"core": "^1"})
    asked = {"plugin": "1", "core": "workspace:*"}
    workspace.manifest("packages/web", dependencies=asked)
    workspace.graft("install")
    folder = checkout(workspace)
    assert not took_the_short_road(folder)
    script = (
        "console.log(require.resolve('core/package.json', {paths: [require.resolve('plugin')]}))"
    )
    found = folder.node(script, cwd="packages/web")
    assert found == str(folder.path("packages/core/package.json"))
    assert workspace.graft("install", "--json").json["upToDate"]
