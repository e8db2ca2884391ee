"""What a version costs, level by level: its major, minor, patch, and the rest.

Prices are ranks among what there is, so they say which of two versions is better at a level, and no
more: they are compared, never added to those of other packages.
"""

from __future__ import annotations

from collections.abc import Sequence

from graft.versions.version import Key

LEVELS = 4  # major, minor, patch; and prerelease and wrap together

Price = tuple[int, ...]


def ages(keys: Sequence[Key], after: Key | None = None) -> list[Price]:
    """At each level, how many newer ones there are beside it. ``keys`` are sorted. ``after`` is a
    version newer than all of them, which counts where it is one more."""
    newest_first = ([] if after is None else [after]) + list(reversed(keys))
    ranks = _ranks(newest_first)
    ranks.reverse()
    return ranks if after is None else ranks[:-1]


def newness(
    keys: Sequence[Key], before: Key | None = None, *, patched: bool = False
) -> list[Price]:
    """At each level, how many older ones there are beside it; ``patched`` counts newer ones from
    the patch on. ``before`` is a version older than all of them, as in ``ages``."""
    ranks = _ranks(keys) if before is None else _ranks([before, *keys])[1:]
    if not patched:
        return ranks
    return [
        (major, minor, patch, rest)
        for (major, minor, _, _), (_, _, patch, rest) in zip(ranks, ages(keys), strict=True)
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


def _ranks(keys: Sequence[Key]) -> list[Price]:
    """At each level, how many different ones come before it among those that are the same up to
    that level. ``keys`` are sorted, either way."""
    ranks: list[Price] = []
    major = minor = patch = 0
    rest = -1
    numbers = keys[0][:3] if keys else ()
    for key in keys:
        last, numbers = numbers, key[:3]
        if numbers == last:
            rest += 1
        else:
            rest = 0
            if numbers[0] != last[0]:
                major, minor, patch = major + 1, 0, 0
            elif numbers[1] != last[1]:
                minor, patch = minor + 1, 0
            else:
                patch += 1
        ranks.append((major, minor, patch, rest))
    return ranks
