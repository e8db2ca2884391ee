"""Where a tool is timed: its home, its projects, and trees renamed away.

Nothing is deleted between runs: install_disk says why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from install_tools import Tool, environment

FIRST, OTHERS = "project", ("second", "worktree")


class Place:
    """One tool's folders. ``home`` is the tool's whole world: configuration, caches and store."""

    def __init__(self, folder: Path, tool: Tool, fixture: bytes) -> None:
        self.tool = tool
        self.home = folder / tool.key / "home"
        self.project = folder / tool.key / FIRST
        self.logs = folder / "logs"
        self._trash = folder / "trash"
        self._fixture = fixture
        self._locks: dict[str, bytes] = {}

    @property
    def folder(self) -> Path:
        """Everything of the tool's: its home and its projects."""
        return self.home.parent

    @property
    def asked(self) -> list[str]:
        """The direct dependencies."""
        manifest: Mapping[str, Any] = json.loads(self._fixture)
        kinds = ("dependencies", "devDependencies")
        return [name for kind in kinds for name in manifest.get(kind, {})]

    def new_home(self) -> None:
        """A home with nothing in it but configuration, which is checked."""
        for needed in (self.folder, self.logs):
            needed.mkdir(parents=True, exist_ok=True)
        self.put_away(self.home)
        for name, text in self.tool.home.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        files = {str(p.relative_to(self.home)) for p in self.home.rglob("*") if not p.is_dir()}
        if files != set(self.tool.home):
            raise AssertionError(f"the home of {self.tool.key} is not empty: {sorted(files)}")

    def new_project(self, *, lock: bool, name: str = FIRST) -> None:
        """A project with package.json, and the lock that was kept if ``lock``. The first one stays
        where it is, others make way."""
        self.go_to(name)
        self.put_away(self.project)
        self.project.mkdir()
        (self.project / "package.json").write_bytes(self._fixture)
        for file, text in self.tool.project.items():
            (self.project / file).write_text(text)
        if lock:
            for file, data in self._locks.items():
                (self.project / file).write_bytes(data)

    def new_worktree(self) -> None:
        """A worktree of the first project's repository, which is made if it is not there yet."""
        self.go_to(FIRST)
        if not (self.project / ".git").exists():
            files = [path.name for path in self.project.iterdir() if path.is_file()]
            self._git("init", "--quiet")
            self._git("add", "--force", "--", *files)
            self._git("commit", "--quiet", "--message", "fixture")
        self._git("worktree", "add", "--quiet", "--force", "--detach", "../worktree")
        self.go_to("worktree")

    def go_to(self, name: str) -> None:
        """Let ``project`` be the one of that name; what is neither it nor the first makes way."""
        for other in OTHERS:
            if other != name:
                self.put_away(self.folder / other)
        self.project = self.folder / name

    def keep_lock(self) -> None:
        """Remember the lock that the tool wrote, for the scenarios that start from one."""
        paths = [self.project / name for name in self.tool.locks]
        self._locks = {path.name: path.read_bytes() for path in paths if path.exists()}
        if not self._locks:
            raise AssertionError(f"{self.tool.key} wrote no lock")

    def without_modules(self) -> None:
        self.put_away(self.project / "node_modules")

    def without_ready_made(self) -> None:
        """Take away what the tool keeps ready to be linked as it is, beside what it downloaded."""
        for pattern in self.tool.ready_made:
            found = list(self.home.glob(pattern))
            if not found:
                raise AssertionError(f"{self.tool.key} has no {pattern} in its home")
            for path in found:
                self.put_away(path)

    def without_lock(self) -> None:
        for name in self.tool.locks:
            self.put_away(self.project / name)

    def missing(self, *also: str) -> list[str]:
        """The direct dependencies, and ``also``, that the project's node_modules lacks."""
        modules = self.project / "node_modules"
        names = [*self.asked, *also]
        return [name for name in names if not (modules / name / "package.json").is_file()]

    def put_away(self, path: Path) -> None:
        if path.exists() or path.is_symlink():
            self._trash.mkdir(exist_ok=True)
            path.rename(self._trash / f"{self.tool.key}-{os.urandom(8).hex()}")

    def _git(self, *words: str) -> None:
        author = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
        command = ["git", *author, *words]
        env = environment(self.home) | {"GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(command, cwd=self.project, env=env, check=True, stdout=subprocess.DEVNULL)


def delete(folder: Path) -> None:
    """Remove a tree, folders that a tool has made read-only included."""

    def make_writable(retry: Callable[..., object], path: str, _: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        retry(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=make_writable)
