"""The world of a soak: one store, one registry on the loopback, and projects that come and go."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from install_tools import environment

GRAFT = (sys.executable, "-P", "-m", "graft")
EXAMPLE = Path(__file__).parents[1] / "examples" / "app" / "package.json"
# Asked for beside what the example asks for: several versions each, so that graphs differ.
EXTRAS = {
    "chokidar": ("^3.6.0", "^4.0.0"),
    "glob": ("^8.1.0", "^10.4.0"),
    "yargs": ("^16.2.0", "^17.7.0"),
    "webpack": ("^5.90.0", "~5.88.0"),
    "rollup": ("^3.29.0", "^4.20.0"),
    "@babel/core": ("^7.24.0", "~7.20.0"),
    "postcss": ("^8.4.0", "^7.0.0"),
    "rimraf": ("^3.0.0", "^5.0.0"),
    "koa": ("^2.15.0", "~2.13.0"),
    "fastify": ("^4.28.0", "~4.20.0"),
}
LAYOUTS = ("virtual", "isolated", "hoisted")
_TIMEOUT = 240.0
# Loads everything that a project asks for and that can be loaded anywhere.
_CHECK = """\
import { readFileSync } from 'node:fs';
const asked = JSON.parse(readFileSync('package.json', 'utf8')).dependencies;
for (const name of Object.keys(asked)) await import(name);
console.log('loaded', Object.keys(asked).length);
"""
# Looks where packages really lie, waits, and then loads what it has not loaded before.
_SERVER = """\
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
const at = realpathSync('node_modules/eslint/package.json');
console.log('ready');
await new Promise((done) => setTimeout(done, Number(process.argv[2])));
createRequire(at)('eslint');
console.log('loaded');
"""


@dataclass(eq=False)
class Living:
    """A project. ``sound`` says that the last thing done to it was a command of graft's that
    succeeded; then it must run as it is. ``users`` work in it."""

    folder: Path
    sound: bool = False
    users: int = 0
    gone: bool = False


@dataclass
class Tally:
    done: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    waited: int = 0
    longest: dict[str, float] = field(default_factory=dict)


class World:
    def __init__(self, root: Path, registry: str) -> None:
        self.root = root
        self.home = root / "home"
        self.projects = root / "projects"
        for folder in (self.home, self.projects):
            folder.mkdir(parents=True)
        (self.home / ".npmrc").write_text(f"registry={registry}\nauto-gc=false\n")
        self.registry = registry
        self.tally = Tally()
        self.living: list[Living] = []
        self._lock = threading.Lock()
        self._count = 0

    @property
    def store(self) -> Path:
        return self.home / ".local/share/graft/store/v1"

    # Projects

    def new_folder(self) -> Path:
        with self._lock:
            self._count += 1
            return self.projects / f"p{self._count}"

    def add(self, folder: Path, *, sound: bool = False) -> None:
        with self._lock:
            self.living.append(Living(folder, sound=sound))

    @contextmanager
    def use(self, chance: random.Random, *, alone: bool) -> Iterator[Living | None]:
        """A project to work in, two at a time at most; ``alone`` has nobody else there. None where
        there is none to have."""
        with self._lock:
            most = 0 if alone else 1
            free = [project for project in self.living if project.users <= most]
            project = chance.choice(free) if free else None
            if project is not None:
                project.users += 2 if alone else 1
        try:
            yield project
        finally:
            if project is not None:
                with self._lock:
                    project.users -= 2 if alone else 1
                    if project.gone:
                        self.living.remove(project)

    # Commands

    def graft(
        self, kind: str, folder: Path, *arguments: str, home: Path | None = None, ok: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """A command that has to succeed, unless that is not ``ok`` to ask."""
        start = time.monotonic()
        done = subprocess.run(
            [*GRAFT, *arguments],
            cwd=folder,
            env=environment(home or self.home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        with self._lock:
            took = time.monotonic() - start
            self.tally.longest[kind] = max(self.tally.longest.get(kind, 0.0), took)
            self.tally.done[kind] = self.tally.done.get(kind, 0) + 1
            self.tally.waited += "waiting for" in done.stderr
            if ok and done.returncode:
                self.tally.failures.append(
                    f"{kind} in {folder.name}: graft {' '.join(arguments)}: {done.returncode}\n"
                    f"{done.stdout[-1500:]}{done.stderr[-1500:]}"
                )
        return done

    def killed(self, folder: Path, after: float, *arguments: str) -> None:
        """The same, killed with all that it started."""
        process = subprocess.Popen(
            [*GRAFT, *arguments],
            cwd=folder,
            env=environment(self.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with self._lock:
            self.tally.done["kill"] = self.tally.done.get("kill", 0) + 1

    def runs(self, kind: str, folder: Path) -> bool:
        """Whether a project's code finds and loads what it asks for."""
        (folder / "check.mjs").write_text(_CHECK)
        return self.graft(kind, folder, "exec", "node", "check.mjs").returncode == 0

    def shares(self, folder: Path, package: str) -> bool:
        """Whether the project links to a slot of the store; what lies in itself goes with it."""
        return str(self.store) in os.path.realpath(folder / "node_modules" / package)

    def serve(self, folder: Path, milliseconds: int) -> None:
        """A program that is at work while its project changes."""
        (folder / "server.mjs").write_text(_SERVER)
        self.graft("server", folder, "exec", "node", "server.mjs", str(milliseconds))

    def failed(self, what: str) -> None:
        with self._lock:
            self.tally.failures.append(what)


def manifest(chance: random.Random, name: str) -> bytes:
    """More than 300 packages, most of them those of other projects."""
    chosen = chance.sample(sorted(EXTRAS), chance.randint(3, 6))
    return _manifest(name, {package: chance.choice(EXTRAS[package]) for package in chosen})


def everything(pick: int) -> bytes:
    """All extras at once, the first or the second version of each."""
    return _manifest("everything", {package: ranges[pick] for package, ranges in EXTRAS.items()})


def _manifest(name: str, extras: dict[str, str]) -> bytes:
    said = json.loads(EXAMPLE.read_bytes())
    said |= {"name": name, "dependencies": {**said["dependencies"], **extras}}
    return json.dumps(said, indent=2).encode() + b"\n"


def copy_project(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)


def names(store: Path, kind: str) -> set[str]:
    folder = store / kind
    return set(os.listdir(folder)) if folder.is_dir() else set()


def disk_bytes(folders: Sequence[Path]) -> int:
    """Blocks of distinct inodes."""
    seen: dict[tuple[int, int], int] = {}
    for folder in folders:
        for place, within, files in os.walk(folder):
            for name in (*within, *files):
                stat = os.lstat(os.path.join(place, name))
                seen[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    return sum(seen.values())
