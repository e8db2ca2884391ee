"""What somebody may have meant. Loaded only once something is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(typed: str, known: Iterable[str]) -> str:
    """The one of those that are known that is nearest; empty if none is near."""
    return next(iter(difflib.get_close_matches(typed, sorted(known), n=1)), "")


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """The same as a question; empty if nothing is near."""
    near = nearest(typed, known)
    return f"did you mean '{near}'?" if near else ""
