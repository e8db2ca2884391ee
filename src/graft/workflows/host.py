"""What this machine is, in npm's words."""

from __future__ import annotations

import os
import platform
import sys

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
    machine = platform.machine().lower()
    return Platform(
        os=_SYSTEMS.get(sys.platform, sys.platform),
        cpu=_PROCESSORS.get(machine, machine),
        libc=_libc() if sys.platform == "linux" else "",
    )


def _libc() -> str:
    """glibc names itself; on Linux whatever does not is musl in all but name."""
    try:
        return "glibc" if os.confstr("CS_GNU_LIBC_VERSION") else "musl"
    except (ValueError, OSError):
        return "musl"
