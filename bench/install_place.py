"""Where a tool is timed: its home, its projects, and trees renamed away.

Nothing is deleted between runs: a deleted tree makes the next install on the same ext4 slow.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from install_tools import Tool


class Place:
    """One tool's folders. ``home`` is the tool's whole world: configuration, caches and store."""

    def __init__(self, folder: Path, tool: Tool, fixture: bytes) -> None:
        self.tool = tool
        self.home = folder / tool.key / "home"
        self.project = folder / tool.key / "project"
        self.logs = folder / "logs"
        self._trash = folder / "trash"
        self._fixture = fixture
        self._locks: dict[str, bytes] = {}
        self._renamed = 0
        for needed in (self.home.parent, self.logs, self._trash):
            needed.mkdir(parents=True, exist_ok=True)

    @property
    def asked(self) -> list[str]:
        """The direct dependencies."""
        manifest: Mapping[str, Any] = json.loads(self._fixture)
        kinds = ("dependencies", "devDependencies")
        return [name for kind in kinds for name in manifest.get(kind, {})]

    def new_home(self) -> None:
        """A home with nothing in it but configuration, which is checked."""
        self.put_away(self.home)
        for name, text in self.tool.home.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        files = {str(p.relative_to(self.home)) for p in self.home.rglob("*") if not p.is_dir()}
        if files != set(self.tool.home):
            raise AssertionError(f"the home of {self.tool.key} is not empty: {sorted(files)}")

    def new_project(self, *, lock: bool, name: str = "project") -> None:
        """A project with package.json, and the lock that was kept if ``lock``."""
        self.project = self.home.parent / name
        self.put_away(self.project)
        self.project.mkdir()
        (self.project / "package.json").write_bytes(self._fixture)
        for file, text in self.tool.project.items():
            (self.project / file).write_text(text)
        if lock:
            for file, data in self._locks.items():
                (self.project / file).write_bytes(data)

    def keep_lock(self) -> None:
        """Remember the lock that the tool wrote, for the scenarios that start from one."""
        paths = [self.project / name for name in self.tool.locks]
        self._locks = {path.name: path.read_bytes() for path in paths if path.exists()}
        if not self._locks:
            raise AssertionError(f"{self.tool.key} wrote no lock")

    def without_modules(self) -> None:
        self.put_away(self.project / "node_modules")

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
            self._renamed += 1
            path.rename(self._trash / f"{self.tool.key}-{self._renamed}")


def delete(folder: Path) -> None:
    """Remove a tree, folders that a tool has made read-only included."""

    def make_writable(retry: Callable[..., object], path: str, _: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        retry(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=make_writable)


def empty_trash(folder: Path) -> None:
    delete(folder / "trash")
    (folder / "trash").mkdir()
