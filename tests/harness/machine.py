"""A user's computer in a temporary directory: a home, a store, and projects beside each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.command import Result, run
from harness.project import Project
from harness.registry import LocalRegistry

_GITCONFIG = """\
[user]
\tname = Tester
\temail = tester@example.com
[init]
\tdefaultBranch = main
"""


class Machine:
    """Commands run here see nothing of the real user: no settings, no tokens, no caches.

    ``home`` is HOME, ``graft_home`` is GRAFT_HOME; two projects of a machine share both. ``env`` is
    the whole environment of its commands, and a test may change it.
    """

    def __init__(self, root: Path, registry: LocalRegistry | None = None) -> None:
        self.root = root.resolve()
        self.home = self.root / "home"
        self.graft_home = self.root / "graft"
        self.npmrc = self.home / ".npmrc"
        temporary = self.root / "tmp"
        for directory in (self.home, temporary):
            directory.mkdir(parents=True, exist_ok=True)
        self.npmrc.write_text(f"registry={registry.url}\n" if registry else "")
        (self.home / ".gitconfig").write_text(_GITCONFIG)
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "TMPDIR": str(temporary),
            "GRAFT_HOME": str(self.graft_home),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "PREFIX": str(self.root / "prefix"),  # where npm's global settings would be
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    @property
    def store(self) -> Path:
        return self.graft_home / "store" / "v1"

    @property
    def cache(self) -> Path:
        return self.graft_home / "cache"

    def project(self, name: str = "app", **manifest: Any) -> Project:
        """A project in a directory of that name, its package.json holding ``manifest``."""
        directory = self.root / "projects" / name
        directory.mkdir(parents=True, exist_ok=True)
        project = Project(directory, self)
        project.manifest(**manifest)
        return project

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """``env`` with changes: None takes a variable away."""
        merged = {**self.env, **(changes or {})}
        return {name: value for name, value in merged.items() if value is not None}

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 60,
    ) -> Result:
        return run(
            command,
            cwd=cwd or self.root,
            env=self.environment(env),
            check=check,
            stdin=stdin,
            timeout=timeout,
        )
