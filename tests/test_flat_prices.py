"""What versions cost, by the rule: ranks among siblings, level by level."""

from __future__ import annotations

import pytest

from graft.resolve.flat.prices import ages, distances, newness
from graft.versions.index_version import parse_index_version
from graft.versions.version import Key


def keys(text: str) -> list[Key]:
    return [parse_index_version(each).key for each in text.split()]


TEXTS = (
    "1.0.0 1.0.1 1.1.0 1.1.1 1.2.0-pre.0 1.2.0 1.2.1 1.2.2-pre.0 1.2.2 "
    "2.0.0 2.1.0 2.5.0 2.5.1 3.0.0 4.0.0-pre.0 4.0.0 4.0.0_1"
)
ALL = keys(TEXTS)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        # older ones, the youngest first: what was there counts as one more where it is one more
        ("1.0.0", (1, 0, 2, 1, 0)),
        ("1.1.1", (1, 0, 1, 0, 0)),
        ("1.2.0-pre.0", (1, 0, 0, 0, 1)),
        # compatible ones, the nearest first
        ("1.2.0", (0, 0, 0, 0, 0)),
        ("1.2.1", (0, 0, 0, 1, 0)),
        ("1.2.2-pre.0", (0, 0, 0, 2, 0)),
        ("1.2.2", (0, 0, 0, 2, 1)),
        # later majors: the lowest major and minor, and of these the newest patch
        ("2.0.0", (1, 1, 0, 0, 0)),
        ("2.5.0", (1, 1, 2, 1, 0)),
        ("2.5.1", (1, 1, 2, 0, 0)),
        ("3.0.0", (1, 2, 0, 0, 0)),
        ("4.0.0-pre.0", (1, 3, 0, 0, 2)),
        ("4.0.0", (1, 3, 0, 0, 1)),
        ("4.0.0_1", (1, 3, 0, 0, 0)),
    ],
)
def test_distance_from_what_was_there(text: str, price: tuple[int, ...]) -> None:
    previous = keys("1.2.0")[0]
    assert (
        dict(zip(TEXTS.split(), distances(ALL, previous, patched=False), strict=True))[text]
        == price
    )


def test_with_patches_the_newest_of_the_nearest_minor_is_best() -> None:
    found = distances(keys("1.2.0 1.2.1 1.2.2 1.3.0 1.3.1"), keys("1.2.0")[0], patched=True)
    assert found == [
        (0, 0, 0, 2, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 1, 1, 0),
        (0, 0, 1, 0, 0),
    ]


def test_what_was_there_need_not_be_there_any_more() -> None:
    found = distances(keys("1.0.0 1.1.0 2.0.0"), keys("1.0.5")[0], patched=False)
    assert found == [(1, 0, 0, 1, 0), (0, 0, 0, 0, 0), (1, 1, 0, 0, 0)]


def test_a_prerelease_is_one_more_among_those_of_its_release() -> None:
    found = distances(keys("1.2.0-pre.0 1.2.0-pre.1"), keys("1.2.0-pre.7")[0], patched=False)
    assert found == [(1, 0, 0, 0, 2), (1, 0, 0, 0, 1)]


def test_age_counts_newer_ones_and_newness_older_ones() -> None:
    versions = keys("1.0.0 1.0.1 1.1.0 2.0.0")
    assert ages(versions) == [(1, 1, 1, 0), (1, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)]
    assert newness(versions) == [(0, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0)]
    assert newness(versions, patched=True) == [
        (0, 0, 1, 0),
        (0, 0, 0, 0),
        (0, 1, 0, 0),
        (1, 0, 0, 0),
    ]


def test_nothing_costs_nothing() -> None:
    assert ages([]) == newness([]) == distances([], keys("1.0.0")[0], patched=False) == []
