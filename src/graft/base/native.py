"""The part that is compiled, ``_native.c``: None where nothing could compile it when graft was
installed, or where ``GRAFT_PURE`` is set. Who uses it does the same without it, or does without."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

# From this size on, a buffer is the system's again as soon as it is freed. glibc would raise that
# to 32 MiB with the first archives, and keep all they took.
_LARGE_BUFFER = 1024**2


def _load() -> ModuleType | None:
    if os.environ.get("GRAFT_PURE"):
        return None
    try:
        from graft.base import _native
    except ImportError:
        return None
    return _native


native = _load()


def return_large_buffers() -> None:
    """Ask the C library not to keep memory for later: for work with many large buffers."""
    if native is not None:
        native.return_buffers(_LARGE_BUFFER)
