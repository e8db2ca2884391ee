"""Running other programs: for their answer, or until they are done."""

from __future__ import annotations

# The module behind ``signal``, which wraps it in enumerations at the cost of 3 ms.
import _signal as signal  # type: ignore[import-not-found]
import os
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from graft.base.records import Record


class Finished(Record):
    """``status`` is the exit status, or -1 if the program is missing or took too long."""

    status: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str], *, cwd: str, environ: Mapping[str, str], timeout: float
) -> Finished:
    """Run ``command`` without a shell and without input; never raises for what the program does."""
    # subprocess costs 10 ms to import, and most commands never run another program.
    import subprocess

    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=dict(environ),
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finished(status=-1, stdout="", stderr=str(error))
    return Finished(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


class Group:
    """A program with all that it starts, in a process group and a session of its own, without
    input. ``output`` is a file that gets what it prints."""

    def __init__(
        self, command: Sequence[str], *, cwd: str, environ: Mapping[str, str], output: BinaryIO
    ) -> None:
        """Raises OSError where it cannot be started."""
        import subprocess

        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self, timeout: float) -> int | None:
        """The exit status, below zero for a signal; None if it took longer and was killed. What it
        started and left behind is killed as well."""
        import subprocess

        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()
            self._process.wait()

    def kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
