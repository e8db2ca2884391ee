"""A real git repository, in which tests commit, tag and branch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.machine import Machine


class Repository:
    """At ``path``; ``url`` is how a project names it. Nothing of it is bare: what is committed
    counts."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self.path = machine.root / "repositories" / name
        self.path.mkdir(parents=True)
        self.git("init", "--quiet", "--template=")

    @property
    def url(self) -> str:
        return f"git+file://{self.path}"

    def git(self, *arguments: str) -> str:
        # Each commit would ask whether it is time to tidy up.
        command = ["git", "-c", "maintenance.auto=false", *arguments]
        return self._machine.run(command, cwd=self.path).stdout.strip()

    def make_tree(self, listed: str) -> str:
        """A tree with the entries that ``ls-tree`` would list so; git checks none of them."""
        path = self.write(".git/listed", listed)
        return self._machine.run(
            ["sh", "-c", f"git mktree < '{path}'"], cwd=self.path
        ).stdout.strip()

    def write(self, path: str, content: str | Mapping[str, Any]) -> Path:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content))
        return target

    def commit(self, said: str = "", *, tag: str = "", folder: str = ".", **manifest: Any) -> str:
        """Commit everything, and a package that says ``said`` in ``folder``; the commit's name."""
        if said:
            manifest = {"name": self.path.name, "version": "1.0.0", **manifest}
            self.write(f"{folder}/package.json", manifest)
            self.write(f"{folder}/index.js", f"exports.said = {said!r}; exports.requires = require")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", said or "more")
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def known_as(self, url: str) -> None:
        """Let git find it under a URL, as a user's own settings may say."""
        config = self._machine.home / ".gitconfig"
        config.write_text(config.read_text() + f'[url "file://{self.path}"]\n\tinsteadOf = {url}\n')
