"""A comparator set while it is read: what all of its comparators admit together."""

from __future__ import annotations

from collections.abc import Iterator

from graft.versions.intervals import FIRST, IntervalSet, first_prerelease, release
from graft.versions.version import RELEASE, Key

_ZERO: Key = (0, 0, 0, RELEASE)


class ComparatorSet:
    """The intersection of the comparators that were added; at first, everything.

    ``limited`` says that some comparator does not admit everything. ``>=0.0.0`` does, says npm, if
    it is ``plain``, which is spelled in just this way; then even 0.0.0-beta is not below it.
    """

    __slots__ = ("_high", "_low", "_low_of_every", "_named", "limited")

    def __init__(self) -> None:
        self.limited = False
        self._low: Key = FIRST
        self._low_of_every: Key = FIRST
        self._high: Key | None = None
        self._named: set[Key] = set()

    def at_least(self, key: Key, *, partial: bool = False, plain: bool = True) -> None:
        """Admit from ``key`` on.

        ``partial``: the text had no more than 1.2 for 1.2.0. That begins at 1.2.0-0 where
        prereleases are as good as releases.
        """
        low_of_every = first_prerelease(key) if partial else key
        if low_of_every > self._low_of_every:
            self._low_of_every = low_of_every
        if key == _ZERO and plain:
            return
        self.limited = True
        if key > self._low:
            self._low = key

    def below(self, key: Key) -> None:
        if self._high is None or key < self._high:
            self._high = key
        self.limited = True

    def name(self, key: Key) -> None:
        """Admit prereleases of this version too, if it is a prerelease itself."""
        if key[3] < RELEASE:
            self._named.add(release(key))

    def every(self) -> IntervalSet:
        """What is admitted where prereleases are as good as releases."""
        return IntervalSet.between(self._low_of_every, self._high)

    def prereleases(self) -> Iterator[IntervalSet]:
        """The prereleases that are admitted, a set for each version that was named."""
        for end in self._named:
            low = max(self._low, first_prerelease(end))
            yield IntervalSet.between(low, end if self._high is None else min(self._high, end))
