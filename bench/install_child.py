"""Runs one command and writes what it took: wall, user and system seconds, peak KiB, exit code.

A process of its own, started by ``python -I -S``, because a child inherits the peak memory of who
starts it: this one stays near 10 MB, which is the least that the benchmark can tell.
"""

from __future__ import annotations

import os
import sys
import time


def main(report: str, command: list[str]) -> None:
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    with open(report, "w", encoding="ascii") as file:
        print(wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss, code, file=file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
