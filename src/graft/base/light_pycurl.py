"""pycurl without its asyncio part, which graft has no use for.

``import pycurl`` (7.49) loads that too, and with it ``dataclasses`` and ``inspect``: two thirds of
what it takes, for each command that asks a registry.
"""

from __future__ import annotations

import sys
from types import ModuleType

_PART = "pycurl.async_multi"

if _PART in sys.modules or "pycurl" in sys.modules:
    import pycurl
else:
    _empty = ModuleType(_PART)
    _empty.AsyncCurlMulti = None  # type: ignore[attr-defined]
    sys.modules[_PART] = _empty
    try:
        import pycurl
    finally:
        del sys.modules[_PART]  # whoever asks for it later gets the real one

__all__ = ["pycurl"]
