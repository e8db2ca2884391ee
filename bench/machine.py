"""The machine that a benchmark ran on: its kind, and how busy it was."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from install_names import pinned


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The kind of machine, and how busy it was; nothing that tells which one it is."""

    system: str
    cores: int
    memory_gib: int
    file_system: str
    python: str
    node: str
    names: str
    load_before: float
    load_after: float

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, {self.memory_gib} GiB, {self.system}, {self.file_system}, "
            f"Python {self.python}, Node {self.node}; names resolved {self.names}; "
            f"load average {self.load_before:.1f} before, {self.load_after:.1f} after"
        )


def machine(folder: Path, load_before: float, *, disk: str) -> Machine:
    """``folder`` is where the work was done, and ``disk`` what else there is to say of that."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30),
        file_system=f"{_file_system(folder)} ({disk})",
        python=platform.python_version(),
        node=node.stdout.strip().removeprefix("v"),
        names="once for all tools" if pinned() else "by each tool",
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )


def _file_system(folder: Path) -> str:
    """The type of the file system that ``folder`` is on."""
    path = str(folder.resolve())
    best, kind = "", "unknown file system"
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return kind
    for mount in mounts:
        _, point, type_, *_ = mount.split(" ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind
