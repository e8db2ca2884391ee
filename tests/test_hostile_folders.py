"""Folders that came with a repository, and were made to be harmful: pipes that nobody writes to,
devices without end, and links that lead out of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from graft.base.files import read_file
from graft.cli.console import harmless
from graft.link.state import FOLDER, read_state, state_bytes, state_file
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

LAUNCHER = Path(__file__).parent.parent / "bin" / "graft"


@pytest.fixture
def app(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0")
    project.manifest(dependencies={"a": "1.0.0"})
    return project


@pytest.fixture
def outside(machine: Machine) -> Path:
    """A folder of the user's that no repository has a business in."""
    folder = machine.home / "documents"
    folder.mkdir()
    (folder / "state").write_text("theirs")
    (folder / "stamp").write_text("theirs")
    (folder / "settings.json").write_text("{}")
    return folder


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [pipe, endless, os.mkdir])
def test_only_files_are_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    with pytest.raises(OSError, match="no regular file") as caught:
        read_file(str(tmp_path / "x"))
    assert caught.value.filename == str(tmp_path / "x")
    assert read_file(os.devnull) == b""
    assert read_file(str(tmp_path / "y")) is None


@pytest.mark.parametrize("make", [pipe, endless])
def test_nothing_waits_for_a_pipe_or_reads_a_device(
    app: Project, make: Callable[[Path], None]
) -> None:
    """A clone cannot bring a pipe, but an archive of a project can, and a link to a device."""
    app.path("patches").mkdir()
    app.path("node_modules/.graft").mkdir(parents=True)
    for name in (
        *("package.json", "graft-lock.json", ".npmrc", "pnpm-workspace.yaml", "yarn.lock"),
        *("node_modules/.graft/state", "patches/a.patch"),
    ):
        if name.startswith("patches"):
            app.manifest(patchedDependencies={"a@1.0.0": "patches/a.patch"})
        had = app.path(name).read_bytes() if app.exists(name) else None
        if had is not None:
            app.remove(name)
        make(app.path(name))
        failed = app.graft("install", check=False, timeout=20)
        assert 0 < failed.code < 128 and name in failed.stderr, (name, failed)
        assert "Traceback" not in failed.stderr
        app.remove(name)
        if had is not None:
            app.write(name, had)


