"""The Range header, as far as hosts use it."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end, without that one. All of it where nothing is asked, or what has more than one
    range or makes no sense, as RFC 9110 section 14.2 allows; None where there are no such bytes."""
    matched = _ONE.fullmatch(header.strip()) if header else None
    if matched is None or matched[0] == "bytes=-":
        return 0, size
    first, last = matched[1], matched[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return 0, size
    return (start, end) if start < end else None
