"""TOML files of strangers: read in bounded time, with the line of whatever is wrong in them."""

from __future__ import annotations

import re
from typing import Any

_MAX_BYTES = 1 << 20


class TomlError(Exception):
    """``line`` is 0 where it is about the whole file."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read_toml(data: bytes) -> dict[str, Any]:
    """The document. Raises ``TomlError``."""
    import tomllib  # costs more to load than many commands take

    if len(data) > _MAX_BYTES:
        raise TomlError(f"it has {len(data):,} bytes, and up to {_MAX_BYTES:,} are read")
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TomlError("it is not UTF-8 text", line) from None
    except RecursionError:
        raise TomlError("it is nested too deep") from None
    except ValueError as error:
        found = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        message = str(error)[: found.start()].rstrip() if found else str(error)
        raise TomlError(message, int(found[1]) if found else _last_line(data)) from None


def _last_line(data: bytes) -> int:
    return data.rstrip().count(b"\n") + 1
