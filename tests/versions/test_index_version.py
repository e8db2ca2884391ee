"""Versions of index packages: what is read, the order, and what is said of a text that is none."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.versions import Version, parse_range, parse_version
from graft.versions.index_version import parse_index_version
from graft.versions.mistakes import MalformedError, Mistake

HUGE = 2**64
ORDER = (
    *("0.0.0-0", "0.0.0-0_1", "0.0.0", "0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-11"),
    *(f"1.0.0-{HUGE}", f"1.0.0-{HUGE + 1}", "1.0.0--a", "1.0.0-A", "1.0.0-a", "1.0.0-a-b"),
    *("1.0.0-alpha", "1.0.0-alpha_1", "1.0.0-alpha.0", "1.0.0-alpha.beta", "1.0.0-rc.0"),
    *("1.0.0-rc.0_5", "1.0.0-rc.0_10", "1.0.0-rc.0.0", "1.0.0-rc.1", "1.0.0-rc1", "1.0.0"),
    *("1.0.0_1", "1.0.0_2", "1.0.0_10", "1.0.0_100", f"1.0.0_{HUGE}", f"1.0.0_{HUGE + 1}"),
    *("1.0.1-0", "1.0.1", "1.1.0", "2.0.0-rc.0", "2.0.0", "10.0.0"),
)

# text, the column of its mistake counted from 1, what the message says
REFUSED = [
    ("", 1, "a version is missing"),
    ("1", 2, "nothing where the minor number"),
    ("1.2", 4, "nothing where the patch number"),
    ("1.2.", 5, "nothing in place of the patch number"),
    ("1.2.3.4", 6, "'.' does not belong there"),
    ("v1.2.3", 1, "'v' in place of the major number"),
    ("=1.2.3", 1, "'=' in place of the major number"),
    ("-1.2.3", 1, "'-' in place of the major number"),
    ("1.x.0", 3, "'x' in place of the minor number"),
    ("01.2.3", 1, "a leading zero in the major number"),
    ("1.2.03", 5, "a leading zero in the patch number"),
    ("9007199254740992.0.0", 1, "the major number is too large"),
    ("0.0.9007199254740992", 5, "the patch number is too large"),
    ("1.2.3-", 7, "nothing in place of a part of the prerelease"),
    ("1.2.3-rc..1", 10, "'.' in place of a part of the prerelease"),
    ("1.2.3-rc.01", 10, "a leading zero in a number of the prerelease"),
    ("1.2.3-rc#", 9, "'#' does not belong there"),
    ("1.2.3-0.0_", 11, "nothing in place of the wrap"),
    ("1.2.3_", 7, "nothing in place of the wrap"),
    ("1.2.3_a", 7, "'a' in place of the wrap"),
    ("1.2.3_0", 7, "the wrap begins with 0"),
    ("1.2.3-rc_01", 10, "the wrap begins with 0"),
    ("1.2.3_1_2", 8, "'_' does not belong there"),
    ("1.2.3_1-rc", 8, "'-' does not belong there"),
    ("1.2.3+", 7, "nothing in place of a part of the build id"),
    ("1.2.3+a..b", 9, "'.' in place of a part of the build id"),
    ("1.2.3+a+b", 8, "'+' does not belong there"),
    ("1.2.3+x_1", 8, "'_' does not belong there"),
    # to the letter: nothing is trimmed, and a digit is one of ten characters
    (" 1.2.3", 1, "' ' in place of the major number"),
    ("1.2.3 ", 6, "' ' does not belong there"),
    ("1.2.3\n", 6, "U+000A does not belong there"),
    ("1.2.3-rc\n", 9, "U+000A does not belong there"),
    ("1.2.3_1\n", 8, "U+000A does not belong there"),
    ("１.2.3", 1, "'１' in place of the major number"),
    ("1.2.3_٣", 7, "'٣' in place of the wrap"),
    ("1.2.3-é", 7, "'é' in place of a part of the prerelease"),
    ("1.2.3-" + "a" * 251, 257, "a version of 257 characters"),
]

numbers = st.integers(0, 3) | st.integers(0, 2**53 - 1)
words = st.from_regex("[0-9]*[a-zA-Z-][0-9a-zA-Z-]*", fullmatch=True).filter(lambda w: len(w) < 9)
identifiers = st.lists(numbers | words, max_size=3).map(tuple)
builds = st.lists(st.from_regex("[0-9a-zA-Z-]{1,4}", fullmatch=True), max_size=2).map(tuple)
versions = st.builds(Version, numbers, numbers, numbers, identifiers, builds, numbers)


def mistake(text: str) -> Mistake:
    with pytest.raises(MalformedError) as caught:
        parse_index_version(text)
    (found,) = caught.value.mistakes
    return found


def test_parts() -> None:
    version = parse_index_version("1.20.3-rc.5_12+12345.007")
    assert (version.major, version.minor, version.patch) == (1, 20, 3)
    assert version.prerelease == ("rc", 5)
    assert version.wrap == 12
    assert version.build == ("12345", "007")
    assert str(version) == "1.20.3-rc.5_12"
    assert parse_index_version("1.2.3").wrap == parse_index_version("1.2.3-4").wrap == 0


def test_order() -> None:
    found = [parse_index_version(text) for text in ORDER]
    for low, high in itertools.combinations(found, 2):
        assert low < high
        assert high > low
        assert low != high


def test_order_is_transitive_where_build_ids_meet_wraps() -> None:
    plain, built, wrapped = map(parse_index_version, ("1.0.0", "1.0.0+a", "1.0.0_1"))
    assert plain == built
    assert built < wrapped
    assert plain < wrapped
    assert parse_index_version("1.0.0_1+a") == wrapped


def test_any_text_round_trips() -> None:
    for text in (*ORDER, "1.2.3--", "1.2.3-00a", "1.2.3-0.0", "9007199254740991.0.0"):
        assert str(parse_index_version(text)) == text


@given(versions)
def test_text_and_reading_agree(version: Version) -> None:
    build = f"+{'.'.join(version.build)}" if version.build else ""
    again = parse_index_version(f"{version}{build}")
    parts = (version.prerelease, version.wrap, version.build)
    assert (again, again.prerelease, again.wrap, again.build) == (version, *parts)


def test_a_wrapped_version_can_be_copied() -> None:
    for text in ("1.2.3_4", "1.2.3-rc.1_4+b"):
        version = parse_index_version(text)
        for twin in (copy.deepcopy(version), pickle.loads(pickle.dumps(version))):
            assert (twin, str(twin), twin.build) == (version, str(version), version.build)


@pytest.mark.parametrize(("text", "column", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_version(text: str, column: int, message: str) -> None:
    found = mistake(text)
    assert (found.code, found.text, found.at + 1) == ("bad-version", text, column)
    assert message in found.message
    assert found.allowed


@given(st.text("0123a-._+ \n٣", max_size=14) | st.from_regex(r"[0-2]\.[01]\.[01][-_+.].{0,6}"))
def test_a_mistake_stands_where_a_version_could_still_begin_so(text: str) -> None:
    """What comes before a mistake is the beginning of some version."""
    try:
        parse_index_version(text)
    except MalformedError as error:
        (found,) = error.mistakes
        before = text[: found.at]
        ends = ("", "0", "1", "a", ".0", ".0.0", "0.0", "0.0.0")
        assert any(is_read(before + end) for end in ends)
        assert not is_read(text)


def is_read(text: str) -> bool:
    try:
        parse_index_version(text)
    except MalformedError:
        return False
    return True


@pytest.mark.parametrize("text", ["1.2.3_1", "1.2.3-rc_1", "=1.2.3_1"])
def test_npm_knows_no_wraps(text: str) -> None:
    with pytest.raises(ValueError):
        parse_version(text)
    with pytest.raises(ValueError):
        parse_range(text)
