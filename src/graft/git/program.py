"""The git program, as graft calls it: never waiting for an answer from the terminal, and with
nothing of whatever repository the user happens to be in.

The user's own settings count: credential helpers, ``insteadOf``, what ssh knows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.http import without_users
from graft.base.processes import exchange
from graft.base.programs import find_program
from graft.base.records import Record

_LOCAL_SECONDS = 120.0
_NETWORK_SECONDS = 600.0
# Where a hook runs graft, these say which repository it is: not the one that is meant here.
_OF_A_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE"),
    *("GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_QUARANTINE_PATH"),
)
# Maintenance would go on in the background, in a folder that may be deleted at any time.
# Nothing of what a repository says is run, and nothing but what was asked for is fetched, whatever
# the user's own settings allow for other work.
_QUIET = (
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.ext.allow=never", "-c", "fetch.recurseSubmodules=false"),
    *("-c", "transfer.bundleURI=false", "-c", "core.fsmonitor=false"),
)


class GitAnswer(Record):
    """``said`` is what git said of a failure, without credentials; the last lines first matter."""

    is_good: bool
    data: bytes
    said: tuple[str, ...]


class GitProgram:
    def __init__(self, environ: Mapping[str, str]) -> None:
        own = {name: value for name, value in environ.items() if name not in _OF_A_REPOSITORY}
        self._environ = {
            "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
            "GIT_HTTP_LOW_SPEED_TIME": "60",
            **own,
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        self._program = ""

    def run(
        self,
        folder: str,
        arguments: Sequence[str],
        *,
        data: bytes = b"",
        uses_network: bool = False,
    ) -> GitAnswer:
        """Run it on the bare repository in ``folder``. Raises ``git-missing``."""
        timeout = _NETWORK_SECONDS if uses_network else _LOCAL_SECONDS
        return self._call(folder, [f"--git-dir={folder}", *arguments], data, timeout)

    def run_within(
        self, folder: str, arguments: Sequence[str], *, uses_network: bool = False
    ) -> GitAnswer:
        """Run it in a folder of the user's, on the repository that this is in. Raises
        ``git-missing``."""
        timeout = _NETWORK_SECONDS if uses_network else _LOCAL_SECONDS
        return self._call(folder, list(arguments), b"", timeout)

    def run_outside(self, folder: str, arguments: Sequence[str], *, data: bytes = b"") -> GitAnswer:
        """Run it in a folder as if there were no repository anywhere around. Raises
        ``git-missing``."""
        # An archive may hold a .git, whose settings can name programs to run.
        return self._call(folder, [f"--git-dir={os.devnull}", *arguments], data, _LOCAL_SECONDS)

    def _call(
        self, folder: str, arguments: Sequence[str], data: bytes, timeout: float
    ) -> GitAnswer:
        command = [self._found(), *_QUIET, *arguments]
        done = exchange(command, data, cwd=folder, environ=self._environ, timeout=timeout)
        lines = without_users(done.stderr).splitlines()
        return GitAnswer(
            is_good=done.status == 0,
            data=done.stdout,
            said=tuple(line.strip() for line in lines if line.strip())[:6],
        )

    def _found(self) -> str:
        if not self._program:
            self._program = find_program("git", self._environ.get("PATH", ""))
        if not self._program:
            raise GraftError(
                "git-missing",
                "git is not installed, and something here needs it",
                why=["packages from git repositories and patches are made with it"],
                fix="install git, or do without",
            )
        return self._program
