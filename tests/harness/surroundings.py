"""graft where the system sets limits: file systems that are read-only, small or elsewhere, and
permissions that hold, as they do for everyone but the superuser."""

from __future__ import annotations

import functools
import os
import shlex
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

    def read_only(self, path: Path) -> Mounts:
        return self.bind(path, path).line("mount -o remount,ro,bind {}", path)

    def small(self, path: Path, size: str) -> Mounts:
        """An empty file system of that size, as ``mount`` says it: ``200k``."""
        return self.line(f"mount -t tmpfs -o size={size} none {{}}", path)

    def bind(self, source: Path, path: Path) -> Mounts:
        return self.line("mount --bind {} {}", source, path)

    def line(self, line: str, *paths: Path) -> Mounts:
        """A line of shell among them, with ``{}`` for each path."""
        self._lines.append(line.format(*map(shlex.quote, map(str, paths))))
        return self

    def run(
        self,
        project: Project,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
        after: str = "",
    ) -> Result:
        """graft among these mounts; then ``after``, lines of shell that may call ``graft`` again
        and say with ``code`` what came of it."""
        if not _has_namespaces():
            pytest.skip("mount namespaces are not to be had here")
        graft = f"graft() {{ {shlex.join([*GRAFT, *arguments])}; }}"
        place = shlex.join(["cd", str(project.dir)])  # what is mounted there is another folder
        first = ("set +e", place, graft, "graft", "code=$?")
        script = "\n".join(["set -e", *self._lines, *first, after, "exit $code"])
        command = [*_NAMESPACE, "sh", "-c", script]
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
    """graft, or another ``command``, as somebody whom modes hold back: the superuser without any
    capability, who owns what the tests have made."""
    words = [*command, *arguments]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not installed, and the superuser is held back by nothing")
        words = [*_POWERLESS, *words]
    return project.machine.run(words, cwd=project.dir, env=env, check=check)


def nameless(
    project: Project, *arguments: str, env: Mapping[str, str | None] | None = None
) -> Result:
    """graft as a user that only has a number, who may read all and owns nothing. It sees the
    project's machine at ``/mnt``."""
    root = project.machine.root
    number = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups"]
    seen = f"/mnt/{project.dir.relative_to(root)}"
    is_visible = [*number, GRAFT[0], "-P", "-c", "import graft"]
    if os.geteuid() != 0 or subprocess.run(is_visible, capture_output=True, check=False).returncode:
        pytest.skip("only the superuser can become somebody else, who has to see Python")
    graft = shlex.join([*number, *GRAFT, *arguments])
    script = f"mount --bind {shlex.quote(str(root))} /mnt && cd {shlex.quote(seen)} && exec {graft}"
    command = ["unshare", "--mount", "sh", "-c", script]
    return project.machine.run(command, cwd=project.dir, env=env, check=False)
