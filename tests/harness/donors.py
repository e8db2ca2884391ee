"""A workspace that packages are taken from, and one that takes them, each with a store."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from harness.command import Result
from harness.project import Project


class Child(Project):
    """A project whose user has another store."""

    def graft(self, *arguments: str, **more: Any) -> Result:
        home = {"GRAFT_HOME": str(self.machine.root / "other-home")}
        return super().graft(*arguments, **{**more, "env": {**home, **(more.get("env") or {})}})

    @property
    def store(self) -> Path:
        return self.machine.root / "other-home/store/v1"

    def take(self, parent: Project, *arguments: str, **more: Any) -> Any:
        flags = ("--deps-source", str(parent.dir), "--json")
        return self.graft("install", *flags, *arguments, **more).json

    def said(self, name: str) -> Any:
        return self.lock["nodes"][name].get("from_deps_source")


def says(dependency: str, name: str) -> str:
    return f"module.exports = '{name} with ' + require('{dependency}')"


# What a store says of projects: those that link into it are registered there.
_REGISTER = ("locks", "projects", "graphs")


def hashed(*folders: Path) -> str:
    """All that is below some folders: names, modes, links and bytes."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.relative_to(folder).parts[0] in _REGISTER:
                continue
            seen = path.lstat()
            digest.update(f"{path} {seen.st_mode}".encode())
            if path.is_symlink():
                digest.update(os.fsencode(path.readlink()))
            elif path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()
