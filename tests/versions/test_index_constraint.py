"""Constraints on index packages, row by row."""

from __future__ import annotations

import pytest

from graft.versions.index_constraint import parse_constraint
from graft.versions.index_version import parse_index_version

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
