"""The laws of the algebra, and membership beside a slow and direct reading of npm's rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.versions import ANY, NOTHING, Range, Version, parse_range, parse_version
from graft.versions.index_constraint import parse_constraint
from graft.versions.intervals import prerelease_from, release
from graft.versions.version import version_of


@dataclass(frozen=True)
class Comparator:
    operator: str
    version: Version

    def holds(self, version: Version) -> bool:
        order = precedence(version, self.version)
        return {
            "": order == 0,
            "<": order < 0,
            "<=": order <= 0,
            ">": order > 0,
            ">=": order >= 0,
        }[self.operator]

    def __str__(self) -> str:
        return f"{self.operator}{self.version}"


@dataclass(frozen=True)
class Alternatives:
    """Comparator sets of which one must hold."""

    sets: tuple[tuple[Comparator, ...], ...]

    def admits(self, version: Version) -> bool:
        return any(
            all(comparator.holds(version) for comparator in comparators)
            and (
                not version.prerelease
                or any(
                    comparator.version.prerelease and triple(comparator.version) == triple(version)
                    for comparator in comparators
                )
            )
            for comparators in self.sets
        )

    def __str__(self) -> str:
        return " || ".join(" ".join(map(str, comparators)) for comparators in self.sets)


def triple(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


def precedence(a: Version, b: Version) -> int:
    """Negative, 0 or positive; written from section 11 of the specification, without keys. Wraps
    decide where nothing else does."""
    if triple(a) != triple(b):
        return -1 if triple(a) < triple(b) else 1
    if a.prerelease == b.prerelease:
        return a.wrap - b.wrap
    if not a.prerelease or not b.prerelease:
        return bool(b.prerelease) - bool(a.prerelease)
    for mine, other in zip(a.prerelease, b.prerelease, strict=False):
        if mine == other:
            continue
        if isinstance(mine, int) and isinstance(other, int):
            return mine - other
        if isinstance(mine, str) and isinstance(other, str):
            return -1 if mine < other else 1
        return -1 if isinstance(mine, int) else 1
    return len(a.prerelease) - len(b.prerelease)


# Few values, so that bounds meet.
identifiers = st.sampled_from((0, 1, "a", "b", "-"))
prereleases = st.lists(identifiers, min_size=1, max_size=2).map(tuple) | st.just(())
numbers = st.integers(0, 2)
npm_versions = st.builds(Version, numbers, numbers, numbers, prereleases)
builds = st.sampled_from(((), ("a",), ("b", "7")))
versions = st.builds(Version, numbers, numbers, numbers, prereleases, builds, numbers)
# >=0.0.0 is a star to npm, which is a rule of its own; tests/versions/test_npm.py has it.
comparators = st.builds(
    Comparator,
    st.sampled_from(("", "<", "<=", ">", ">=")),
    npm_versions.filter(lambda version: str(version) != "0.0.0"),
)
comparator_sets = st.lists(comparators, min_size=1, max_size=3).map(tuple)
alternatives = st.lists(comparator_sets, min_size=1, max_size=3).map(tuple).map(Alternatives)
npm_ranges = st.builds(lambda written: parse_range(str(written)), alternatives)
constraints = st.builds("{}{}".format, st.sampled_from(("", "=", "~")), versions)
index_ranges = st.lists(constraints, min_size=1, max_size=3).map(
    lambda written: parse_constraint(" || ".join(written)).range
)
ranges = st.recursive(
    npm_ranges | index_ranges | st.sampled_from((ANY, NOTHING, parse_range("*"))),
    lambda inner: (
        st.builds(Range.union, inner, inner)
        | st.builds(Range.intersection, inner, inner)
        | st.builds(Range.complement, inner)
        | st.builds(Range.include_prereleases, inner)
    ),
    max_leaves=4,
)


@given(versions, versions)
def test_order_is_precedence(a: Version, b: Version) -> None:
    order = precedence(a, b)
    assert (a < b, a == b, a > b) == (order < 0, order == 0, order > 0)


@given(versions, versions, versions)
def test_order_is_transitive_with_wraps_and_build_ids(a: Version, b: Version, c: Version) -> None:
    if a <= b <= c:
        assert a <= c
        assert (a == c) == (a == b == c)


@given(alternatives, npm_versions)
def test_contains(written: Alternatives, version: Version) -> None:
    assert parse_range(str(written)).contains(version) == written.admits(version)


@given(alternatives, npm_versions)
def test_contains_near_a_bound(written: Alternatives, tail: Version) -> None:
    for bound in (comparator.version for found in written.sets for comparator in found):
        for prerelease in (bound.prerelease, tail.prerelease, (*bound.prerelease, 0), ()):
            version = Version(*triple(bound), prerelease)
            assert parse_range(str(written)).contains(version) == written.admits(version)


@given(ranges, ranges, versions)
def test_operations_are_those_of_sets(a: Range, b: Range, version: Version) -> None:
    in_a, in_b = a.contains(version), b.contains(version)
    assert a.union(b).contains(version) == (in_a or in_b)
    assert a.intersection(b).contains(version) == (in_a and in_b)
    assert a.difference(b).contains(version) == (in_a and not in_b)
    assert a.complement().contains(version) == (not in_a)
    if a.is_subset(b) and in_a:
        assert in_b
    if a == b:
        assert in_a == in_b
    assert not (a.is_empty and in_a)


@given(ranges, ranges, ranges)
def test_laws(a: Range, b: Range, c: Range) -> None:
    assert a.union(b) == b.union(a)
    assert a.intersection(b) == b.intersection(a)
    assert a.union(b.union(c)) == a.union(b).union(c)
    assert a.intersection(b.union(c)) == a.intersection(b).union(a.intersection(c))
    assert a.union(b).complement() == a.complement().intersection(b.complement())
    assert a.complement().complement() == a
    assert a.union(a.complement()) == ANY
    assert a.intersection(a.complement()) == NOTHING
    assert a.difference(b).union(a.intersection(b)) == a
    assert a.is_subset(b) == (a.union(b) == b) == (a.intersection(b) == a)
    assert (a == b) == (a.is_subset(b) and b.is_subset(a))
    assert hash(a.union(b)) == hash(b.union(a))


@given(ranges, ranges, versions)
def test_include_prereleases_agrees_with_the_algebra(a: Range, b: Range, version: Version) -> None:
    wide = Range.include_prereleases
    assert wide(a.union(b)) == wide(a).union(wide(b))
    assert wide(a.complement()) == wide(a).complement()
    if not version.prerelease:
        assert wide(a).contains(version) == a.contains(version)


@given(npm_ranges, npm_ranges, npm_ranges)
def test_what_can_be_written_reads_back(a: Range, b: Range, c: Range) -> None:
    for made in (a.union(b), a.intersection(b), a.difference(b), a.union(b).difference(c)):
        assert parse_range(str(made)) == made


@given(st.lists(versions), ranges)
def test_select_and_newest(found: list[Version], asked: Range) -> None:
    chosen = [version for version in found if asked.contains(version)]
    assert asked.select(found) == chosen
    newest = max(chosen, key=cmp_to_key(precedence), default=None)
    assert asked.newest(found) == newest
    assert all((version in asked) == asked.contains(version) for version in found)


@given(ranges, ranges)
def test_what_is_not_empty_has_a_version_at_each_lower_bound(a: Range, b: Range) -> None:
    """So equality is exact, wraps or not: equal sets have equal bounds."""
    both = a.difference(b)
    of_releases = both.every.rounded(release).bounds
    of_prereleases = both.prereleases.rounded(prerelease_from).bounds
    assert [key for key in of_releases if version_of(key).prerelease] == []
    assert [key for key in of_prereleases if not version_of(key).prerelease] == []
    lows = of_releases[::2] + of_prereleases[::2]
    assert both.is_empty == (not lows)
    assert [low for low in lows if version_of(low).key != low] == []
    assert [low for low in lows if not both.contains(version_of(low))] == []


def test_there_is_nothing_between_a_version_and_the_next() -> None:
    for text in (">1.2.3 <1.2.4-0", ">1.2.3-a <1.2.3-a.0", ">=1.2.3 <1.2.3", "<0.0.0-0"):
        assert parse_range(text).include_prereleases().is_empty


def test_any_admits_prereleases_and_a_star_does_not() -> None:
    assert ANY.contains(parse_version("1.2.3-beta"))
    assert parse_range("*").is_subset(ANY)
    assert not ANY.is_subset(parse_range("*"))
    assert parse_range("*").include_prereleases() == ANY


@pytest.mark.parametrize(
    ("a", "operation", "b", "text"),
    [
        ("^1.2", "intersection", ">=1.4.0", ">=1.4.0 <2.0.0"),
        ("^1.2", "intersection", "^2", "<0.0.0-0"),
        ("^1.2", "union", "2.x || 4.0.0", ">=1.2.0 <3.0.0 || 4.0.0"),
        ("<2 || >=3", "difference", "1.2.3", "<1.2.3 || >=1.2.4 <2.0.0 || >=3.0.0"),
        # <3 names no prerelease of 1.2.3, though ">=1.2.3-beta <3" as one text does
        (">=1.2.3-beta", "intersection", "<3", ">=1.2.3 <3.0.0"),
        (">=1.2.3-beta <3", "union", "2.x || 3.x", ">=1.2.3-beta <4.0.0"),
        (">=1.0.0-a", "intersection", "<=1.0.0-b", ">=1.0.0-a <=1.0.0-b"),
        ("<1.2.3", "union", ">=1.2.3-beta", "<1.2.3 || >=1.2.3-beta"),
        ("1.2.3-beta", "union", "1.0.0", "1.0.0 || 1.2.3-beta"),
    ],
)
def test_text_of_a_made_range(a: str, operation: str, b: str, text: str) -> None:
    assert str(getattr(parse_range(a), operation)(parse_range(b))) == text


@pytest.mark.parametrize(
    ("a", "operation", "b", "text"),
    [
        ("=1.2.3", "union", "=1.2.3-rc.1", "=1.2.3 || =1.2.3-rc.1"),
        ("=1.2.3", "union", "=1.2.3_1", ">=1.2.3 <1.2.3_2"),
        ("~1.2.3", "difference", "=1.2.3", ">=1.2.3_1 <1.3.0"),
        ("~1.2.3", "intersection", "~1.2.3_2", ">=1.2.3_2 <1.3.0"),
        ("~1.2.3-rc.1", "difference", "=1.2.3-rc.1", ">=1.2.3-rc.1_1 <1.3.0"),
        ("=1.2.3", "intersection", "=1.2.4", "<0.0.0-0"),
    ],
)
def test_text_of_a_range_made_of_constraints(a: str, operation: str, b: str, text: str) -> None:
    made = getattr(parse_constraint(a).range, operation)(parse_constraint(b).range)
    assert str(made) == text


def test_text_of_what_npm_cannot_write() -> None:
    assert str(ANY) == "* || prereleases(>=0.0.0-0)"
    assert str(NOTHING) == "<0.0.0-0"
    assert "prereleases(" in str(parse_range("^1.2.3").complement())
