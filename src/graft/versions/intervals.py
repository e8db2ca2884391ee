"""Sets of versions as intervals between keys.

A set is the sorted tuple of the keys at which membership changes; what lies below the first is
outside. So ``()`` is the empty set, ``(a, b)`` is ``a <= key < b``, and a tuple of odd length has
no upper end. Every bound is the key of a version that can exist, and every version has a next one,
so two different tuples are two different sets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from graft.versions.version import RELEASE, Key

FIRST: Key = (0, 0, 0, 0, 0)  # 0.0.0-0: no version comes before it


class IntervalSet:
    """An immutable set of version keys; see the module for what ``bounds`` says."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: tuple[Key, ...] = ()) -> None:
        self.bounds = bounds

    @classmethod
    def between(cls, low: Key, high: Key | None) -> IntervalSet:
        """``low <= key < high``, or without an upper end if ``high`` is None."""
        if high is None:
            return cls((low,))
        return cls((low, high)) if low < high else EMPTY

    def contains(self, key: Key) -> bool:
        return bisect_right(self.bounds, key) & 1 == 1

    def complement(self) -> IntervalSet:
        bounds = self.bounds
        return IntervalSet(bounds[1:] if bounds[:1] == (FIRST,) else (FIRST, *bounds))

    def union(self, other: IntervalSet) -> IntervalSet:
        return self._combine(other, bool.__or__)

    def intersection(self, other: IntervalSet) -> IntervalSet:
        return self._combine(other, bool.__and__)

    def intervals(self) -> Iterator[tuple[Key, Key | None]]:
        """(low, high) pairs in order; the last ``high`` is None if there is no upper end."""
        for at in range(0, len(self.bounds), 2):
            yield self.bounds[at], self.bounds[at + 1] if at + 1 < len(self.bounds) else None

    def rounded(self, up: Callable[[Key], Key]) -> IntervalSet:
        """The same set seen by those versions alone to which ``up`` moves a bound.

        Two sets that differ only in other versions become equal.
        """
        bounds: list[Key] = []
        for bound in map(up, self.bounds):
            # Membership that changes twice at one place does not change.
            if bounds and bounds[-1] == bound:
                bounds.pop()
            else:
                bounds.append(bound)
        return IntervalSet(tuple(bounds))

    def _combine(self, other: IntervalSet, keep: Callable[[bool, bool], bool]) -> IntervalSet:
        bounds: list[Key] = []
        inside = False
        for bound in sorted({*self.bounds, *other.bounds}):
            if keep(self.contains(bound), other.contains(bound)) != inside:
                bounds.append(bound)
                inside = not inside
        return IntervalSet(tuple(bounds))

    def __bool__(self) -> bool:
        return bool(self.bounds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and self.bounds == other.bounds

    def __hash__(self) -> int:
        return hash(self.bounds)

    def __repr__(self) -> str:
        return f"IntervalSet({self.bounds})"


EMPTY = IntervalSet()
EVERYTHING = IntervalSet((FIRST,))


def union_of(sets: Sequence[IntervalSet]) -> IntervalSet:
    return reduce(IntervalSet.union, sets) if sets else EMPTY


def following(key: Key) -> Key:
    """The next version where there are no wraps, as with npm: 1.2.3 -> 1.2.4-0, and 1.2.3-beta ->
    1.2.3-beta.0. See ``version.after`` for where there are."""
    major, minor, patch, first = key[:4]
    return (major, minor, patch + 1, 0, 0) if first >= RELEASE else (*key, 0, 0)


def first_prerelease(key: Key) -> Key:
    """1.2.3 and each of its prereleases -> 1.2.3-0."""
    return (*key[:3], 0, 0)


def release(key: Key) -> Key:
    """Round a bound up to a release: each prerelease of 1.2.3 -> 1.2.3; 1.2.3 and 1.2.3_1 stay."""
    return key if key[3] >= RELEASE else (*key[:3], RELEASE)


def prerelease_from(key: Key) -> Key:
    """Round a bound up to a prerelease: 1.2.3 and 1.2.3_1 -> 1.2.4-0, and 1.2.3-beta stays."""
    return following(key) if key[3] >= RELEASE else key
