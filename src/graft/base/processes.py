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


class Answered(Record, unshown=("stdout",)):
    """The same with the bytes of its output as they came."""

    status: int
    stdout: bytes
    stderr: str


def run(
    command: Sequence[str], *, cwd: str, environ: Mapping[str, str], timeout: float
) -> Finished:
    """Run ``command`` without a shell and without input; never raises for what the program does."""
    done = exchange(command, b"", cwd=cwd, environ=environ, timeout=timeout)
    stdout = done.stdout.decode(errors="replace")
    return Finished(status=done.status, stdout=stdout, stderr=done.stderr)


def exchange(
    command: Sequence[str], data: bytes, *, cwd: str, environ: Mapping[str, str], timeout: float
) -> Answered:
    """The same with ``data`` on its input. It leads a session of its own: it cannot ask anything of
    the terminal, and whatever it started ends with it where it takes too long."""
    # subprocess costs 10 ms to import, and most commands never run another program.
    import subprocess

    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(data, timeout)
            except BaseException:
                _kill_group(process.pid)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answered(status=-1, stdout=b"", stderr=str(error))
    return Answered(
        status=process.returncode, stdout=stdout, stderr=stderr.decode(errors="replace")
    )


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
        _kill_group(self._process.pid)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
