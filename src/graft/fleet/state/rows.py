"""Many rows at once: a statement takes so many parameters and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from graft.fleet.state.database import Row, Transaction

V = TypeVar("V")

_PARAMETERS = 500


def rows_with(t: Transaction, sql: str, values: Iterable[str]) -> Iterator[Row]:
    """Those that ``sql`` finds, in which ``(*)`` stands for the values of a part of them."""
    for part in _parts(values, _PARAMETERS):
        yield from t.rows(sql.replace("(*)", _marks(len(part))), part)


def run_with(t: Transaction, sql: str, first: Sequence[object], values: Iterable[str]) -> int:
    """Likewise for a change; ``first`` are the parameters before ``(*)``."""
    return sum(
        t.run(sql.replace("(*)", _marks(len(part))), (*first, *part))
        for part in _parts(values, _PARAMETERS)
    )


def insert(t: Transaction, table: str, rows: Iterable[Sequence[object]]) -> None:
    rows = list(rows)
    if not rows:
        return
    width = len(rows[0])
    for part in _parts(rows, _PARAMETERS // width):
        marks = ", ".join([_marks(width)] * len(part))
        t.run(f"INSERT INTO {table} VALUES {marks}", [value for row in part for value in row])


def _marks(count: int) -> str:
    return f"({', '.join('?' * count)})"


def _parts(values: Iterable[V], size: int) -> Iterator[list[V]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
