"""A comparator set while it is read: what all of its comparators admit together."""

from __future__ import annotations

from collections.abc import Iterator

from graft.versions.intervals import FIRST, IntervalSet, first_prerelease, following, release
from graft.versions.version import RELEASE, Key

_ZERO: Key = (0, 0, 0, RELEASE)


class ComparatorSet:
    """The intersection of the comparators that were added; at first, everything.

    ``limited`` says that some comparator does not admit everything. npm does not count
    ``>=0.0.0`` as one that limits, if it is spelled in just this way.
    """

    __slots__ = ("_high", "_low", "_low_of_every", "_named", "limited")

    def __init__(self) -> None:
        self.limited = False
        self._low: Key = FIRST
        self._low_of_every: Key = FIRST
        self._high: Key | None = None
        self._named: set[Key] = set()

    def at_least(self, key: Key, *, plain: bool = True) -> None:
        self._raise(key, key)
        self._name(key)
        if key != _ZERO or not plain:
            self.limited = True

    def at_least_partial(self, key: Key) -> None:
        """``>=`` what a text like ``1.2`` begins with.

        That is 1.2.0, or where prereleases are as good as releases, 1.2.0-0.
        """
        self._raise(key, first_prerelease(key))
        if key != _ZERO:
            self.limited = True

    def above(self, key: Key) -> None:
        self._raise(following(key), following(key))
        self._name(key)
        self.limited = True

    def below(self, key: Key) -> None:
        if self._high is None or key < self._high:
            self._high = key
        self._name(key)
        self.limited = True

    def at_most(self, key: Key) -> None:
        self.below(following(key))
        self._name(key)

    def exactly(self, key: Key) -> None:
        self.at_least(key)
        self.at_most(key)

    def every(self) -> IntervalSet:
        """What is admitted if prereleases are as good as releases."""
        return IntervalSet.between(self._low_of_every, self._high)

    def prereleases(self) -> Iterator[IntervalSet]:
        """The prereleases that are admitted: none but those of a version that is named with one."""
        for end in self._named:
            low = max(self._low, first_prerelease(end))
            yield IntervalSet.between(low, end if self._high is None else min(self._high, end))

    def _raise(self, low: Key, low_of_every: Key) -> None:
        self._low = max(self._low, low)
        self._low_of_every = max(self._low_of_every, low_of_every)

    def _name(self, key: Key) -> None:
        if key[3] != RELEASE:
            self._named.add(release(key))
