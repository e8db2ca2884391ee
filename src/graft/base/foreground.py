"""Programs that stand in graft's place: they have its terminal, its streams and its signals, and
graft ends as they end."""

from __future__ import annotations

# The module behind ``signal``, which wraps it in enumerations at the cost of 3 ms.
import _signal as signal  # type: ignore[import-not-found]
import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import NoReturn

# Python ignores these for itself. What it starts must not inherit that: a script whose reader is
# gone would never end.
_PYTHONS_OWN = (signal.SIGPIPE, signal.SIGXFSZ)
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def become(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process. Raises OSError where that cannot be, and ValueError for a text that
    holds a NUL."""
    sys.stdout.flush()
    sys.stderr.flush()
    for number in _PYTHONS_OWN:
        signal.signal(number, signal.SIG_DFL)
    try:
        try:
            os.execve(program, [program, *arguments], environ)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            # A text without '#!': shells take it for one of theirs, and so do those who write it.
            os.execve("/bin/sh", ["sh", program, *arguments], environ)
    finally:
        for number in _PYTHONS_OWN:
            signal.signal(number, signal.SIG_IGN)


def attend(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run to the end; the exit code, or a signal's number below zero. Signals that somebody sends
    to graft meanwhile are passed on; those of the terminal reach the program by themselves.

    Raises as ``become`` does.
    """
    awaited = (*_PASSED_ON, signal.SIGCHLD)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    # With none, some systems drop the signal although it is blocked.
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        child = os.posix_spawn(
            program, [program, *arguments], environ, setsigmask=mask, setsigdef=_PYTHONS_OWN
        )
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            number, is_sent = _next_signal(awaited)
            if number in _PASSED_ON and is_sent:
                os.kill(child, number)
    finally:
        signal.signal(signal.SIGCHLD, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def end_like(code: int) -> int:
    """The exit code for a program that ended with ``code``, as ``attend`` has it. What a signal
    ended ends graft by the same one, so that whoever waits for graft sees what happened; shells
    show it as 128 and its number."""
    if code >= 0:
        return code
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


def _next_signal(awaited: Collection[int]) -> tuple[int, bool]:
    """The number, and whether a process sent it, not the terminal's driver to all in front. Where
    that cannot be told, it counts as sent, as in npm."""
    if not hasattr(signal, "sigwaitinfo"):
        return signal.sigwait(awaited), True
    told = signal.sigwaitinfo(awaited)
    return told.si_signo, told.si_code <= 0