def test_the_launcher_waits_for_no_pipe(app: Project) -> None:
    app.path("node_modules/.graft").mkdir(parents=True)
    os.mkfifo(app.path("node_modules/.graft/stamp"))
    # Not installed as it lies here: what it would start is not there, and that is all it says.
    done = subprocess.run(
        ["sh", str(LAUNCHER), "install"],
        cwd=app.dir,
        env=app.machine.environment(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert b"up to date" not in done.stderr


@pytest.mark.parametrize("kind", ["missing", "another's"])
def test_a_lock_that_is_a_link_out_of_the_project_is_not_written(
    app: Project, outside: Path, kind: str
) -> None:
    """Shells read a file of the right name whatever is in it, and a lock may hold any text."""
    target = outside / ".bash_aliases"
    if kind == "another's":
        app.graft("install")
        app.path("graft-lock.json").rename(target)
        app.remove("node_modules")
        app.manifest(dependencies={"a": "1.1.0"})
    app.path("graft-lock.json").symlink_to(target)
    before = snapshot(outside)
    failed = app.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (60, "link-refused")
    assert snapshot(outside) == before
    assert not app.exists("node_modules") and not app.exists(".graft-staging")


def test_a_manifest_that_is_a_link_out_of_the_project_is_read_and_not_written(
    app: Project, outside: Path
) -> None:
    (outside / "package.json").write_bytes(app.path("package.json").read_bytes())
    app.remove("package.json")
    app.path("package.json").symlink_to(outside / "package.json")
    app.graft("install")
    before = snapshot(outside)
    failed = app.graft("add", "a@1.1.0", "--json", check=False)
    assert failed.json["error"]["code"] == "link-refused"
    assert snapshot(outside) == before and app.path("package.json").is_symlink()


def test_links_within_the_project_are_followed_and_stay(app: Project) -> None:
    app.path("kept").mkdir()
    for name in ("package.json", "graft-lock.json"):
        if app.exists(name):
            app.path(name).rename(app.path("kept", name))
        app.path(name).symlink_to(f"kept/{name}")
    app.graft("install")
    app.graft("add", "a@1.1.0")
    assert '"1.1.0"' in app.read("kept/package.json")
    assert "a@1.1.0" in app.read("kept/graft-lock.json")
    assert app.path("package.json").is_symlink() and app.path("graft-lock.json").is_symlink()


@pytest.mark.parametrize("what", ["node_modules/.graft", "node_modules/.graft/state"])
def test_another_projects_record_is_neither_believed_in_nor_written(
    app: Project, what: str
) -> None:
    other = app.sibling("other", dependencies={"a": "1.0.0"})
    other.graft("install")
    app.graft("install")
    app.remove(what)
    app.path(what).symlink_to(other.path(what))
    before = snapshot(other.dir)
    app.manifest(dependencies={"a": "1.1.0"})
    app.graft("install")
    assert snapshot(other.dir) == before
    assert app.node("console.log(require('a').version)") == "1.1.0"
    assert other.node("console.log(require('a').version)") == "1.0.0"


def test_patches_that_are_a_link_out_of_the_project_are_not_written(
    app: Project, outside: Path
) -> None:
    app.graft("install")
    app.path("patches").symlink_to(outside)
    folder = Path(app.graft("patch", "a").stdout.split()[-1])
    assert folder.is_dir()
    (folder / "index.js").write_text("changed")
    before = snapshot(outside)
    failed = app.graft("patch-commit", str(folder), "--json", check=False)
    assert failed.json["error"]["code"] == "link-refused"
    assert snapshot(outside) == before


def test_what_a_registry_says_reaches_no_terminal_as_it_is(
    app: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", deprecated="\x1b[2J\x1b]0;x\x07old\u202e\r")
    said = app.graft("install").stderr
    assert "old" in said and said == harmless(said)
    assert not set(said) & set("\x1b\x07\u202e\r")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u00fc\n\tx", "plain \u00fc\n\tx"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[2Jx", "\ufffd[2Jx"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("\x9b2J\x7f\udcff\u2066", "\ufffd2J\ufffd\ufffd\ufffd"),
    ],
)
def test_harmless(text: str, shown: str) -> None:
    assert harmless(text) == shown


@pytest.mark.parametrize("name", [b"a b\nc", "\u00fc\u4e2d".encode(), b"\xff\xfe", b"x" * 200])
def test_a_project_may_lie_anywhere(machine: Machine, registry: LocalRegistry, name: bytes) -> None:
    registry.publish("a@1.0.0")
    project = machine.project(os.fsdecode(name))
    project.manifest(name="app", dependencies={"a": "1"})
    project.graft("install")
    assert project.graft("install", "--json").json["upToDate"]
    project.write("package.json", "{")
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "manifest-unreadable"
    assert "manifest-unreadable" in project.graft("install", check=False).stderr


def test_what_a_repository_says_of_its_modules_is_but_a_claim(
    app: Project, machine: Machine, registry: LocalRegistry
) -> None:
    """Records and a stamp that came along, and somebody's code in the place of a package."""
    app.graft("install")
    other = Machine(machine.root / "other", registry)
    clone = other.root / "projects" / "app"
    shutil.copytree(app.dir, clone, symlinks=True)
    (clone / "node_modules/a").unlink()
    (clone / "node_modules/a").mkdir()
    (clone / "node_modules/a/package.json").write_text('{"name":"a","version":"1.0.0"}')
    (clone / "node_modules/a/package.json").chmod(0o444)
    (clone / "node_modules/a/index.js").write_text("exports.version = 'evil'")
    project = Project(clone, other)
    for command in (["sh", str(LAUNCHER), "install"], None):
        if command:
            other.run(command, cwd=clone, check=False)
        else:
            project.graft("install")
    assert project.node("console.log(require('a').version)") == "1.0.0"
    assert project.path("node_modules/a").resolve().is_relative_to(other.store)
    assert project.exists("node_modules/.ignored/a/index.js")


@pytest.mark.parametrize("what", ["packages/b", "packages", "packages/b/node_modules"])
def test_a_member_that_is_a_link_out_of_the_project_is_not_written(
    app: Project, outside: Path, what: str
) -> None:
    app.manifest(workspaces=["packages/*"])
    app.write("packages/b/package.json", {"name": "b", "dependencies": {"a": "1.1.0"}})
    if what.endswith("node_modules"):
        app.path(what).symlink_to(outside)
    else:
        app.path(what).rename(outside / "moved")
        app.path(what).symlink_to(outside / "moved")
    before = snapshot(outside)
    done = app.graft("install", "--json", check=False)
    assert done.code == 0 or done.json["error"]["code"] == "link-refused"
    assert snapshot(outside) == before


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
@pytest.mark.parametrize("way", ["../../../home/documents", "@s"])
def test_a_record_that_names_what_lies_outside_has_nothing_removed(
    app: Project, outside: Path, layout: str, way: str
) -> None:
    """A folder that cannot be written to looks like graft's own, a link like any other: of these
    the record says that they are graft's, and nothing leads to them any more."""
    app.graft("install", "--layout", layout)
    package = outside / "package"
    package.mkdir()
    (package / "package.json").write_text("{}")
    (package / "package.json").chmod(0o444)
    (outside / "link").symlink_to("anywhere")
    if way == "@s":
        app.path("node_modules/@s").symlink_to(outside)
    record = state_file(str(app.modules))
    state = read_state(str(app.modules))
    state.entries |= {f"{way}/package": f"{FOLDER}x", f"{way}/link": "anywhere"}
    Path(record).write_bytes(state_bytes(state))
    before = snapshot(outside)
    app.manifest(dependencies={"a": "1.1.0"})
    app.graft("install", "--layout", layout)
    assert snapshot(outside) == before
    assert app.json("node_modules/a/package.json")["version"] == "1.1.0"
