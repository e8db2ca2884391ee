"""Scripts and tools in many members of a workspace: in order of need, several at a time."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Mapping

from graft.base.crowd import Crowd
from graft.base.foreground import attend
from graft.base.records import Record
from graft.workflows.jobs import Jobs

# (member, text, whether it is an error's): a line of output of what runs in a member.
Say = Callable[[str, str, bool], None]


_LOOK_UP_SECONDS = 0.2


class Pace(Record):
    """How many at a time; whether what is needed goes first; whether one failure ends all."""

    at_once: int
    sorted: bool = True
    bail: bool = True


class Ended(Record):
    """``codes`` are the exit codes, a signal's below zero, of those that ran to their end, by
    member; ``left`` are those that did not begin, or did not come to an end of their own.
    ``received`` is the number of a signal that ended it all, or 0."""

    codes: Mapping[str, int]
    left: tuple[str, ...]
    received: int = 0

    @property
    def failed(self) -> dict[str, int]:
        return {path: code for path, code in self.codes.items() if code}


def run_in_turn(
    jobs: Mapping[str, Jobs], pace: Pace, announce: Callable[[str, str], None]
) -> Ended:
    """One after the other, each with graft's own terminal. ``jobs`` are in order."""
    codes: dict[str, int] = {}
    for path, its in jobs.items():
        os.chdir(its.folder)
        codes[path] = 0
        for job in its.jobs:
            if job.line:
                announce(path, "$ " + job.line.strip())
            codes[path] = attend(job.program, job.arguments, job.environ)
            if codes[path]:
                break
        if codes[path] and pace.bail:
            break
    return Ended(codes=codes, left=tuple(path for path in jobs if path not in codes))


def run_together(
    jobs: Mapping[str, Jobs], needs: Mapping[str, frozenset[str]], pace: Pace, say: Say
) -> Ended:
    """Several at a time; what somebody needs first, unless it is not to be sorted."""
    done: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
    waiting = list(jobs)
    running: set[str] = set()
    codes: dict[str, int] = {}
    with Crowd() as crowd:

        def work(path: str) -> None:
            done.put((path, _attend_all(crowd, path, jobs[path], say)))

        while running or (waiting and not crowd.closed):
            for path in list(waiting):
                blocked = pace.sorted and needs[path] & {*running, *waiting}
                if len(running) < pace.at_once and not blocked and not crowd.closed:
                    waiting.remove(path)
                    running.add(path)
                    threading.Thread(target=work, args=(path,), daemon=True).start()
            path, code = _next(done)
            running.discard(path)
            if not (crowd.closed and code < 0):  # it was ended, and did not end
                codes[path] = code
            if code and pace.bail:
                crowd.stop()
    left = tuple(path for path in jobs if path not in codes)
    return Ended(codes=codes, left=left, received=crowd.received)


def _next(done: queue.SimpleQueue[tuple[str, int]]) -> tuple[str, int]:
    """Wakes up now and then: a signal that reached another thread is handled in this one alone."""
    while True:
        try:
            return done.get(timeout=_LOOK_UP_SECONDS)
        except queue.Empty:
            continue


def _attend_all(crowd: Crowd, path: str, jobs: Jobs, say: Say) -> int:
    for job in jobs.jobs:
        if job.line:
            say(path, "$ " + job.line.strip(), True)
        try:
            code = crowd.attend(
                job.program,
                job.arguments,
                job.environ,
                folder=jobs.folder,
                line=lambda text, is_error: say(path, text, is_error),
            )
        except OSError as error:
            say(path, f"the system refused: {error}", True)
            return 127
        if code:
            return code
    return 0
