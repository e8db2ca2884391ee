"""One tool's repository, installed once, and the worktrees of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from install_command import FailedError, Runner
from install_measure import entries
from install_place import Place
from install_tools import environment, on_path
from worktrees_burst import Burst, at_once
from worktrees_fixture import PATTERN

_PROOF = Path(__file__).with_name("worktrees_proof.cjs")
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What all imports of all worktrees came to: ``own`` lie in the sources of the worktree itself,
    and none in those of another."""

    worktrees: int
    imports: int
    packages: int
    entries: int
    own: int

    def __str__(self) -> str:
        return (
            f"{self.worktrees} worktrees, {self.imports:,} imports of {self.packages:,} packages, "
            f"{self.entries:,} entry points: {self.own:,} in the worktree's own sources, "
            "none in another's"
        )


class Repository:
    """``files`` is what the repository holds, by path."""

    def __init__(self, place: Place, files: Mapping[str, bytes], runner: Runner) -> None:
        self.place = place
        self._files = files
        self._runner = runner
        self._git = on_path("git")
        self._env = environment(place.home) | {"GIT_CONFIG_NOSYSTEM": "1"}
        self.worktrees: list[Path] = []

    @property
    def importers(self) -> list[str]:
        return [os.path.dirname(path) or "." for path in self._files if "package.json" in path]

    def fill(self) -> None:
        """The main checkout, installed and committed with its lock: caches and store are warm."""
        self.place.new_home()
        self.place.new_project(lock=False)
        main = self.place.project
        for path, data in self._files.items():
            (main / path).parent.mkdir(parents=True, exist_ok=True)
            (main / path).write_bytes(data)
        settings = main / "pnpm-workspace.yaml"
        if settings.exists() and len(self.importers) > 1:
            said = json.loads(settings.read_text()) | {"packages": [PATTERN]}
            settings.write_text(json.dumps(said) + "\n")
        self.install(main)
        self._call("init", "--quiet")
        self._call("add", "--all")
        self._call("commit", "--quiet", "--message", "fixture")

    def install(self, folder: Path) -> float:
        """Wall seconds of one install there, alone. Raises ``FailedError``."""
        self.place.project, before = folder, self.place.project
        try:
            sample = self._runner.attempt(self.place, self.place.tool.install())
            words = self._runner.log(self.place).read_text(errors="replace")[-1000:]
        finally:
            self.place.project = before
        if sample.code:
            raise FailedError(f"{self.place.tool.key}: exit code {sample.code}\n{words}")
        self._look(folder)
        return sample.wall

    def add(self, count: int) -> Burst:
        """So many worktrees more, all at once."""
        first = len(self.worktrees)
        new = [self.place.folder / f"worktree-{first + number}" for number in range(count)]
        self.worktrees += new
        command = (self._git, "worktree", "add", "--quiet", "--detach")
        main = self.place.project
        commands = [((*command, str(path)), main, self._env) for path in new]
        return at_once(commands, self.place.logs)

    def install_all(self) -> Burst:
        command = self.place.tool.install()
        env = environment(self.place.home)
        burst = at_once([(command, path, env) for path in self.worktrees], self.place.logs)
        for path in self.worktrees:
            self._look(path)
        return burst

    def remove_all(self) -> Burst:
        """With ``rm``: several ``git worktree remove`` at once get into each other's way."""
        command = (on_path("rm"), "-rf")
        main = self.place.project
        commands = [((*command, str(path)), main, self._env) for path in self.worktrees]
        burst = at_once(commands, self.place.logs)
        self._call("worktree", "prune")
        if left := [path for path in self.worktrees if path.exists()]:
            raise FailedError(f"{self.place.tool.key}: {left[0].name} is still there")
        self.worktrees.clear()
        return burst

    def change_one(self, package: str) -> int:
        """Add a package in the first worktree and see that no other changes; how many entries of
        the others were compared. Raises ``FailedError``."""
        first, *others = self.worktrees
        before = [_digest(path) for path in others]
        self.place.project, main = first, self.place.project
        try:
            self._runner.attempt(self.place, self.place.tool.add(package))
        finally:
            self.place.project = main
        if not (first / "node_modules" / package.partition("@")[0]).exists():
            raise FailedError(f"{self.place.tool.key}: {package} was not added")
        after = [_digest(path) for path in others]
        if before != after:
            raise FailedError(f"{self.place.tool.key}: an edit of one worktree changed another")
        return sum(count for _, count in after)

    def prove(self) -> Proof:
        """Where all imports of all worktrees lead to. Raises ``FailedError`` where one leads into
        the main checkout or another worktree."""
        total = {"imports": 0, "packages": 0, "entries": 0, "own": 0}
        for path in self.worktrees:
            found = self._resolved(path)
            if found["strange"]:
                there = os.path.relpath(found["strange"][0], self.place.folder)
                raise FailedError(f"{self.place.tool.key}: {path.name} resolves into {there}")
            total = {key: value + found[key] for key, value in total.items()}
        return Proof(worktrees=len(self.worktrees), **total)

    def _resolved(self, worktree: Path) -> dict[str, Any]:
        command = [on_path("node"), str(_PROOF), str(worktree), str(self.place.home)]
        done = subprocess.run(
            [*command, *self.importers], capture_output=True, text=True, check=True, env=self._env
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _look(self, folder: Path) -> None:
        """Every direct dependency of every importer is there."""
        for importer in self.importers:
            said = json.loads((folder / importer / "package.json").read_bytes())
            for kind in ("dependencies", "devDependencies"):
                for name in said.get(kind, {}):
                    if not (folder / importer / "node_modules" / name / "package.json").exists():
                        raise FailedError(
                            f"{self.place.tool.key}: {folder.name}/{importer} lacks {name}"
                        )

    def _call(self, *words: str) -> None:
        subprocess.run(
            [self._git, *_AUTHOR, *words],
            cwd=self.place.project,
            env=self._env,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _digest(folder: Path) -> tuple[str, int]:
    """A digest of every entry of a worktree, links not followed, and how many there are: kinds,
    modes, times of files, sizes, targets, and the bytes of what is not shared with the store."""
    lines = []
    for entry in entries(folder):
        seen = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            what = os.readlink(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            what = ""
        elif seen.st_nlink == 1:
            what = hashlib.sha256(Path(entry.path).read_bytes()).hexdigest()
        else:
            what = f"{seen.st_ino} {seen.st_size} {seen.st_mtime_ns}"
        lines.append(f"{entry.path} {seen.st_mode} {what}")
    digest = hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape"))
    return digest.hexdigest(), len(lines)
