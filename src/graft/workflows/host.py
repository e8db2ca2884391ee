"""What this machine is, in npm's words."""

from __future__ import annotations

from graft.base.machine import machine
from graft.model.platform import Platform

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32", "cygwin": "win32"}
_PROCESSORS = {
    "x86_64": "x64",
    "amd64": "x64",
    "i386": "ia32",
    "i686": "ia32",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "ppc64le": "ppc64",
}


def this_platform() -> Platform:
    system, processor, libc = machine()
    # Windows has no uname; asking there takes long, and is needed nowhere else.
    if not processor:
        import platform

        processor = platform.machine()
    name = processor.lower()
    return Platform(os=_SYSTEMS.get(system, system), cpu=_PROCESSORS.get(name, name), libc=libc)
