"""The text of a range that nobody wrote, made from its two sets.

What unions, intersections and differences make of npm's ranges can be written in npm's grammar
again, and reading the text gives an equal range. A set with all the prereleases between two
versions, which complements and ``include_prereleases`` make, cannot: that part is written as
``prereleases(...)``, for people. Nor can a bound that is a wrap, which only index packages have:
one version without its wraps is written ``=1.2.3``, as their constraints write it.
"""

from __future__ import annotations

from graft.versions.intervals import FIRST, IntervalSet, following, release
from graft.versions.version import RELEASE, Key, after, version_of

_ZERO = release(FIRST)


def range_text(releases: IntervalSet, prereleases: IntervalSet) -> str:
    """``releases`` has releases as its bounds; each interval becomes an alternative."""
    spans = list(releases.intervals())
    leading: dict[Key, Key] = {}  # prereleases up to the release itself: end -> low
    texts: list[str] = []
    unwritable: list[str] = []
    for low, high in prereleases.intervals():
        if high is None or low[3] >= RELEASE or high > release(low):
            unwritable.append(f"prereleases({_span_text(low, high)})")
        elif high == release(low):
            leading[high] = low
        else:
            texts.append(_span_text(low, high))
    if spans == [(_ZERO, None)] and (leading or texts):
        # npm forgets what stands beside a star, so the star is cut into two alternatives.
        cut = min(leading, default=(1, 0, 0, RELEASE))
        spans = [(_ZERO, cut), (cut, None)] if cut > _ZERO else spans
    texts = [_span_text(leading.pop(low, low), high) for low, high in spans] + texts
    texts += [_span_text(low, high) for high, low in leading.items()]
    return " || ".join(texts + unwritable) or "<0.0.0-0"


def _span_text(low: Key, high: Key | None) -> str:
    if high is None:
        return "*" if low == _ZERO else f">={version_of(low)}"
    if high == after(low):
        return f"={version_of(low)}"
    if high == following(low) or (low[3] == RELEASE and high == release(following(low))):
        return str(version_of(low))
    # What follows 1.2.3-beta is 1.2.3-beta.0, and below that is up to 1.2.3-beta.
    ends_with_zero = len(high) > len(FIRST) + 1 and high[-2:] == (0, 0)
    end = f"<={version_of(high[:-2])}" if ends_with_zero else f"<{version_of(high)}"
    return end if low == _ZERO else f">={version_of(low)} {end}"
