"""What one command takes, and what it leaves: seconds, processor, memory, files and bytes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

CHILD = Path(__file__).with_name("install_child.py")
_BLOCK = 512
_TAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """``user`` and ``system`` are of the whole process tree; ``peak`` is its largest process, in
    bytes. ``code`` is the exit code, negative for a signal."""

    wall: float
    user: float
    system: float
    peak: int
    code: int

    @property
    def processor(self) -> float:
        return self.user + self.system


class TimedOutError(Exception):
    """The command was ended because it took too long."""


def measure(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, timeout: float
) -> Sample:
    """Run ``command`` to its end; ``log`` gets what it prints. Raises ``TimedOutError``."""
    report = log.with_suffix(".measured")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(CHILD), str(report), *command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimedOutError(f"{command[0]} took more than {timeout:.0f} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"could not start {command[0]}: {tail(log)}")
    wall, user, system, peak, code = report.read_text().split()
    report.unlink()
    return Sample(
        wall=float(wall),
        user=float(user),
        system=float(system),
        peak=int(peak) * 1024,
        code=int(code),
    )


def tail(log: Path) -> str:
    return log.read_bytes()[-_TAIL:].decode(errors="replace").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Medians of the samples, with the fastest and the slowest wall time."""

    runs: int
    wall: float
    fastest: float
    slowest: float
    processor: float
    peak: int


def summarize(samples: Sequence[Sample]) -> Summary:
    return Summary(
        runs=len(samples),
        wall=median(sample.wall for sample in samples),
        fastest=min(sample.wall for sample in samples),
        slowest=max(sample.wall for sample in samples),
        processor=median(sample.processor for sample in samples),
        peak=round(median(sample.peak for sample in samples)),
    )


def ratio(own: Sequence[Sample], peers: Sequence[Sequence[Sample]]) -> float:
    """The median over the rounds of our wall time, divided by the round's best among the peers that
    ran in it."""
    rounds = [
        [peer[number].wall for peer in peers if number < len(peer)] for number in range(len(own))
    ]
    return median(mine.wall / min(walls) for mine, walls in zip(own, rounds, strict=True) if walls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A folder's entries of every kind; the inodes among them that only it has, and their bytes on
    disk. A file that has a hard link elsewhere is an entry, and nobody's own."""

    entries: int
    inodes: int
    size: int


def footprint(folder: Path) -> Footprint:
    found: dict[tuple[int, int], os.stat_result] = {}
    links: Counter[tuple[int, int]] = Counter()
    for entry in entries(folder):
        status = entry.stat(follow_symlinks=False)
        key = status.st_dev, status.st_ino
        found[key] = status
        links[key] += 1
    own = [
        status
        for key, status in found.items()
        if stat.S_ISDIR(status.st_mode) or status.st_nlink <= links[key]
    ]
    return Footprint(
        entries=links.total(),
        inodes=len(own),
        size=sum(status.st_blocks for status in own) * _BLOCK,
    )


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder; links are not followed."""
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as found:
            for entry in found:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
