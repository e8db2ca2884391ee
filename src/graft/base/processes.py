"""Running other programs: for their answer, or until they are done."""

from __future__ import annotations

# The module behind ``signal``, which wraps it in enumerations at the cost of 3 ms.
import _signal as signal  # type: ignore[import-not-found]
import os
from collections.abc import Collection, Mapping, Sequence
from typing import BinaryIO

from graft.base.records import Record

# How long a nested program may take to see that what it started is gone.
_ENDING_SECONDS = 2.0


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
                _tell_group(process.pid, signal.SIGKILL)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answered(status=-1, stdout=b"", stderr=str(error))
    return Answered(
        status=process.returncode, stdout=stdout, stderr=stderr.decode(errors="replace")
    )


class Group:
    """A program with all that it starts, in a process group and a session of its own.

    ``output`` and ``errors`` are files that get what it prints; without ``errors`` those go where
    the output goes, and without either they are this process's own. ``input`` is none, unless it
    is a file. ``kept`` are descriptors that it has as well, under the same numbers. One that is
    ``nested`` is a program, such as bubblewrap, that keeps what it starts in a session apart, hands
    no signals on, and takes all of it along when it ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        environ: Mapping[str, str],
        output: BinaryIO | int | None = None,
        errors: BinaryIO | int | None = None,
        input: BinaryIO | int | None = None,
        kept: Collection[int] = (),
        nested: bool = False,
    ) -> None:
        """Raises OSError where it cannot be started."""
        import subprocess

        merged = subprocess.STDOUT if output is not None else None
        self._nested = nested
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL if input is None else input,
            stdout=output,
            stderr=merged if errors is None else errors,
            start_new_session=True,
            pass_fds=tuple(kept),
        )

    def wait(self, timeout: float, *, grace: float = 0.0) -> int | None:
        """The exit status, below zero for a signal; None if it took longer, in seconds, and was
        ended: asked to first, where there is ``grace``, then killed. What it started and left
        behind is killed as well. A ``timeout`` of 0 is none."""
        try:
            if self._ends(timeout or None):
                return self._process.wait()
            if grace:
                self.tell(signal.SIGTERM)
                self._ends(grace)
            return None
        finally:
            self.kill()
            self._process.wait()

    def tell(self, number: int) -> None:
        """Send a signal to all of it; where it is nested, to all but the leader."""
        leader = self._process.pid
        if not self._nested:
            _tell_group(leader, number)
            return
        for process in descendants(leader):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        if self._nested and self._process.poll() is None:
            # From inside: the leader ends when all the others have.
            self.tell(signal.SIGKILL)
            self._ends(_ENDING_SECONDS)
        _tell_group(self._process.pid, signal.SIGKILL)

    def _ends(self, timeout: float | None) -> bool:
        """Whether it ends within that time. Not left to subprocess, which looks every 50 ms."""
        import select

        try:
            descriptor = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):
            return self._ends_slowly(timeout)
        try:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            return bool(waiting.poll(None if timeout is None else timeout * 1000))
        finally:
            os.close(descriptor)

    def _ends_slowly(self, timeout: float | None) -> bool:
        import subprocess

        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True


def descendants(ancestor: int) -> list[int]:
    """The processes that it started, and those that these did, wherever their groups and sessions
    are. Empty where the system lists none."""
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in filter(str.isdigit, names):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # What lies between the parentheses is its name, with whatever somebody put there.
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(name))
    found = list(children.get(ancestor, ()))
    for process in found:
        found.extend(children.get(process, ()))
    return found


def _tell_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        pass
