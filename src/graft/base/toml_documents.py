"""TOML files of strangers: read in bounded time, with the line of whatever is wrong in them."""

from __future__ import annotations

import re
from typing import Any

_MAX_BYTES = 1 << 20
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'))*)\s*="""
)
_HEADER = re.compile(r"\s*(\[\[?[^\n]*\]\]?)\s*(?:#.*)?$")


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


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line that says most of what leads to ``path`` (keys, and places in arrays of tables), by
    going over the lines: exact for all but what stands in texts of several lines. 0 for none."""
    best, best_length = 0, 0
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            keys = _keys(header[1])
            if keys is None:
                continue
            if header[1].startswith("[["):
                counts[keys] = counts.get(keys, -1) + 1
                keys = (*keys, counts[keys])
            table = said = keys
        else:
            key = _KEY.match(line)
            keys = _keys(f"{key[1]} = 0") if key else None
            if keys is None:
                continue
            said = (*table, *keys)
        same = _common(said, path)
        if same > best_length and (same == len(said) or header is None):
            best, best_length = number, same
    return best


def _keys(line: str) -> tuple[str | int, ...] | None:
    import tomllib

    try:
        found: Any = tomllib.loads(line)
    except (ValueError, RecursionError):
        return None
    keys: list[str | int] = []
    while found and isinstance(found, dict | list):
        if isinstance(found, list):
            found = found[0]
            continue
        ((key, found),) = found.items()
        keys.append(key)
    return tuple(keys)


def _common(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> int:
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same += 1
    return same


def _last_line(data: bytes) -> int:
    return data.rstrip().count(b"\n") + 1
