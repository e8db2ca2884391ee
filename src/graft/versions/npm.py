"""npm's grammar of ranges, read as node-semver reads it with ``{loose: true}``, as npm does.

In that mode a word that is no comparator is passed over as long as something else in the range can
be read: ``latest`` is not a range, ``latest || 1.2.3`` is one.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from graft.versions.comparators import ComparatorSet
from graft.versions.grammar import (
    LOOSE_PRERELEASE,
    MAX_LENGTH,
    WHITESPACE,
    checked,
    read_prerelease,
)
from graft.versions.intervals import EMPTY, FIRST, first_prerelease
from graft.versions.ranges import Range
from graft.versions.version import Key, Version

if TYPE_CHECKING:
    import re

# What a word of a range can be: nothing that can be read, a star (which admits everything), or a
# comparator.
_UNREAD, _STAR, _COMPARATOR = range(3)

_X = frozenset((None, "x", "X", "*"))
_MAJOR, _MINOR, _PATCH = range(3)


class _Patterns(NamedTuple):
    comparator: re.Pattern[str]  # groups: operator, and those of a partial version
    hyphen: re.Pattern[str]  # groups: those of a partial version, twice
    build: re.Pattern[str]
    whitespace: re.Pattern[str]
    operator_space: re.Pattern[str]
    tilde_space: re.Pattern[str]
    caret_space: re.Pattern[str]
    star: re.Pattern[str]


@lru_cache(maxsize=1 << 16)
def parse_range(text: str) -> Range:
    """Read a range; raise ValueError if ``text`` is none. Dist-tags and URLs are none."""
    line = text
    if not (text.isascii() and text.isprintable()):
        line = _patterns().whitespace.sub(" ", text)
    sets = [found for part in line.split("||") if (found := _comparator_set(part.strip(" ")))]
    if not sets:
        raise ValueError(f"'{text}' is not a range of versions")
    every = EMPTY
    prereleases = EMPTY
    for found in sets:
        every = every.union(found.every())
        for named in found.prereleases():
            prereleases = prereleases.union(named)
    if not all(found.limited for found in sets):
        # Beside an alternative that admits everything, node-semver forgets the others, and with
        # them the prereleases that they name.
        prereleases = EMPTY
    return Range(every, prereleases, text.strip(WHITESPACE) or "*")


def _comparator_set(text: str) -> ComparatorSet | None:
    """Read what stands between two ``||``; None if nothing in it can be read."""
    found = ComparatorSet()
    if "+" in text:
        text = _patterns().build.sub("", text)
    if " " in text:
        hyphen = _patterns().hyphen.fullmatch(text)
        if hyphen:
            _add_lower_end(_Partial(*hyphen.groups()[:5]), found)
            _add_upper_end(_Partial(*hyphen.groups()[5:]), found)
            return found
        text = _patterns().operator_space.sub(r"\1\2", text)
        text = _patterns().tilde_space.sub("~", text)
        text = _patterns().caret_space.sub("^", text)
    kinds = [_add_comparator(word, found) for word in text.split(" ")]
    # node-semver puts the words together again and splits them anew. That loses a star, unless it
    # stands at an end.
    return found if _COMPARATOR in kinds or _STAR in (kinds[0], kinds[-1]) else None


class _Partial(NamedTuple):
    """A version of which parts may be missing or x, as text. ``prefix``: any of ``v``, ``=``, " "."""

    prefix: str
    major: str
    minor: str | None
    patch: str | None
    prerelease: str | None

    @property
    def is_full(self) -> bool:
        return not (self.major in _X or self.minor in _X or self.patch in _X)

    def key(self) -> Key:
        """The key of the version, with 0 for what is missing."""
        if self.prerelease and len("".join(map(str, self))) + 3 > MAX_LENGTH:
            raise ValueError(f"a version has at most {MAX_LENGTH} characters")
        numbers = [0 if part in _X else checked(int(part or 0)) for part in self[1:4]]
        return Version(*numbers, read_prerelease(self.prerelease) if self.is_full else ()).key

    def next_key(self, part: int) -> Key:
        """The key of the version that follows when ``part`` is counted up."""
        numbers = [checked(int(number or 0)) for number in self[1 : part + 2]]
        numbers[part] = checked(numbers[part] + 1)
        return Version(*numbers, *(0,) * (2 - part)).key
