"""Versions of index packages: ``major.minor.patch[-prerelease][_wrap][+build]``.

ASCII, to the letter, with nothing around it. Every number is exact, however large it is; the first
three stop where npm's do. See docs/concepts/versions.md.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from graft.versions.grammar import MAX_LENGTH, MAX_NUMBER
from graft.versions.mistakes import MalformedError
from graft.versions.version import Version

_NUMBER = "(?:0|[1-9][0-9]*)"
_PART = f"(?:[0-9]*[a-zA-Z-][0-9a-zA-Z-]*|{_NUMBER})"
_BUILD = "[0-9a-zA-Z-]+"


@cache
def _pattern() -> re.Pattern[str]:
    """Groups: major, minor, patch, prerelease, wrap, build."""
    return re.compile(
        f"({_NUMBER})\\.({_NUMBER})\\.({_NUMBER})(?:-({_PART}(?:\\.{_PART})*))?"
        f"(?:_([1-9][0-9]*))?(?:\\+({_BUILD}(?:\\.{_BUILD})*))?"
    )


@lru_cache(maxsize=1 << 16)
def parse_index_version(text: str) -> Version:
    """Read a version; raise ``MalformedError`` if ``text`` is none."""
    return version_in(text, 0, len(text))


def version_in(text: str, start: int, end: int) -> Version:
    """The version that stands between ``start`` and ``end`` in ``text``."""
    match = _pattern().fullmatch(text, start, end) if end - start <= MAX_LENGTH else None
    if match is not None:
        major, minor, patch, prerelease, wrap, build = match.groups()
        numbers = int(major), int(minor), int(patch)
        if max(numbers) <= MAX_NUMBER:
            return Version(
                *numbers,
                _identifiers(prerelease) if prerelease else (),
                tuple(build.split(".")) if build else (),
                int(wrap or 0),
            )
    from graft.versions.index_mistakes import version_mistake

    raise MalformedError([version_mistake(text, start, end)])


def _identifiers(prerelease: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in prerelease.split("."))
