"""What this machine calls itself."""

from __future__ import annotations

import os
import sys


def machine() -> tuple[str, str, str]:
    """System as Python names it, processor as the system names it, and on Linux the C library."""
    processor = os.uname().machine if hasattr(os, "uname") else ""
    return sys.platform, processor, _libc() if sys.platform == "linux" else ""


def workers() -> int:
    """Threads for work that is half waiting for the disk: two at least, and no crowd."""
    return max(2, min(4, os.cpu_count() or 2))


def _libc() -> str:
    """glibc names itself; on Linux whatever does not is musl in all but name."""
    try:
        return "glibc" if os.confstr("CS_GNU_LIBC_VERSION") else "musl"
    except (ValueError, OSError):
        return "musl"
