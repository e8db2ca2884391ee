"""Several users of one computer, who share a store by a group. For tests that run as root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.zygote import User, run_forked

GROUP = 64100
# Everything is loaded first: where the interpreter lies may be closed to these users.
_AS_MEMBER = """\
import json, sys
sys.path.append(sys.argv.pop(1))
from harness.zygote import User, become_user, load
load()
from graft.__main__ import main
become_user(User(*json.loads(sys.argv.pop(1))))
sys.exit(main())
"""


class Member:
    """A user, with a home that is closed to others and a project in it."""

    def __init__(
        self, root: Path, name: str, uid: int, registry: LocalRegistry, *, graft_home: Path | None
    ) -> None:
        self.name = name
        self.uid = uid
        self.groups = [GROUP]
        self.umask = 0o022
        self.machine = Machine(root / name, registry)
        if graft_home:
            self.machine.graft_home = graft_home
            self.machine.env["GRAFT_HOME"] = str(graft_home)
        self.project: Project = self.machine.project()
        self.owns()

    def owns(self) -> None:
        """See to it that all in the member's home is the member's."""
        for folder, _, names in os.walk(self.machine.root):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, self.uid, self.uid, follow_symlinks=False)
        self.machine.root.chmod(0o700)

    def graft(self, *arguments: str) -> tuple[int, str]:
        """Exit code and stderr."""
        code, _, said = run_forked(
            arguments,
            cwd=self.project.dir,
            env=self.machine.environment(),
            stdin="",
            timeout=60,
            user=self._user,
        )
        return code, said

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        tests = str(Path(__file__).parents[1])
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _AS_MEMBER, tests, json.dumps(self._user), *arguments],
            cwd=self.project.dir,
            env=self.machine.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def _user(self) -> User:
        return User(self.uid, self.groups, self.umask)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that all users can look into, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="graft-members-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
