"""The documented grammar, row by row. bench/conformance.py asks node-semver itself."""

from __future__ import annotations

import pytest

from graft.versions import parse_range, parse_version

# range, admitted, not admitted
ROWS = [
    ("1.2.3", "1.2.3 1.2.3+build", "1.2.4 1.2.3-beta"),
    ("=v1.2.3", "1.2.3", "1.2.2"),
    ("1.2.3-beta", "1.2.3-beta", "1.2.3-beta.1 1.2.3"),
    ("1.2.3+build", "1.2.3", "1.2.4"),
    # comparators, with and without space
    (">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.4-beta"),
    (">= 1.2.3", "1.2.3 9.0.0", "1.2.2"),
    ("<1.2.3", "1.2.2 0.0.0", "1.2.3 1.2.3-beta"),
    ("<= 1.2.3", "1.2.3", "1.2.4 1.2.4-0"),
    (">=1.2.7 <1.3.0", "1.2.7 1.2.99", "1.2.6 1.3.0 1.3.0-0"),
    ("1.2.7 || >=1.2.9 <2.0.0", "1.2.7 1.2.9 1.4.6", "1.2.8 2.0.0"),
    # prereleases: only those of a version that is named with one
    (">1.2.3-alpha.3", "1.2.3-alpha.7 1.2.3 3.4.5", "3.4.5-alpha.9 1.2.3-alpha.3"),
    (">=1.2.3-beta <2", "1.2.3-beta 1.2.3-rc 1.9.0", "1.2.3-alpha 1.2.4-beta 2.0.0-beta"),
    ("<1.2.3-beta", "1.2.3-alpha 1.2.2", "1.2.3-beta 1.2.2-beta"),
    (">=1.0.0 <=1.2.3-beta.2", "1.2.3-beta.2", "1.2.3-beta.2.0 1.2.3 1.0.0-rc"),
    # partial versions
    ("*", "0.0.0 9.9.9", "1.2.3-beta 0.0.0-0"),
    ("", "1.2.3", "1.2.3-beta"),
    ("1", "1.0.0 1.99.0", "0.9.9 2.0.0 2.0.0-beta 1.0.0-beta"),
    ("1.x.x", "1.0.0", "2.0.0"),
    ("1.2.*", "1.2.0 1.2.9", "1.3.0 1.1.9"),
    ("1.2.x-alpha", "1.2.0", "1.2.0-alpha"),
    (">1", "2.0.0", "1.9.9 2.0.0-beta"),
    (">1.2.x", "1.3.0", "1.2.9"),
    (">=1.2", "1.2.0", "1.1.9"),
    ("<1.2", "1.1.9", "1.2.0 1.2.0-beta"),
    ("<=1.2", "1.2.9", "1.3.0 1.3.0-0"),
    (">*", "", "0.0.0 1.2.3"),
    ("<x", "", "0.0.0 0.0.0-0"),
    (">=*", "0.0.0", "1.0.0-beta"),
    ("<0.0.0-0", "", "0.0.0 0.0.0-0"),
    # tilde
    ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2 1.3.0-beta"),
    ("~1.2", "1.2.0", "1.3.0"),
    ("~ 1", "1.9.9", "2.0.0"),
    ("~>1.2.3", "1.2.3", "1.3.0"),
    ("~0.2.3", "0.2.9", "0.3.0"),
    ("~1.2.3-beta.2", "1.2.3-beta.4 1.2.4", "1.2.4-beta.2 1.3.0-0 1.2.3-beta.1"),
    # caret
    ("^1.2.3", "1.2.3 1.9.9", "2.0.0 2.0.0-beta 1.2.2"),
    ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
    ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
    ("^0.0.3-beta", "0.0.3-rc 0.0.3", "0.0.4 0.0.4-0"),
    ("^1.2.3-beta.2", "1.2.3-beta.4 1.9.9", "1.2.4-beta.2 1.2.3-alpha"),
    ("^1.2.x", "1.2.0 1.9.9", "2.0.0"),
    ("^0.0.x", "0.0.9", "0.1.0"),
    ("^0.0", "0.0.9", "0.1.0"),
    ("^0.x", "0.9.9", "1.0.0"),
    ("^*", "1.2.3", "1.2.3-beta"),
    # hyphen
    ("1.2.3 - 2.3.4", "1.2.3 2.3.4", "1.2.2 2.3.5 1.2.3-beta"),
    ("1.2 - 2.3.4", "1.2.0", "1.1.9"),
    ("1.2.3 - 2.3", "2.3.9", "2.4.0 2.4.0-0"),
    ("1.2.3 - 2", "2.9.9", "3.0.0"),
    ("1.2.3-beta - 2.0.0-rc.1", "1.2.3-rc 2.0.0-rc.1 1.5.0", "1.2.3-alpha 2.0.0-rc.2 1.5.0-rc"),
    ("* - 2", "0.0.0 2.9.9", "3.0.0"),
    # as people write them
    ("  >=v1.2.3\t< 2 ", "1.2.3", "2.0.0"),
    ("1.2.3beta", "1.2.3-beta", "1.2.3"),
    ("01.02.03", "1.2.3", "1.2.4"),
    ("1.2.3 ||", "9.9.9", ""),
    ("latest || 1.2.3", "1.2.3", "1.2.4"),
    ("1.2.3 foo", "1.2.3", "1.2.4"),
    ("1.2.3*", "1.2.3", "1.2.4"),
    ("^00.1.2", "0.9.0", "1.0.0"),
    ("1.2.3-beta || *", "1.2.3", "1.2.3-beta"),
    (">=0.0.0 <0.0.0-beta", "0.0.0-alpha", "0.0.0 0.0.1"),
]

