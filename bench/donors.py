"""Packages from local git repositories, taken from a workspace that has them already.

Fifty repositories of a thousand small files each, a parent that has installed them all, and
children that take them from it. What this graft has no flag or command for is left out, and said.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from documents import publish, table
from install_command import FailedError
from install_disk import Disk
from install_names import pin
from install_place import delete
from install_tools import UnusableError, default_graft, environment, on_path, version_of
from machine import machine
from worktrees_burst import Burst, at_once

WRITER = "bench/donors.py"
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
_LOCK = "graft-lock.json"
_LOOPBACK = "http://127.0.0.1:9/"  # nothing is asked of a registry: it need not be there
_CHILDREN = 16
_BYTES = ("--deps-source-verify", "content")
_START = time.monotonic()


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    try:
        section = _run(said)
    except (UnusableError, FailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    print(section, flush=True)
    if said.markdown:
        publish(Path(said.markdown), "donors", section, writer=WRITER)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=WRITER, description="Time packages from a parent.")
    add = parser.add_argument
    add("--packages", type=int, default=50, metavar="N", help="repositories (default: 50)")
    add("--files", type=int, default=1000, metavar="N", help="files in each (default: 1000)")
    add("--size", type=int, default=8500, metavar="BYTES", help="of a file (default: 8500)")
    add("--runs", type=int, default=5, metavar="N", help="rounds (default: 5)")
    add("--graft", metavar="FILE", help="the graft to time (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: $XDG_CACHE_HOME/graft-bench)")
    add("--space", type=int, default=12, metavar="GB", help="disk to use at most (default: 12)")
    add("--markdown", metavar="FILE", help="put the table into FILE")
    return parser


def _run(said: argparse.Namespace) -> str:
    load = os.getloadavg()[0]
    pin(_LOOPBACK, sys.argv)
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    work = Path(said.work or Path(cache) / "graft-bench").resolve()
    work.mkdir(parents=True, exist_ok=True)
    disk = Disk(work / f"donors-{os.getpid()}", space=said.space * 10**9, say=_say)
    try:
        disk.fresh()
        repositories = make_repositories(disk.folder, said.packages, said.files, said.size)
        _say(f"{said.packages} repositories of {said.files} files")
        scene = Scene(disk.folder, graft, repositories)
        rows = scene.measure(said.runs)
        lines = [
            "## Packages from a parent",
            "",
            f"{datetime.date.today()}, `python bench/donors.py --packages {said.packages} --files "
            f"{said.files} --size {said.size} --runs {said.runs}`, graft {version_of(graft)}. "
            f"{machine(disk.folder, load, disk=disk.words)}.",
            "",
            "Wall seconds from the start of the first process to the end of the last, median "
            "(fastest to slowest), and what that is meant to be at most; the processor seconds of "
            "all of them. Children have the parent's lock and stores that are empty, if nothing "
            "else is said.",
            "",
            *table(["", "wall s", "processor s", "goal"], rows),
        ]
        if scene.lacks:
            lines.append(f"Not there yet, and so not measured: {', '.join(scene.lacks)}.")
        return "\n".join(lines)
    finally:
        disk.close()


def make_repositories(folder: Path, packages: int, files: int, size: int) -> dict[str, str]:
    """The specifier of each, pinned to its commit, by the name of its package."""
    specifiers = {}
    for number in range(packages):
        name = f"pkg-{number:02}"
        place = folder / "repositories" / name
        place.mkdir(parents=True)
        text = random.Random(number)
        for at in range(files - 1):
            path = place / f"d{at // 100}" / f"f{at:04}.js"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"// {text.randbytes(size // 2).hex()}\n")
        manifest = {"name": name, "version": "1.0.0", "main": "d0/f0000.js"}
        (place / "package.json").write_text(json.dumps(manifest) + "\n")
        commit = ("commit", "--quiet", "-m", "one")
        # Packed, as repositories are that others clone.
        for words in (("init", "--quiet"), ("add", "."), commit, ("gc", "--quiet")):
            _git(place, *words)
        specifiers[name] = f"git+file://{place}#{_git(place, 'rev-parse', 'HEAD')}"
    return specifiers


class Scene:
    """A parent that has all, in a home of its own, and children that take from it in other homes.
    ``lacks`` names what this graft cannot do."""

    def __init__(self, folder: Path, graft: str, asked: dict[str, str]) -> None:
        self._folder = folder
        self._graft = graft
        self._manifest = json.dumps({"name": "app", "version": "1.0.0", "dependencies": asked})
        self._names = list(asked)
        self._logs = folder / "logs"
        self._logs.mkdir()
        self._parent = folder / "parent"
        self._number = 0
        self.lacks: list[str] = []

    def measure(self, runs: int) -> list[Sequence[str]]:
        """The rows of the table."""
        home = self._home()
        self._project(self._parent, lock=False)
        plain = self._timed([self._parent], [home], "install")
        rows: list[Sequence[str]] = [_row("without a parent: clone, pack, unpack, link", [plain])]
        donor = ("--deps-source", str(self._parent))
        trust = ("--trust-deps-source", "--deps-source", str(self._unlocked()))
        copy = (*donor, "--deps-source-mode", "copy")
        for words, flags, count, homes, goal in (
            ("the parent's own store: a second folder", (), 1, [home], ""),
            ("linked to the parent", donor, 1, [], "0.20"),
            ("linked, every byte compared", (*donor, *_BYTES), 1, [], ""),
            ("a parent without a lock, trusted", trust, 1, [], ""),
            ("copied from the parent", copy, 1, [], ""),
            (f"{_CHILDREN} children at once, a new store each", donor, _CHILDREN, [], "4.00"),
            (f"{_CHILDREN} children at once, one new store", donor, _CHILDREN, [None], "4.00"),
        ):
            if self._knows("install", *flags):
                found = [self._children(count, flags, homes) for _ in range(runs)]
                rows.append(_row(words, found, goal))
                _say(f"{words}: {found[-1].wall:.3f} s")
        return [*rows, *self._afterwards(runs, donor)]

    def _afterwards(self, runs: int, donor: Sequence[str]) -> list[Sequence[str]]:
        """What one that is there already costs."""
        child, home = self._child(), self._home()
        self._timed([child], [home], "install", *donor)
        rows = []
        for words, command, goal in (
            ("again: nothing to do", ("install",), ""),
            ("again, the parent named", ("install", *donor), ""),
            ("status", ("status",), "0.30"),
            ("graft's start alone: graft --version", ("--version",), ""),
        ):
            if command[0].startswith("-") or self._knows(command[0]):
                found = [self._timed([child], [home], *command) for _ in range(runs)]
                rows.append(_row(words, found, goal))
        return rows

    def _children(self, count: int, flags: Sequence[str], homes: Sequence[Path | None]) -> Burst:
        """New ones, with the parent's lock; in these homes by turns, or a new one each. None is a
        new one for all."""
        folders = [self._child() for _ in range(count)]
        some = [home or self._home() for home in homes] or [self._home() for _ in folders]
        every = [some[number % len(some)] for number in range(count)]
        os.sync()
        burst = self._timed(folders, every, "install", *flags)
        for folder in folders:
            for name in self._names:
                if not (folder / "node_modules" / name / "package.json").exists():
                    raise FailedError(f"{folder.name} lacks {name}")
            delete(folder)
        return burst

    def _timed(self, folders: Sequence[Path], homes: Sequence[Path], *words: str) -> Burst:
        each = zip(folders, homes, strict=True)
        commands = [((self._graft, *words), folder, environment(home)) for folder, home in each]
        return at_once(commands, self._logs)

    def _knows(self, command: str, *flags: str) -> bool:
        text = subprocess.run(
            [self._graft, command, "--help"], capture_output=True, text=True, check=False
        )
        missing = [flag for flag in flags if flag.startswith("--") and flag not in text.stdout]
        lack = " ".join(("graft", command, *missing))
        if (text.returncode or missing) and lack not in self.lacks:
            self.lacks.append(lack)
        return not (text.returncode or missing)

    def _unlocked(self) -> Path:
        """The parent as somebody has it who keeps no lock."""
        folder = self._folder / "unlocked"
        shutil.copytree(self._parent, folder, symlinks=True)
        (folder / _LOCK).unlink()
        return folder

    def _child(self) -> Path:
        folder = self._folder / f"child-{self._new()}"
        self._project(folder, lock=True)
        return folder

    def _project(self, folder: Path, *, lock: bool) -> None:
        folder.mkdir()
        (folder / "package.json").write_text(self._manifest)
        if lock:
            shutil.copy(self._parent / _LOCK, folder / _LOCK)

    def _home(self) -> Path:
        home = self._folder / f"home-{self._new()}"
        home.mkdir()
        (home / ".npmrc").write_text(f"registry={_LOOPBACK}\n")
        return home

    def _new(self) -> int:
        self._number += 1
        return self._number


def _row(words: str, bursts: Sequence[Burst], goal: str = "") -> Sequence[str]:
    walls = sorted(burst.wall for burst in bursts)
    took = f"{median(walls):.3f} ({walls[0]:.3f}-{walls[-1]:.3f})"
    return words, took, f"{median(burst.processor for burst in bursts):.3f}", goal


def _git(folder: Path, *words: str) -> str:
    command = [on_path("git"), *_AUTHOR, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
