"""A team that publishes to an index of its own with graft and git, as its documentation says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.archive import Content
from harness.command import GRAFT

if TYPE_CHECKING:
    from harness.machine import Machine


class IndexTeam:
    """Its index is the clone ``root`` of the repository at ``url``."""

    def __init__(self, machine: Machine, namespace: str) -> None:
        self.machine = machine
        self.namespace = namespace
        self.root = machine.root / "teams" / f"{namespace}-index"
        self.root.parent.mkdir(exist_ok=True)
        self.bare = self.root.with_suffix(".git")
        machine.run(["git", "init", "--quiet", "--template=", "--bare", str(self.bare)])
        self._published = 0
        machine.run([*GRAFT, "index", "init", "--namespace", namespace, str(self.root)])
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "begin")
        self.git("remote", "add", "origin", str(self.bare))
        self.push()

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "maintenance.auto=false", *arguments]
        return self.machine.run(command, cwd=self.root).stdout.strip()

    def publish(self, files: Mapping[str, Content]) -> None:
        """Publish a folder that holds these files, and push."""
        self._published += 1
        folder = self.machine.project(f"of-{self.namespace}-{self._published}")
        folder.remove("package.json")
        for path, content in files.items():
            folder.write(path, content)
        folder.graft("index", "publish", "--index", str(self.root), "--commit")
        self.push()

    def push(self) -> None:
        self.git("push", "--quiet", "--force", "--prune", "origin", "refs/heads/*:refs/heads/*")

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def change(self, path: str, old: str, new: str) -> str:
        """Edit a file by hand, commit and push; the commit's name."""
        target = self.root / path
        before = target.read_text()
        assert old in before, before
        target.write_text(before.replace(old, new))
        self.git("commit", "--quiet", "--all", "--message", "by hand")
        self.push()
        return self.git("rev-parse", "HEAD")
