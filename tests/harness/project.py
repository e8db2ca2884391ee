"""A directory with a package.json, in which tests install and look at what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.archive import Content
from harness.command import GRAFT, Result

if TYPE_CHECKING:
    from harness.machine import Machine

Environment = Mapping[str, str | None]


class Project:
    """A project of a machine. Paths that its methods take are relative to ``dir``."""

    def __init__(self, directory: Path, machine: Machine) -> None:
        self.dir = directory
        self.machine = machine

    @property
    def store(self) -> Path:
        return self.machine.store

    @property
    def modules(self) -> Path:
        return self.dir / "node_modules"

    def sibling(self, name: str, **manifest: Any) -> Project:
        """Another project of the same user: same home, same store."""
        return self.machine.project(name, **manifest)

    # Commands

    def graft(
        self,
        *arguments: str,
        cwd: str = ".",
        env: Environment | None = None,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 60,
    ) -> Result:
        """``graft install --json`` is ``graft("install", "--json")``; None in ``env`` unsets."""
        return self.machine.run(
            [*GRAFT, *arguments],
            cwd=self.path(cwd),
            env=env,
            check=check,
            stdin=stdin,
            timeout=timeout,
        )

    def spawn(
        self, *arguments: str, env: Environment | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """graft at work, to be killed: it leads a process group of its own."""
        return subprocess.Popen(
            [*GRAFT, *arguments],
            cwd=self.dir,
            env=self.machine.environment(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def node(self, script: str, *arguments: str, cwd: str = ".") -> str:
        """What a script prints that node runs here. Skips the test where there is no node."""
        if not shutil.which("node"):
            pytest.skip("node is not installed")
        command = ["node", "-e", script, "--", *arguments]
        return self.machine.run(command, cwd=self.path(cwd)).stdout.strip()

    # Files

    def path(self, *parts: str) -> Path:
        return self.dir.joinpath(*parts)

    def write(self, path: str, content: Content | dict[str, Any] | list[Any]) -> Path:
        """Write text, bytes, either with a mode, or a dict or list as JSON."""
        if isinstance(content, dict | list):
            content = json.dumps(content, indent=2) + "\n"
        data, mode = content if isinstance(content, tuple) else (content, 0o644)
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        target.chmod(mode)
        return target

    def read(self, path: str) -> str:
        return self.path(path).read_text(encoding="utf-8")

    def json(self, path: str) -> Any:
        return json.loads(self.read(path))

    def exists(self, path: str) -> bool:
        """Whether something has that name, be it a link that leads nowhere."""
        return os.path.lexists(self.path(path))

    def remove(self, path: str) -> None:
        target = self.path(path)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink()

    def manifest(self, folder: str = ".", **fields: Any) -> dict[str, Any]:
        """Set fields of package.json, each as a whole, and return all of it."""
        path = f"{folder}/package.json"
        default = {"name": self.path(folder).name, "version": "1.0.0"}
        manifest = (self.json(path) if self.exists(path) else default) | fields
        self.write(path, manifest)
        return dict(manifest)

    @property
    def lock(self) -> dict[str, Any]:
        return dict(self.json("graft-lock.json"))

    def links(self, folder: str = ".") -> dict[str, str]:
        """Where each link leads, as it is written: top level, scopes and ``.bin``, not deeper."""
        modules = self.path(folder, "node_modules")
        return {str(link.relative_to(modules)): str(link.readlink()) for link in _links(modules)}


def _links(directory: Path, *, top: bool = True) -> Iterator[Path]:
    for entry in sorted(directory.iterdir()) if directory.is_dir() else ():
        if entry.is_symlink():
            yield entry
        elif top and (entry.name.startswith("@") or entry.name == ".bin"):
            yield from _links(entry, top=False)