WITH_PRERELEASES = [
    ("*", "0.0.0-0 1.2.3-beta", ""),
    (">=0.0.0", "0.0.0", "0.0.0-0"),
    ("1.x", "1.0.0-0 1.2.3-beta", "2.0.0-0"),
    ("~1.2", "1.2.0-0", "1.3.0-0"),
    ("^1.2.3", "1.2.4-beta", "1.2.3-beta 2.0.0-0"),
    (">1", "2.0.0-0", "1.9.9"),
    (">=1.2.3", "1.2.4-beta", "1.2.3-beta"),
    ("1.2.3 - 2.3.4", "1.2.3-0 2.3.4", "2.3.5-0"),
    ("1.2.3-beta - 2.3", "1.2.3-beta", "1.2.3-alpha 2.4.0-0"),
    ("1.2.3", "1.2.3", "1.2.3-beta"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), ROWS)
def test_membership(text: str, inside: str, outside: str) -> None:
    found = parse_range(text)
    assert [v for v in inside.split() if not found.contains(parse_version(v))] == []
    assert [v for v in outside.split() if found.contains(parse_version(v))] == []


@pytest.mark.parametrize(("text", "inside", "outside"), WITH_PRERELEASES)
def test_membership_where_prereleases_count(text: str, inside: str, outside: str) -> None:
    found = parse_range(text).include_prereleases()
    assert [v for v in inside.split() if not found.contains(parse_version(v))] == []
    assert [v for v in outside.split() if found.contains(parse_version(v))] == []


@pytest.mark.parametrize(
    "text",
    [
        *("latest", "next", "v", ">", "^", "-", "|", "x.1", "1.x.3", "1.2.3.4", "foo * bar"),
        *("git+ssh://host/a.git", "file:../a", "npm:a@1.2.3", "=>1.2.3", "1.2.3-a_b"),
        *("9007199254740992.0.0", "^9007199254740991", ">9007199254740991"),
        *("1.2.3-" + "a" * 251, "1 " * 2100),
    ],
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError):
        parse_range(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("^1.2.3", ">=1.2.3 <2.0.0-0"),
        ("~1.2.3", "1.2.3 - 1.2"),
        ("1.2 || 1.3", "1.2 - 1.3"),
        (">1.2.3 <1.2.4", ">*"),
        ("<1.0.0 || >=1.0.0", "*"),
        ("^0.0.3", "0.0.3"),
    ],
)
def test_ranges_that_admit_the_same_are_equal(text: str, same: str) -> None:
    assert parse_range(text) == parse_range(same)
    assert hash(parse_range(text)) == hash(parse_range(same))


def test_keeps_its_text() -> None:
    assert str(parse_range(" ^1.2 ")) == "^1.2"
    assert str(parse_range("")) == "*"
