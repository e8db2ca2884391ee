"""Many commands at once: how long until the last is done, and what they take together."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from install_command import FailedError
from install_measure import tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """``wall`` is from the first start to the last end, ``processor`` the user and system seconds
    of all."""

    wall: float
    processor: float
    commands: int

    @property
    def each(self) -> float:
        """Wall seconds for each of them."""
        return self.wall / self.commands


def at_once(commands: Sequence[tuple[Sequence[str], Path, Mapping[str, str]]], logs: Path) -> Burst:
    """Run each command in its folder, in its environment, all at the same time. Raises
    ``FailedError`` with the words of one that failed."""
    processor = 0.0
    failed = []
    start = time.perf_counter()
    running = {}
    for number, (command, folder, env) in enumerate(commands):
        log = logs / f"burst-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running[process.pid] = process, log
    while running:
        pid, status, usage = os.wait4(-1, 0)
        process, log = running.pop(pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        processor += usage.ru_utime + usage.ru_stime
        if process.returncode:
            failed.append(log)
    wall = time.perf_counter() - start
    if failed:
        raise FailedError(f"{commands[0][0][0]} failed {len(failed)} times: {tail(failed[0])}")
    return Burst(wall=wall, processor=processor, commands=len(commands))
