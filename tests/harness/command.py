"""Commands that a test runs to their end, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.zygote import may_fork, run_forked

# -P keeps a project's own files from being imported in place of graft's and Python's.
GRAFT = (sys.executable, "-P", "-m", "graft")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``code`` is negative for a process that a signal ended."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"stdout is not JSON: {error}\n{self}") from error

    def __str__(self) -> str:
        return (
            f"$ {' '.join(self.command)}\nexit code {self.code}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    check: bool = True,
    stdin: str | None = None,
    timeout: float = 60,
) -> Result:
    """Run it; with ``check``, an exit code other than 0 fails the test and shows the output.

    Without ``stdin`` the command reads an empty one, so it can never wait for the terminal.
    """
    arguments = command[len(GRAFT) :]
    if tuple(command[: len(GRAFT)]) == GRAFT and may_fork(arguments, env):
        code, stdout, stderr = run_forked(
            arguments, cwd=cwd, env=env, stdin=stdin or "", timeout=timeout
        )
    else:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            input=stdin or "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
        code, stdout, stderr = done.returncode, done.stdout, done.stderr
    result = Result(command=tuple(command), code=code, stdout=stdout, stderr=stderr)
    if check and result.code != 0:
        raise AssertionError(str(result))
    return result
