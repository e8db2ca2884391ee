"""What a program may use of the machine, as the kernel counts it for each process.

They are set by ``prlimit`` of util-linux, the last thing before the program itself, so that inside
a sandbox only what runs there is counted.
"""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FLAGS = {
    # Not the address space: JavaScript reserves gigabytes of that, and uses a few megabytes.
    "memory": "--data",
    "processes": "--nproc",
    "cpu_seconds": "--cpu",
    "file_size": "--fsize",
    "open_files": "--nofile",
}


class Limits(Record):
    """``memory`` and ``file_size`` are bytes, ``processes`` counts threads as well. Each process
    may use that much; ``processes`` is for all of one user's, inside a sandbox for all there. 0 is
    no limit."""

    memory: int = 0
    processes: int = 0
    cpu_seconds: int = 0
    file_size: int = 0
    open_files: int = 0

    @property
    def named(self) -> Mapping[str, int]:
        """Those that there are."""
        said = {name: getattr(self, name) for name in _FLAGS}
        return {name: value for name, value in said.items() if value}


def limited(prlimit: str, command: Sequence[str], limits: Limits) -> list[str]:
    """``command`` within limits, and without dumps of its memory."""
    flags = [f"{_FLAGS[name]}={value}" for name, value in limits.named.items()]
    return [prlimit, "--core=0", *flags, "--", *command]
