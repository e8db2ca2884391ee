"""Frozen records (base/records.py) are what frozen, slotted, keyword-only dataclasses are."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping

import pytest

from graft.base.http import Request
from graft.base.records import Record, replace
from graft.model.manifest import Manifest


class Point(Record):
    x: int
    y: int = 0
    names: Mapping[str, int] = {}


class Pair(Record, kw_only=False):
    first: str
    second: str = "b"


class Empty(Record):
    pass


def test_fields_are_given_by_name_or_have_a_default() -> None:
    assert (Point(x=1).x, Point(x=1).y, Point(y=2, x=1).y) == (1, 0, 2)
    assert (Pair("a").second, Pair("a", second="c").second) == ("b", "c")
    assert Empty() == Empty()


@pytest.mark.parametrize("arguments", [{}, {"y": 1}, {"x": 1, "z": 2}])
def test_missing_and_unknown_fields_are_refused(arguments: dict[str, int]) -> None:
    for _ in range(2):  # the first of a class is made another way than the second
        with pytest.raises(TypeError):
            Point(**arguments)  # type: ignore[arg-type]


def test_a_position_is_refused_where_names_are_asked_for() -> None:
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]


def test_nothing_can_be_set_or_added() -> None:
    point = Point(x=1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(point, name, 2)
    assert not hasattr(point, "__dict__")


def test_records_of_one_class_are_equal_by_their_fields() -> None:
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != (1, 0, {})
    assert Pair("a") == Pair("a") and hash(Pair("a")) == hash(Pair("a"))
    assert len({Pair("a"), Pair("a"), Pair("b")}) == 2


def test_a_field_may_say_nothing_of_equality() -> None:
    one = Manifest(name="a", version="1.0.0", deprecated="yes")
    assert one == Manifest(name="a", version="1.0.0", tarball="elsewhere")
    assert hash(one) == hash(replace(one, deprecated=""))


def test_a_secret_is_not_shown() -> None:
    assert repr(Point(x=1)) == "Point(x=1, y=0, names={})"
    assert "token" not in repr(Request(url="u", auth="Bearer token"))


def test_a_changed_copy_and_a_pickled_one() -> None:
    point = Point(x=1, y=2)
    assert replace(point, x=3) == Point(x=3, y=2)
    assert pickle.loads(pickle.dumps(point)) == point
    with pytest.raises(TypeError):
        replace(point, z=3)


def test_they_need_no_other_module() -> None:
    code = (
        "import sys; before = set(sys.modules); import graft.base.records; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['__future__', 'graft', 'graft.base', 'graft.base.records']\n"
