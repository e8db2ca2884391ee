"""A clone that people work in, and what it holds that is nowhere else.

Git is told where the repository is: in a folder that is none, it would find whichever lies above.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from graft.base.records import Record
from graft.git.program import GitAnswer, GitProgram

_NETWORK = ("fetch", "clone")


class Look(Record):
    """``branch`` is empty where none is checked out, ``commit`` where there is none yet. The rest
    are counts: of files that differ, that git does not know, of conflicts and of stashes; ``ahead``
    and ``behind`` of commits, as far as is known here."""

    branch: str = ""
    commit: str = ""
    changed: int = 0
    untracked: int = 0
    conflicts: int = 0
    stashes: int = 0
    ahead: int = 0
    behind: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether git could change every file that it knows."""
        return not (self.changed or self.conflicts)


class WorkingTree:
    """At ``folder``; its repository lies in it."""

    def __init__(self, git: GitProgram, folder: str) -> None:
        self._git = git
        self.folder = folder

    @property
    def is_there(self) -> bool:
        """Whether it is a clone by itself: a worktree of another, or what a link leads to, is
        somebody else's."""
        repository = os.path.join(self.folder, ".git")
        links = os.path.islink(self.folder) or os.path.islink(repository)
        return os.path.isdir(repository) and not links

    def run(self, arguments: Sequence[str]) -> GitAnswer:
        whole = [f"--git-dir={self.folder}/.git", f"--work-tree={self.folder}", *arguments]
        return self._git.run_within(self.folder, whole, uses_network=arguments[0] in _NETWORK)

    def text(self, arguments: Sequence[str]) -> str:
        """What it prints; nothing if it fails."""
        answer = self.run(arguments)
        return answer.data.decode(errors="replace").strip() if answer.is_good else ""

    def look(self) -> Look | None:
        """None where git cannot say."""
        answer = self.run(["status", "--porcelain=v2", "--branch", "--show-stash"])
        return read_look(answer.data.decode(errors="replace")) if answer.is_good else None

    def origin(self) -> str:
        """The address that it was cloned from."""
        return self.text(["config", "--get", "remote.origin.url"])

    def own_work(self) -> list[str]:
        """What would be lost with the folder; nothing if all of it is elsewhere as well."""
        if not self.is_there:
            return ["it is no clone of its own, so nothing says what of it is elsewhere"]
        seen = self.look()
        if seen is None:
            return ["git cannot say what of it is elsewhere"]
        return [*_unsaved(seen), *self._unpushed(seen)]

    def _unpushed(self, seen: Look) -> Iterator[str]:
        head = ["HEAD"] if seen.commit else []
        command = ["rev-list", "--count", *head, "--branches", "--not", "--remotes"]
        count = self.text(command) or "unknown"
        if count != "0":
            where = f"on {seen.branch}" if seen.branch else "on no branch, or on another one"
            yield f"commits that no remote has: {count} ({where})"
        worktrees = os.path.join(self.folder, ".git", "worktrees")
        if os.path.isdir(worktrees) and os.listdir(worktrees):
            yield "other worktrees use its repository"


def read_look(listed: str) -> Look:
    """What ``git status --porcelain=v2 --branch --show-stash`` says."""
    said: dict[str, str] = {}
    counts = {"1": 0, "2": 0, "?": 0, "u": 0}
    for line in listed.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "#":
            key, _, value = rest.partition(" ")
            said[key] = value
        elif kind in counts:
            counts[kind] += 1
    branch, commit = said.get("branch.head", ""), said.get("branch.oid", "")
    ahead, _, behind = said.get("branch.ab", "+0 -0").partition(" ")
    return Look(
        branch="" if branch == "(detached)" else branch,
        commit="" if commit == "(initial)" else commit,
        changed=counts["1"] + counts["2"],
        untracked=counts["?"],
        conflicts=counts["u"],
        stashes=int(said.get("stash", "0")),
        ahead=int(ahead),
        behind=-int(behind),
    )


def _unsaved(seen: Look) -> Iterator[str]:
    counts = {
        "files that were changed": seen.changed,
        "files that git does not know": seen.untracked,
        "conflicts": seen.conflicts,
        "stashes": seen.stashes,
    }
    return (f"{what}: {count}" for what, count in counts.items() if count)
