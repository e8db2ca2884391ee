"""Constraints on index packages: what they admit, row by row and beside a direct reading of the
rules, and what is said of a text that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.versions import ANY, Version, parse_range, parse_version
from graft.versions.constraint import constraint_of
from graft.versions.index_constraint import parse_constraint
from graft.versions.index_version import parse_index_version
from graft.versions.mistakes import MalformedError

# constraint, admitted, not admitted
ROWS = [
    ("", "0.0.0-0 0.0.0 9.9.9_4 1.2.3-rc.1", ""),
    # the same major, at least
    ("1.2.3", "1.2.3 1.2.3_1 1.2.3+b 1.2.4 1.3.0-rc.0 1.2.4-rc.0 1.99.0", "1.2.3-rc.1 1.2.2"),
    ("1.2.3", "", "2.0.0 2.0.0-0 2.0.0-rc.0 0.9.9"),
    ("0.1.2", "0.1.2 0.2.0 0.99.0", "0.1.1 1.0.0-0"),
    ("1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.1_1 1.2.3-rc.1.0 1.2.3-rc.2 1.2.3", "1.2.3-rc.0"),
    ("1.2.3_2", "1.2.3_2 1.2.3_10 1.2.4", "1.2.3 1.2.3_1 1.2.3-rc.1_5"),
    ("1.2.3+b", "1.2.3 1.2.3+c 1.2.3_1", "1.2.2"),
    # exactly
    ("=1.2.3", "1.2.3 1.2.3+b", "1.2.3_1 1.2.3-rc.1 1.2.4-0 1.2.4"),
    ("=1.2.3+b", "1.2.3 1.2.3+b 1.2.3+c", "1.2.3_1"),
    ("=1.2.3_1", "1.2.3_1 1.2.3_1+b", "1.2.3 1.2.3_2"),
    ("=1.2.3-rc.1", "1.2.3-rc.1", "1.2.3-rc.1_1 1.2.3-rc.1.0 1.2.3"),
    ("=1.2.3-rc.1_2", "1.2.3-rc.1_2", "1.2.3-rc.1 1.2.3-rc.1_3"),
    # the same minor, at least
    ("~1.2.3", "1.2.3 1.2.3_1 1.2.9", "1.2.2 1.3.0 1.2.4-rc.0 1.2.3-rc.1 1.3.0-0"),
    ("~1.2.3_2", "1.2.3_2 1.2.3_3 1.2.4", "1.2.3 1.2.3_1"),
    ("~1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.2 1.2.3 1.2.4", "1.2.3-rc.0 1.2.4-rc.0 1.3.0-rc.0"),
    ("~1.2.3-rc.1_1", "1.2.3-rc.1_1 1.2.3-rc.1.0", "1.2.3-rc.1"),
    ("~1.2.3+b", "1.2.3 1.2.4+c", "1.3.0"),
    # alternatives
    ("=1.2.3 || 2.0.0", "1.2.3 2.0.0 2.5.0", "1.2.4 3.0.0"),
    ("=1.2.3||=1.2.4||~2.0.0", "1.2.3 1.2.4 2.0.1", "1.2.5 2.1.0"),
    ("=1.2.3  ||  =1.2.4!", "1.2.3 1.2.4", "1.2.5"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), ROWS)
def test_membership(text: str, inside: str, outside: str) -> None:
    found = parse_constraint(text).range
    assert [v for v in inside.split() if not found.contains(parse_index_version(v))] == []
    assert [v for v in outside.split() if found.contains(parse_index_version(v))] == []


def admits(text: str, version: Version) -> bool:
    """The rules as they are told, without ranges."""
    for alternative in text.removesuffix("!").split("||"):
        asked = alternative.strip(" ")
        named = parse_index_version(asked.lstrip("=~"))
        same_patch = triple(version) == triple(named)
        if asked.startswith("="):
            holds = version == named
        elif asked.startswith("~"):
            welcome = bool(named.prerelease) and same_patch if version.prerelease else True
            holds = version >= named and triple(version)[:2] == triple(named)[:2] and welcome
        else:
            holds = version >= named and version.major == named.major
        if holds:
            return True
    return False


def triple(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


# Few values, so that bounds meet.
numbers = st.integers(0, 2)
prereleases = st.lists(st.sampled_from((0, 1, "a", "b")), max_size=2).map(tuple)
builds = st.sampled_from(((), ("a",)))
versions = st.builds(Version, numbers, numbers, numbers, prereleases, builds, numbers)
alternatives = st.builds("{}{}".format, st.sampled_from(("", "=", "~")), versions)
constraints = st.builds(
    "{}{}".format,
    st.lists(alternatives, min_size=1, max_size=3).map(" || ".join),
    st.sampled_from(("", "!")),
)


@given(constraints, versions)
def test_a_range_is_what_the_rules_say(text: str, version: Version) -> None:
    assert parse_constraint(text).range.contains(version) == admits(text, version)


@given(constraints, versions)
def test_a_beaten_constraint_is_a_lower_bound(text: str, version: Version) -> None:
    found = parse_constraint(text)
    named = [parse_index_version(part.strip(" =~!")) for part in text.split("||")]
    assert found.at_least.contains(version) == any(version >= one for one in named)
    assert found.range.is_subset(found.at_least)


def test_fields() -> None:
    found = parse_constraint("=1.2.3-rc.1 || 2.0.0-a_1 || ~2.0.0-a_1 || 3.0.0!")
    assert found.text == "=1.2.3-rc.1 || 2.0.0-a_1 || ~2.0.0-a_1 || 3.0.0!"
    assert str(found.range) == found.text.removesuffix("!")
    assert found.override
    assert found.exact is None
    assert [str(version) for version in found.named] == ["1.2.3-rc.1", "2.0.0-a_1"]
    assert not parse_constraint("1.2.3").override


def test_only_one_exact_version_is_a_pin() -> None:
    exact = {
        text: str(parse_constraint(text).exact)
        for text in (
            "=1.2.3",
            "=1.2.3_1+b!",
            "=1.2.3-rc.1",
            "1.2.3",
            "~1.2.3",
            "=1.0.0||=1.0.0",
            "",
        )
    }
    assert list(exact.values()) == ["1.2.3", "1.2.3_1", "1.2.3-rc.1", *["None"] * 4]


def test_nothing_asks_for_any_version() -> None:
    found = parse_constraint("")
    assert (found.text, found.range, found.at_least) == ("", ANY, ANY)


# npm range, the lowest version that is left when it is beaten, the one version that it is
NPM = [
    ("^1.2.3", "1.2.3", None),
    ("1.x", "1.0.0-0", None),
    ("*", "0.0.0-0", None),
    (">=2.0.0-beta.1 <3", "2.0.0-beta.1", None),
    ("1.2.3 || ^4.0.0", "1.2.3", None),
    ("1.2.3", "1.2.3", "1.2.3"),
    (">=1.2.3 <1.2.4", "1.2.3", "1.2.3"),
    ("1.2.3-beta.2", "1.2.3-beta.2", "1.2.3-beta.2"),
    ("1.2.3 || 1.2.4", "1.2.3", None),
]


@pytest.mark.parametrize(("text", "low", "exact"), NPM)
def test_a_range_of_npm_as_a_constraint(text: str, low: str, exact: str | None) -> None:
    range = parse_range(text)
    found = constraint_of(range)
    assert (found.text, found.range, found.override, found.named) == (text, range, False, ())
    assert found.exact == (parse_version(exact) if exact else None)
    above = parse_range(f">={low}").include_prereleases()
    assert found.at_least == above if low != "0.0.0-0" else ANY


def test_a_range_of_npm_that_admits_nothing_stays_so() -> None:
    assert constraint_of(parse_range(">2 <1")).at_least.is_empty


# text, and of each mistake: code, column counted from 1, what the message says
REFUSED = [
    ("!", [("bad-constraint", 1, "a version is missing")]),
    ("||", [("bad-constraint", 1, "is missing"), ("bad-constraint", 3, "is missing")]),
    ("1.2.3||", [("bad-constraint", 8, "is missing")]),
    ("1.2.3 || ", [("bad-constraint", 10, "is missing")]),
    ("||1.2.3", [("bad-constraint", 1, "is missing")]),
    ("1.2.3 || || 2.0.0", [("bad-constraint", 10, "is missing")]),
    ("1.2.3 ||| 2.0.0", [("bad-constraint", 9, "'|' alone")]),
    ("1.2.3|2.0.0", [("bad-constraint", 6, "'|' alone")]),
    ("1.2.3 | 2.0.0", [("bad-constraint", 6, "a space")]),
    ("1.2.3 2.0.0", [("bad-constraint", 6, "a space")]),
    (" 1.2.3", [("bad-constraint", 1, "a space")]),
    ("1.2.3 ", [("bad-constraint", 6, "a space")]),
    ("1.2.3 !", [("bad-constraint", 6, "a space")]),
    ("= 1.2.3", [("bad-constraint", 2, "a space")]),
    ("1.2.3! || 2.0.0", [("bad-constraint", 6, "'!' before the end")]),
    ("1.2.3!!", [("bad-constraint", 6, "'!' before the end")]),
    (">=1.2.3", [("bad-constraint", 1, "'>' begins no constraint")]),
    ("^1.2.3", [("bad-constraint", 1, "'^' begins no constraint")]),
    ("*", [("bad-constraint", 1, "'*' begins no constraint")]),
    ("latest", [("bad-constraint", 1, "'l' begins no constraint")]),
    ("\t1.2.3", [("bad-constraint", 1, "U+0009 begins no constraint")]),
    ("1.2.3\t|| 2.0.0", [("bad-version", 6, "U+0009 does not belong")]),
    ("1.2.3\n", [("bad-version", 6, "U+000A does not belong")]),
    ("=", [("bad-version", 2, "a version is missing")]),
    ("=1.2.3||~", [("bad-version", 10, "a version is missing")]),
    ("==1.2.3", [("bad-version", 2, "'=' in place of the major number")]),
    ("1.2", [("bad-version", 4, "nothing where the patch number")]),
    ("1.2 || 2.0.0", [("bad-version", 4, "nothing where the patch number")]),
    ("~1.2.3_0", [("bad-version", 8, "the wrap begins with 0")]),
    ("1.x || =2 || 3.0.0", [("bad-version", 3, "'x'"), ("bad-version", 10, "nothing where")]),
    ("1.2.3" + " " * 5000 + "||1", [("bad-constraint", 4097, "a constraint of 5008 characters")]),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_constraint(text: str, expected: list[tuple[str, int, str]]) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_constraint(text)
    found = caught.value.mistakes
    assert [(one.code, one.at + 1) for one in found] == [said[:2] for said in expected]
    for one, (_, _, message) in zip(found, expected, strict=True):
        assert message in one.message
        assert one.text == text
