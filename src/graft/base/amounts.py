"""Times and sizes as people write them: ``7d``, ``12h``, ``5GB``."""

from __future__ import annotations

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60, "w": 7 * 24 * 60 * 60}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def seconds(text: str) -> int:
    """A time; without a unit it is in seconds. Raises ValueError."""
    return _amount(text, _SECONDS)


def bytes_of(text: str) -> int:
    """A size; without a unit it is in bytes. Raises ValueError."""
    return _amount(text, _BYTES)


def _amount(text: str, units: dict[str, int]) -> int:
    number = text.strip().lower().rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text.strip().lower()[len(number) :].strip()
    whole, point, part = number.partition(".")
    digits = whole + part
    if unit not in units or not (digits.isascii() and digits.isdigit()) or (point and not part):
        raise ValueError(f"'{text}' is no amount")
    return int(int(digits) * units[unit] // 10 ** len(part))
