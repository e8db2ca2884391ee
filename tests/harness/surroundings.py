"""graft where the system sets limits: file systems that are read-only, small or elsewhere, and
permissions that hold, as they do for everyone but the superuser."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.command import GRAFT, Result
from harness.project import Project

_POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
_NAMESPACE = ("unshare", "--map-root-user", "--mount")


class Mounts:
    """Mounts that only the command sees that is run among them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._words: list[str] = []

    def read_only(self, path: Path) -> Mounts:
        return self.bind(path, path)._add("mount -o remount,ro,bind {}", path)

    def small(self, path: Path, size: str) -> Mounts:
        """An empty file system of that size, as ``mount`` says it: ``200k``."""
        return self._add(f"mount -t tmpfs -o size={size} none {{}}", path)

    def bind(self, source: Path, path: Path) -> Mounts:
        return self._add("mount --bind {} {}", source, path)

    def before(self, line: str, *paths: Path) -> Mounts:
        """A line of shell among them, with ``{}`` for each path."""
        return self._add(line, *paths)

    def _add(self, line: str, *paths: Path) -> Mounts:
        numbers = range(len(self._words) + 1, len(self._words) + len(paths) + 1)
        self._words += map(str, paths)
        self._lines.append(line.format(*(f'"${{{number}}}"' for number in numbers)))
        return self

    def run(
        self,
        project: Project,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
        after: str = "",
    ) -> Result:
        """graft among these mounts; then ``after``, a line of shell, whatever came of graft."""
        if not _has_namespaces():
            pytest.skip("mount namespaces are not to be had here")
        count = len(self._words)
        graft = f'(shift {count}; exec "$@"); code=$?'
        script = "\n".join(["set -e", *self._lines, "set +e", graft, after, "exit $code"])
        command = [*_NAMESPACE, "sh", "-c", script, "sh", *self._words, *GRAFT, *arguments]
        return project.machine.run(command, cwd=project.dir, env=env, check=check)


@functools.cache
def _has_namespaces() -> bool:
    if not shutil.which("unshare"):
        return False
    command = [*_NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def powerless(
    project: Project,
    *arguments: str,
    env: Mapping[str, str | None] | None = None,
    check: bool = True,
    command: Sequence[str] = GRAFT,
) -> Result:
    """graft as somebody whom modes hold back: the superuser without any capability, who owns what
    the tests have made."""
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not installed, and the superuser is held back by nothing")
        command = [*_POWERLESS, *command]
    return project.machine.run([*command, *arguments], cwd=project.dir, env=env, check=check)
