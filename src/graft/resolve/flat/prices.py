"""What a version costs, level by level: its major, minor, patch, and the rest.

Prices are ranks among what there is, so they say which of two versions is better at a level, and no
more: they are compared, never added to those of other packages.
"""

from __future__ import annotations

from collections.abc import Sequence

from graft.versions.version import Key

LEVELS = 4  # major, minor, patch; and prerelease and wrap together
REST = LEVELS - 1

Price = tuple[int, ...]


def ages(keys: Sequence[Key], after: Key | None = None) -> list[Price]:
    """At each level, how many newer ones there are beside it. ``keys`` are sorted. ``after`` is a
    version newer than all of them, which counts as one more where it is one more."""
    places = _places(keys)
    return [
        tuple(
            place[level][1] - 1 - place[level][0] + _is_beyond(key, after, level, keys[-1])
            for level in range(LEVELS)
        )
        for key, place in zip(keys, places, strict=True)
    ]


def newness(
    keys: Sequence[Key], before: Key | None = None, *, patched: bool = False
) -> list[Price]:
    """At each level, how many older ones there are beside it; ``patched`` counts newer ones from
    the patch on. ``before`` is a version older than all of them, as in ``ages``."""
    places = _places(keys)
    return [
        tuple(
            place[level][1] - 1 - place[level][0]
            if patched and level >= 2
            else place[level][0] + _is_beyond(key, before, level, keys[0])
            for level in range(LEVELS)
        )
        for key, place in zip(keys, places, strict=True)
    ]


def distances(keys: Sequence[Key], previous: Key, *, patched: bool) -> list[Price]:
    """How far each is from a version that was chosen before: first whether it is incompatible,
    older or of another major, and then the four levels. Of compatible ones the nearest is best,
    with ``patched`` the newest patch of the nearest minor."""
    older = [key for key in keys if key < previous]
    major = previous[0]
    same = [key for key in keys if key >= previous and key[0] == major]
    later = [key for key in keys if key >= previous and key[0] != major]
    return [
        *((1, *price) for price in ages(older, previous)),
        *((0, *price) for price in newness(same, patched=patched)),
        *((1, *price) for price in newness(later, previous, patched=True)),
    ]


def _places(keys: Sequence[Key]) -> list[list[tuple[int, int]]]:
    """For each key and level: its rank among the distinct values beside it, oldest first, and how
    many those are."""
    ranks: list[list[int]] = []
    counts: dict[tuple[int, Key], int] = {}
    for at, key in enumerate(keys):
        row = []
        for level in range(LEVELS):
            beside = level, key[:level]
            upto = key if level == REST else key[: level + 1]
            known = counts.get(beside, 0)
            is_new = at == 0 or level == REST or keys[at - 1][: level + 1] != upto
            if is_new:
                counts[beside] = known = known + 1
            row.append(known - 1)
        ranks.append(row)
    return [
        [(row[level], counts[level, key[:level]]) for level in range(LEVELS)]
        for key, row in zip(keys, ranks, strict=True)
    ]


def _is_beyond(key: Key, other: Key | None, level: int, nearest: Key) -> int:
    """Whether ``other`` is one more value at ``level`` beside ``key``."""
    if other is None or key[:level] != other[:level]:
        return 0
    return int(level == REST or nearest[: level + 1] != other[: level + 1])
