"""Constraints on index packages.

``1.2.3`` is that version and what comes after it up to 2.0.0, ``~1.2.3`` up to 1.3.0, ``=1.2.3``
just that one; ``||`` stands between alternatives, and ``!`` behind them all makes a root's
constraint an override. Nothing at all asks for any version. See docs/concepts/versions.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce

from graft.versions.constraint import Constraint, from_key
from graft.versions.index_version import version_in
from graft.versions.intervals import EMPTY, IntervalSet
from graft.versions.mistakes import BAD_CONSTRAINT, MalformedError, Mistake, character
from graft.versions.npm import MAX_LENGTH
from graft.versions.ranges import ANY, Range
from graft.versions.version import RELEASE, Version, after

_MARKERS = ("=", "~")
_BEGINNINGS = frozenset("=~0123456789")
_BEGINNING = "1.2.3 (or later, same major), ~1.2.3 (or later, same minor), =1.2.3 (just that)"
# What a version has no place for, but a constraint has one elsewhere.
_ELSEWHERE = {
    " ": ("a space", "spaces only on both sides of '||'"),
    "|": ("'|' alone", "'||' between two alternatives"),
    "!": ("'!' before the end", "one '!', at the end of all"),
}

UNCONSTRAINED = Constraint(text="", range=ANY, at_least=ANY)


@lru_cache(maxsize=1 << 16)
def parse_constraint(text: str) -> Constraint:
    """Read a constraint; raise ``MalformedError`` if ``text`` is none."""
    return constraint_in(text, 0) if text else UNCONSTRAINED


def constraint_in(text: str, start: int) -> Constraint:
    """The constraint that ``text`` holds from ``start`` to its end, where there must be one."""
    if len(text) - start > MAX_LENGTH:
        message = f"a constraint of {len(text) - start} characters"
        raise MalformedError([_mistake(text, start + MAX_LENGTH, message, f"at most {MAX_LENGTH}")])
    override = text.endswith("!")
    end = len(text) - override
    asked: list[tuple[str, Version]] = []
    mistakes: list[Mistake] = []
    for low, high in _alternatives(text, start, end):
        marker = text[low:high][:1]
        try:
            if marker not in _BEGINNINGS:
                raise MalformedError([_beginning(text, low, high)])
            marker = marker if marker in _MARKERS else ""
            asked.append((marker, version_in(text, low + len(marker), high)))
        except MalformedError as error:
            mistakes += [_of_constraint(mistake, high) for mistake in error.mistakes]
    if mistakes:
        raise MalformedError(mistakes)
    admitted = reduce(Range.union, [_range(*alternative) for alternative in asked])
    versions = [version for _, version in asked]
    return Constraint(
        text=text[start:],
        range=Range(admitted.every, admitted.prereleases, text[start:end]),
        at_least=from_key(min(versions).key),
        override=override,
        exact=versions[0] if len(asked) == 1 and asked[0][0] == "=" else None,
        named=tuple(dict.fromkeys(version for version in versions if version.prerelease)),
    )


def _alternatives(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """From where to where each goes, without the spaces beside ``||``."""
    parts = text[start:end].split("||")
    for number, part in enumerate(parts):
        low, high = start, start + len(part)
        if number > 0:
            low = high - len(part.lstrip(" "))
        if number < len(parts) - 1:
            high = max(low, start + len(part.rstrip(" ")))
        yield low, high
        start += len(part) + len("||")


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


def _beginning(text: str, low: int, high: int) -> Mistake:
    if low == high:
        return _mistake(text, low, "a version is missing", _BEGINNING)
    return _mistake(text, low, f"{character(text, low, high)} begins no constraint", _BEGINNING)


def _of_constraint(mistake: Mistake, end: int) -> Mistake:
    """What a version's reader found, in a constraint's words where it has some."""
    text, at = mistake.text, mistake.at
    said = _ELSEWHERE.get(text[at]) if at < end else None
    return _mistake(text, at, *said) if said else mistake


def _mistake(text: str, at: int, message: str, allowed: str) -> Mistake:
    return Mistake(code=BAD_CONSTRAINT, text=text, at=at, message=message, allowed=allowed)
