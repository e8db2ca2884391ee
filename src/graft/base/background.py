"""Programs that go on by themselves: nobody waits for them, and nobody hears of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def leave_running(command: Sequence[str], *, cwd: str, environ: Mapping[str, str]) -> None:
    """Start ``command`` in a session of its own, with no input and no output. It is no child of
    this process, nor of what takes its place. Raises OSError where there is no shell."""
    import subprocess

    subprocess.run(
        ["/bin/sh", "-c", '"$@" &', "sh", *command],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
