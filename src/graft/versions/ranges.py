"""Ranges and their algebra.

npm's rule is that a range admits a prerelease only if one of its comparators names a prerelease of
the same major.minor.patch. So a range is exactly two interval sets: one that is asked about
releases, one about prereleases, into which the parser has written the rule. Every operation of the
algebra is then that operation on both sets, and exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from graft.versions.intervals import (
    EMPTY,
    EVERYTHING,
    IntervalSet,
    prerelease_from,
    release,
)
from graft.versions.version import Key, Version


class Range:
    """An immutable set of versions.

    ``every`` decides about releases. It is also what the range admits if prereleases are as good as
    releases (npm's ``includePrerelease``), which npm reads from the text with bounds of its own:
    then ``1.x`` begins at ``1.0.0-0``. ``prereleases`` decides about prereleases. ``text`` is what
    was written, if anything was; str() falls back on a text made from the sets.

    Ranges that admit the same versions are equal, whatever their texts.
    """

    __slots__ = ("_every", "_prereleases", "every", "prereleases", "text")

    def __init__(self, every: IntervalSet, prereleases: IntervalSet, text: str = "") -> None:
        self.every = every
        self.prereleases = prereleases
        self.text = text
        self._every = every.bounds
        self._prereleases = prereleases.bounds

    def contains(self, version: Version) -> bool:
        return self.admits(version.key)

    __contains__ = contains

    def admits(self, key: Key) -> bool:
        """The same, for the version's key."""
        # A key is inside if membership has changed an odd number of times below it. Only the key
        # of a prerelease has more than four elements.
        return bisect_right(self._prereleases if len(key) > 4 else self._every, key) & 1 == 1

    @property
    def has_prereleases(self) -> bool:
        """Whether it admits any at all."""
        return bool(self._prereleases)

    def select(self, versions: Iterable[Version]) -> list[Version]:
        """Those that the range admits, in the order given."""
        every, prereleases, below = self._every, self._prereleases, bisect_right
        return [
            version
            for version in versions
            if below(prereleases if len(key := version.key) > 4 else every, key) & 1
        ]

    def newest(self, versions: Iterable[Version]) -> Version | None:
        """The one of highest precedence that the range admits; None if it admits none."""
        return max(self.select(versions), default=None)

    def union(self, other: Range) -> Range:
        return Range(
            self.every.union(other.every),
            self.prereleases.union(other.prereleases),
        )

    def intersection(self, other: Range) -> Range:
        return Range(
            self.every.intersection(other.every),
            self.prereleases.intersection(other.prereleases),
        )

    def complement(self) -> Range:
        return Range(self.every.complement(), self.prereleases.complement())

    def difference(self, other: Range) -> Range:
        return self.intersection(other.complement())

    def include_prereleases(self) -> Range:
        """The range as npm reads it with ``includePrerelease``."""
        return Range(self.every, self.every)

    @property
    def is_empty(self) -> bool:
        return not any(self._canonical())

    def is_subset(self, other: Range) -> bool:
        return self.difference(other).is_empty

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def __str__(self) -> str:
        from graft.versions.text import range_text

        return self.text or range_text(self.every.rounded(release), self.prereleases)

    def __repr__(self) -> str:
        return f"Range({self})"

    def _canonical(self) -> tuple[IntervalSet, IntervalSet]:
        """The two sets, each without what the other decides."""
        return self.every.rounded(release), self.prereleases.rounded(prerelease_from)


ANY = Range(EVERYTHING, EVERYTHING)  # prereleases too, which npm has no text for
NOTHING = Range(EMPTY, EMPTY, "<0.0.0-0")
