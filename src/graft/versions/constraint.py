"""What somebody asks of a package's version, in the one form that solving takes."""

from __future__ import annotations

from graft.base.records import Record
from graft.versions.intervals import FIRST, IntervalSet, following, release
from graft.versions.ranges import NOTHING, Range
from graft.versions.version import Key, Version, version_of


class Constraint(Record):
    """``text`` is what was written, ``range`` what that admits.

    ``override``: a root says that it beats what packages ask; ``at_least`` is what is left of a
    constraint that is beaten so, everything from its lowest version on. ``exact`` is the version of
    a constraint that names just one. ``named`` are the prereleases that an index constraint names:
    it admits others too, of which only the solver can say whether they are welcome. A range of
    npm's names none here, since it admits none but those that it means.
    """

    text: str
    range: Range
    at_least: Range
    override: bool = False
    exact: Version | None = None
    named: tuple[Version, ...] = ()


def from_key(low: Key) -> Range:
    """``low`` and everything after it, prereleases too."""
    above = IntervalSet((low,))
    return Range(above, above)


def constraint_of(range: Range) -> Constraint:
    """A range of npm's as a constraint."""
    lows = [bounds[0] for bounds in (range.every.bounds, range.prereleases.bounds) if bounds]
    return Constraint(
        text=str(range),
        range=range,
        at_least=NOTHING if range.is_empty else from_key(min(lows, default=FIRST)),
        exact=_only(range),
    )


def _only(range: Range) -> Version | None:
    """The version, if ``range`` admits just one."""
    releases, prereleases = range.every.rounded(release), range.prereleases
    if not prereleases and len(releases.bounds) == 2:
        low, high = releases.bounds
        return version_of(low) if high == release(following(low)) else None
    if not releases and len(prereleases.bounds) == 2:
        low, high = prereleases.bounds
        return version_of(low) if high == following(low) else None
    return None
