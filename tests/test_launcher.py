"""The launcher (bin/graft), which says that there is nothing to do without starting Python."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import graft
from harness.launcher import LAUNCHER, needs_python, wait_for_stamp
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("b@1.0.0")
    registry.publish("@s/c@1.0.0")
    project.manifest(dependencies={"a": "1", "@s/c": "1"})
    project.graft("install")
    # The files that people edit must be older than one tick before a stamp is believed.
    for name in ("package.json", "graft-lock.json"):
        os.utime(project.path(name))
    wait_for_stamp(project)
    return project


def test_an_unchanged_project_needs_no_python(installed: Project) -> None:
    assert not needs_python(installed)
    assert not needs_python(installed, "i")
    assert not needs_python(installed, "ci")


def remove_link(project: Project) -> None:
    project.remove("node_modules/a")


def remove_scoped_link(project: Project) -> None:
    project.remove("node_modules/@s/c")


def remove_command(project: Project) -> None:
    project.remove("node_modules/.bin/a")


def remove_slot(project: Project) -> None:
    (slot,) = project.store.glob("slots/b@*")
    slot.rename(slot.parent / "gone")
    shutil.move(slot.parent / "gone", project.machine.root / "gone")


def remove_store(project: Project) -> None:
    project.machine.graft_home.rename(project.machine.root / "elsewhere")


def edit_manifest(project: Project) -> None:
    project.manifest(dependencies={"a": "1"})


def touch_lock(project: Project) -> None:
    os.utime(project.path("graft-lock.json"))


def move_an_older_manifest_into_place(project: Project) -> None:
    manifest = project.path("package.json")
    before = manifest.stat()
    older = project.write("older.json", manifest.read_text().replace('"1"', '"9"'))
    os.utime(older, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(older, manifest)


def edit_in_place_with_size_and_time_kept(project: Project) -> None:
    manifest = project.path("package.json")
    before = manifest.stat()
    manifest.write_text(manifest.read_text().replace('"1"', '"9"'))
    os.utime(manifest, ns=(before.st_atime_ns, before.st_mtime_ns))


def add_settings_of_the_project(project: Project) -> None:
    project.write(".npmrc", "omit=dev\n")


def edit_settings_of_the_user(project: Project) -> None:
    with project.machine.npmrc.open("a") as file:
        file.write("omit=dev\n")


def leave_an_interrupted_change(project: Project) -> None:
    project.path(".graft-staging").mkdir()


def put_something_beside_the_links(project: Project) -> None:
    project.write("node_modules/mine/index.js", "")


@pytest.mark.parametrize(
    "change",
    [
        remove_link,
        remove_scoped_link,
        remove_command,
        remove_slot,
        remove_store,
        edit_manifest,
        touch_lock,
        move_an_older_manifest_into_place,
        edit_in_place_with_size_and_time_kept,
        add_settings_of_the_project,
        edit_settings_of_the_user,
        leave_an_interrupted_change,
        put_something_beside_the_links,
    ],
)
def test_a_change_goes_to_python(installed: Project, change: Callable[[Project], None]) -> None:
    change(installed)
    assert needs_python(installed)


@pytest.mark.parametrize(
    "env",
    [
        {"NODE_ENV": "production"},
        {"npm_config_omit": "dev"},
        {"NPM_CONFIG_OFFLINE": "true"},
        {"GRAFT_HOME": "/elsewhere"},
        {"HOME": "/elsewhere"},
    ],
)
def test_another_environment_goes_to_python(installed: Project, env: dict[str, str | None]) -> None:
    assert needs_python(installed, env=env)


def test_an_install_inside_a_script_is_as_quick(installed: Project) -> None:
    assert not needs_python(installed, env={"npm_config_user_agent": "graft/0 npm/? node/?"})


@pytest.mark.parametrize(
    "arguments", [("install", "--json"), ("install", "a"), ("ls",), ("-C", ".")]
)
def test_anything_but_a_plain_install_goes_to_python(
    installed: Project, arguments: tuple[str, ...]
) -> None:
    assert needs_python(installed, *arguments)


def test_a_project_without_a_stamp_or_with_a_strange_one_goes_to_python(installed: Project) -> None:
    stamp = installed.path("node_modules/.graft/stamp")
    text = stamp.read_text()
    for strange in ("", "x", text.replace("graft 2", "graft 1"), text + "absent package.json\n"):
        stamp.write_text(strange)
        assert needs_python(installed)
    stamp.unlink()
    assert needs_python(installed)


def test_a_copy_of_a_project_is_not_taken_for_the_original(installed: Project) -> None:
    copy = installed.sibling("copy")
    shutil.rmtree(copy.dir)
    shutil.copytree(installed.dir, copy.dir, symlinks=True)
    assert needs_python(copy)


def test_a_moved_project_is_not_up_to_date_before_the_store_knows(installed: Project) -> None:
    moved = installed.machine.root / "moved"
    installed.dir.rename(moved)
    there = Project(moved, installed.machine)
    assert needs_python(there)
    wait_for_stamp(there)
    assert not needs_python(there)


def test_a_link_to_a_project_is_that_project(installed: Project) -> None:
    link = installed.machine.root / "link"
    link.symlink_to(installed.dir)
    assert not needs_python(Project(link, installed.machine), env={"PWD": str(link)})


def test_a_project_that_the_register_lost_needs_python(installed: Project) -> None:
    (record,) = installed.store.glob("projects/*")
    record.unlink()
    assert needs_python(installed)


def test_flags_leave_no_stamp_for_a_command_without_them(installed: Project) -> None:
    installed.graft("install", "--prod")
    assert needs_python(installed)


def test_the_launcher_that_is_installed_runs_graft(installed: Project) -> None:
    launcher = Path(sys.executable).parent / "graft"
    if not launcher.exists():
        pytest.skip("graft runs from its sources, without being installed")
    assert launcher.read_text() == LAUNCHER.read_text()
    link = installed.machine.root / "link-to-graft"
    link.symlink_to(launcher)
    for command in (str(launcher), str(link)):
        result = installed.machine.run([command, "ls"], cwd=installed.dir)
        assert result.stdout.splitlines() == ["@s/c@1.0.0", "a@1.0.0"]


@pytest.mark.parametrize("lies", ["beside", "elsewhere"])
def test_python_is_started_where_graft_lies(lies: str, project: Project, tmp_path: Path) -> None:
    """Beside the launcher's Python, where no .pth file is read; or elsewhere, where one says."""
    environment = tmp_path / "environment"
    packages = environment / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    shutil.copy(LAUNCHER, environment / "bin" / "graft")
    (environment / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (environment / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    source = LAUNCHER.parent.parent / "src"
    (packages / "noise.pth").write_text("import sys; print('site', file=sys.stderr)\n")
    if lies == "beside":
        (packages / "graft").symlink_to(source / "graft")
    else:
        (packages / "graft.pth").write_text(f"{source}\n")
    result = project.machine.run([str(environment / "bin" / "graft"), "--version"])
    assert result.stdout.strip() == graft.__version__
    assert ("site" in result.stderr) == (lies == "elsewhere")


def test_a_new_file_beside_package_json_is_no_change(installed: Project) -> None:
    """Also where node_modules has a link to the project itself, by its own name."""
    assert installed.path("node_modules/app").resolve() == installed.dir
    installed.path("notes.txt").write_text("work goes on")
    assert not needs_python(installed)
    installed.remove("node_modules/app")
    assert needs_python(installed)


# Workspaces


@pytest.fixture
def workspace(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0")
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/core")
    project.manifest("packages/web", dependencies={"a": "1", "core": "workspace:*"})
    project.write("packages/none/readme", "")
    project.graft("install")
    wait_for_stamp(project)
    return project


def edit_member(project: Project) -> None:
    project.manifest("packages/core", version="2.0.0")


def add_member(project: Project) -> None:
    project.manifest("packages/new")


def make_a_folder_a_member(project: Project) -> None:
    project.manifest("packages/none")


def remove_member(project: Project) -> None:
    project.remove("packages/web")


def remove_link_of_member(project: Project) -> None:
    project.remove("packages/web/node_modules/a")


def list_members_elsewhere(project: Project) -> None:
    project.write("pnpm-workspace.yaml", "packages: ['packages/core']\n")


@pytest.mark.parametrize(
    "change",
    [
        edit_member,
        add_member,
        make_a_folder_a_member,
        remove_member,
        remove_link_of_member,
        list_members_elsewhere,
    ],
)
def test_a_changed_workspace_needs_python(
    workspace: Project, change: Callable[[Project], None]
) -> None:
    assert not needs_python(workspace)
    change(workspace)
    assert needs_python(workspace)


def test_work_in_a_members_folder_is_no_change(workspace: Project) -> None:
    workspace.write("packages/core/new.js", "")
    assert not needs_python(workspace)


def test_a_project_that_becomes_a_member_needs_python(project: Project) -> None:
    inner = Project(project.path("packages/inner"), project.machine)
    inner.manifest()
    inner.graft("install")
    wait_for_stamp(inner)
    project.manifest(workspaces=["packages/*"])
    assert needs_python(inner)
