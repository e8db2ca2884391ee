"""Constraints on index packages.

``1.2.3`` is that version and what comes after it up to 2.0.0, ``~1.2.3`` up to 1.3.0, ``=1.2.3``
just that one; ``||`` stands between alternatives, and ``!`` behind them all makes a root's
constraint an override. Nothing at all asks for any version. See docs/concepts/versions.md.
"""

from __future__ import annotations

import re
from functools import lru_cache

from graft.versions.constraint import Constraint, from_key
from graft.versions.index_version import read_version
from graft.versions.intervals import EMPTY, IntervalSet
from graft.versions.mistakes import MalformedError, Mistake
from graft.versions.ranges import ANY, Range
from graft.versions.version import RELEASE, Version, after

_BETWEEN = re.compile(r" *\|\| *")


@lru_cache(maxsize=1 << 16)
def parse_constraint(text: str) -> Constraint:
    """Read a constraint; raise ``MalformedError`` if ``text`` is none."""
    return read_constraint(text, 0)


def read_constraint(text: str, start: int) -> Constraint:
    """Read the constraint that ``text`` holds from ``start`` to its end."""
    if start == len(text):
        return Constraint(text="", range=ANY, at_least=ANY)
    override = text.endswith("!")
    end = len(text) - override
    range: Range | None = None
    asked: list[tuple[str, Version]] = []
    mistakes: list[Mistake] = []
    for low, high in _alternatives(text, start, end):
        marker = text[low] if text[low : low + 1] in ("=", "~") else ""
        try:
            version = read_version(text, low + len(marker), high)
        except MalformedError as error:
            mistakes += error.mistakes
            continue
        asked.append((marker, version))
        admitted = _range(marker, version)
        range = admitted if range is None else range.union(admitted)
    if mistakes or range is None:
        raise MalformedError(mistakes)
    versions = [version for _, version in asked]
    return Constraint(
        text=text[start:],
        range=Range(range.every, range.prereleases, text[start:end]),
        at_least=from_key(min(versions).key),
        override=override,
        exact=versions[0] if [marker for marker, _ in asked] == ["="] else None,
        named=tuple(dict.fromkeys(version for version in versions if version.prerelease)),
    )


def _alternatives(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """From where to where each alternative goes."""
    found: list[tuple[int, int]] = []
    for between in _BETWEEN.finditer(text, start, end):
        found.append((start, between.start()))
        start = between.end()
    return [*found, (start, end)]


def _range(marker: str, version: Version) -> Range:
    key = version.key
    if marker == "=":
        just = IntervalSet((key, after(key)))
        return Range(just, just if version.prerelease else EMPTY)
    if marker == "~":
        every = IntervalSet((key, (version.major, version.minor + 1, 0, 0, 0)))
        # Its prereleases are those of the version that it names, if that is one itself.
        own = IntervalSet((key, (*key[:3], RELEASE))) if version.prerelease else EMPTY
        return Range(every, own)
    every = IntervalSet((key, (version.major + 1, 0, 0, 0, 0)))
    return Range(every, every)
