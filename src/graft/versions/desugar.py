"""What one word of a range says, in plain comparators: ^1.2.3 is >=1.2.3 <2.0.0-0."""

from __future__ import annotations

import re
from functools import cache

from graft.versions.comparators import ComparatorSet
from graft.versions.intervals import FIRST, first_prerelease, following
from graft.versions.partial import PARTIAL, Partial, X
from graft.versions.version import Key

# What a word can be: nothing that can be read, a star (which admits everything), a comparator.
UNREAD, STAR, COMPARATOR = range(3)

_MAJOR, _MINOR, _PATCH = range(3)


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(f"(\\^|~>?|[<>]?=?){PARTIAL}")


def add_word(word: str, found: ComparatorSet) -> int:
    """Add what ``word`` says to ``found``; return of which kind it is."""
    if not word:
        return STAR
    match = _pattern().fullmatch(word)
    if match:
        operator, *parts = match.groups()
        version = Partial(*parts)
        if operator == "^":
            return _add_span(version, found, _caret_part(version))
        if operator in ("~", "~>"):
            return _add_span(version, found, _MAJOR if version.known == 1 else _MINOR)
        if version.known == 3:
            return _add_full(word, operator, version, found)
        # What follows an x must be x too: 1.x.3 is no range, though ^1.x.3 is one.
        if X.issuperset((version.major, version.minor, version.patch)[version.known :]):
            return _add_partial(operator, version, found)
    return _add_despite_star(word, found) if "*" in word else UNREAD


def add_exactly(key: Key, found: ComparatorSet) -> None:
    """Add ``=``."""
    found.at_least(key)
    found.below(following(key))
    found.name(key)


def _add_full(word: str, operator: str, version: Partial, found: ComparatorSet) -> int:
    key = version.key()
    found.name(key)
    if operator == ">=":
        found.at_least(key, plain=word == ">=0.0.0")
    elif operator == ">":
        found.at_least(following(key))
    elif operator == "<=":
        found.below(following(key))
    elif operator == "<":
        found.below(key)
    else:
        add_exactly(key, found)
    return COMPARATOR


def _add_partial(operator: str, version: Partial, found: ComparatorSet) -> int:
    """An x-range, or an operator before one: >1 is >=2.0.0, and <=1.2 is <1.3.0-0."""
    last = version.known - 1
    if operator in ("", "="):
        return _add_span(version, found, last)
    if version.known == 0:
        if operator in (">=", "<="):
            return STAR
        found.below(FIRST)
    elif operator == ">":
        found.at_least(version.next_key(last), partial=True)
    elif operator == ">=":
        found.at_least(version.key(), partial=True)
    elif operator == "<=":
        found.below(first_prerelease(version.next_key(last)))
    else:
        found.below(first_prerelease(version.key()))
    return COMPARATOR


def _add_span(version: Partial, found: ComparatorSet, part: int) -> int:
    """From ``version`` to where ``part`` is counted up."""
    if version.known == 0:
        return STAR
    key = version.key()
    found.name(key)
    found.at_least(key, partial=version.known < 3)
    found.below(first_prerelease(version.next_key(part)))
    return COMPARATOR


def _caret_part(version: Partial) -> int:
    """The leftmost number that is not 0, or the last that is known. 00 does not count as 0."""
    if version.known < 2 or version.major != "0":
        return _MAJOR
    return _MINOR if version.known == 2 or version.minor != "0" else _PATCH


def _add_despite_star(word: str, found: ComparatorSet) -> int:
    """node-semver deletes a star from what it cannot read otherwise, so that 1.2.3* is 1.2.3."""
    word = re.sub(r"[<>]?=?\*", "", word, count=1)
    match = _pattern().fullmatch(word)
    if match:
        operator, *parts = match.groups()
        version = Partial(*parts)
        if version.known == 3 and operator not in ("^", "~", "~>"):
            return _add_full(word, operator, version, found)
    return UNREAD
