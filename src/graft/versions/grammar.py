"""The text of one version: patterns, limits, whitespace, all as node-semver has them.

Compiling the patterns takes longer than reading a hundred versions, so each is compiled when it is
first needed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from graft.versions.version import Version

if TYPE_CHECKING:
    import re

MAX_LENGTH = 256
MAX_NUMBER = 2**53 - 1  # the last integer that a double tells from its neighbours

# What JavaScript trims and matches as \s; Python's own idea of whitespace is a different one.
WHITESPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)

# The counts are those of node-semver, which bounds every repetition: a longer text is not refused
# for its length but is no match.
_WORD = "[0-9]{0,256}[a-zA-Z-][a-zA-Z0-9-]{0,250}"
_LOOSE_PART = f"(?:{_WORD}|[0-9]{{1,256}})"
LOOSE_PRERELEASE = f"-?({_LOOSE_PART}(?:\\.{_LOOSE_PART})*)"

_STRICT_NUMBER = "0|[1-9][0-9]{0,256}"
_STRICT_PART = f"(?:{_WORD}|{_STRICT_NUMBER})"
_STRICT_PRERELEASE = f"-({_STRICT_PART}(?:\\.{_STRICT_PART})*)"

_BUILD = "\\+([a-zA-Z0-9-]{1,250}(?:\\.[a-zA-Z0-9-]{1,250})*)"


@cache
def version_pattern(*, loose: bool) -> re.Pattern[str]:
    """Groups: major, minor, patch, prerelease, build."""
    import re

    number = "([0-9]{1,256})" if loose else f"({_STRICT_NUMBER})"
    before = f"[v={WHITESPACE}]*" if loose else "v?"
    prerelease = LOOSE_PRERELEASE if loose else _STRICT_PRERELEASE
    return re.compile(f"{before}{number}\\.{number}\\.{number}(?:{prerelease})?(?:{_BUILD})?")


def read_version(text: str, *, loose: bool) -> Version:
    """Read a version of any form; raise ValueError if ``text`` is none."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a version has at most {MAX_LENGTH} characters: '{text[:40]}…'")
    match = version_pattern(loose=loose).fullmatch(text.strip(WHITESPACE))
    if match is None:
        raise ValueError(f"'{text}' is not a version")
    major, minor, patch, prerelease, build = match.groups()
    return Version(
        checked(int(major)),
        checked(int(minor)),
        checked(int(patch)),
        read_prerelease(prerelease),
        tuple(build.split(".")) if build else (),
    )


def read_prerelease(text: str | None) -> tuple[int | str, ...]:
    """``beta.2`` -> (``beta``, 2). A number too large to be exact stays text."""
    if not text:
        return ()
    return tuple(
        int(part) if part.isdigit() and int(part) < MAX_NUMBER else part for part in text.split(".")
    )


def checked(number: int) -> int:
    """Return ``number`` if a version may hold it; raise ValueError if not."""
    if number > MAX_NUMBER:
        raise ValueError(f"a number in a version is at most {MAX_NUMBER}, not {number}")
    return number
