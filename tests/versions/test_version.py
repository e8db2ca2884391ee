from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.versions import Version, parse_version

ORDER = (
    *("0.0.0-0", "0.0.0-0.0", "0.0.0-1", "0.0.0-a", "0.0.0", "0.0.1-0", "0.0.1", "0.9.0", "0.10.0"),
    *("1.0.0--", "1.0.0-1a", "1.0.0-Z", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"),
    *("1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-beta.11.0", "1.0.0-rc.1", "1.0.0", "2.0.0", "10.0.0"),
)

identifiers = st.integers(0, 12) | st.text("aZ1-", min_size=1, max_size=3).filter(
    lambda text: not text.isdigit()
)
versions = st.builds(
    Version,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.lists(identifiers, max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.2.3", "1.2.3"),
        ("  1.2.3\n", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("= v1.2.3", "1.2.3"),
        ("01.002.3", "1.2.3"),
        ("1.2.3beta", "1.2.3-beta"),
        ("1.2.3-beta.01", "1.2.3-beta.1"),
        ("1.2.3-0a.b-c", "1.2.3-0a.b-c"),
        ("1.2.3+build.5", "1.2.3"),
        ("1.2.3-rc.1+build", "1.2.3-rc.1"),
        ("9007199254740991.0.0", "9007199254740991.0.0"),
    ],
)
def test_reads_what_npm_reads(text: str, canonical: str) -> None:
    assert str(parse_version(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "1.2.3.4", "x.1.2", "1.2.x", "latest", "1.2.3 4", "1.2.-3", "1_0.2.3"),
        *(
            "1.2.3-a..b",
            "1.2.3-a_b",
            "1.2.3+",
            "١.2.3",
            "9007199254740992.0.0",
            "1.2.3-" + "a" * 251,
        ),
    ],
)
def test_refuses_what_npm_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        parse_version(text)


@pytest.mark.parametrize("text", ["=1.2.3", "01.2.3", "1.2.3beta", "1.2.3-01"])
def test_strict_reading_takes_the_grammar_at_its_word(text: str) -> None:
    parse_version(text)
    with pytest.raises(ValueError, match="not a version"):
        parse_version(text, loose=False)


def test_strict_reading_takes_whitespace_and_v() -> None:
    assert str(parse_version(" v1.2.3-rc.1 ", loose=False)) == "1.2.3-rc.1"


def test_parts() -> None:
    version = parse_version("1.2.3-rc.10+build.007")
    assert (version.major, version.minor, version.patch) == (1, 2, 3)
    assert version.prerelease == ("rc", 10)
    assert version.build == ("build", "007")


def test_order() -> None:
    versions = [parse_version(text) for text in ORDER]
    assert sorted(versions, reverse=True)[::-1] == versions
    for at, low in enumerate(versions):
        for high in versions[at + 1 :]:
            assert low < high
            assert low <= high
            assert high > low
            assert high >= low
            assert low != high


def test_build_takes_no_part_in_order_and_equality() -> None:
    one, other = parse_version("1.2.3+a"), parse_version("1.2.3+b")
    assert one == other
    assert hash(one) == hash(other)
    assert not one < other
    assert one != "1.2.3"


def test_is_immutable_and_can_be_copied() -> None:
    version = parse_version("1.2.3-rc.1+build")
    with pytest.raises(AttributeError):
        version.build = ()
    for twin in (copy.deepcopy(version), pickle.loads(pickle.dumps(version))):
        assert (twin, twin.prerelease, twin.build) == (version, version.prerelease, version.build)


@given(versions)
def test_text_round_trip(version: Version) -> None:
    again = parse_version(str(version))
    assert (again, again.prerelease) == (version, version.prerelease)


@given(versions, versions, versions)
def test_order_is_total(a: Version, b: Version, c: Version) -> None:
    assert (a < b) + (a == b) + (a > b) == 1
    if a <= b and b <= c:
        assert a <= c
    assert (a == b) == (str(a) == str(b))
