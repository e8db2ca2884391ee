"""A git-hosted index: a bare repository that others fetch from, and a clone that is pushed from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.repository import Repository

if TYPE_CHECKING:
    from harness.machine import Machine


class IndexRepository(Repository):
    """What is published is pushed, by force where it has to be."""

    def __init__(self, machine: Machine, name: str) -> None:
        super().__init__(machine, name)
        self.bare = machine.root / "hosted" / f"{name}.git"
        self.bare.parent.mkdir(exist_ok=True)
        self._machine.run(["git", "init", "--quiet", "--template=", "--bare", str(self.bare)])
        self.git("remote", "add", "origin", str(self.bare))

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def publish(self, path: str, text: str, *, tag: str = "") -> str:
        """Commit a file, and push all that there is; the commit's name."""
        self.write(path, text)
        commit = self.commit(tag=tag)
        self.push()
        return commit

    def push(self) -> None:
        everything = [f"refs/{kind}/*:refs/{kind}/*" for kind in ("heads", "tags")]
        self.git("push", "--quiet", "--force", "--prune", "origin", *everything)

    def rewrite(self, path: str, text: str) -> str:
        """Put another commit in the last one's place, and let the host forget that."""
        self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--amend", "--message", f"rewritten {text}")
        self.push()
        self.forget()
        return self.git("rev-parse", "HEAD")

    def forget(self) -> None:
        """What no branch and no tag leads to is gone from the host."""
        git = ["git", f"--git-dir={self.bare}"]
        self._machine.run([*git, "gc", "--quiet", "--prune=now"])

    def hide(self) -> Path:
        """As if the host were not there; where it is now."""
        return self.bare.rename(self.bare.with_suffix(".hidden"))
