"""Running another program for its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
