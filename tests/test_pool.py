"""Threads for jobs: what comes of them, in which order they go, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from graft.base.pool import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    one = Pool(1)
    yield one
    one.close()


def settle_all(pool: Pool) -> None:
    while pool.pending:
        pool.settle(wait=True)


def test_outcomes_are_for_the_thread_that_settles(pool: Pool) -> None:
    here, seen = threading.current_thread(), []
    pool.submit(
        threading.current_thread,
        lambda outcome: seen.append((outcome.get(), threading.current_thread())),
    )
    settle_all(pool)
    ((there, settled_by),) = seen
    assert there is not here and settled_by is here


def test_an_error_is_raised_where_the_outcome_is_looked_at(pool: Pool) -> None:
    def fail() -> int:
        raise ValueError("no")

    errors = []

    def done(outcome: object) -> None:
        with pytest.raises(ValueError, match="no"):
            outcome.get()  # type: ignore[attr-defined]
        errors.append(1)

    pool.submit(fail, done)
    settle_all(pool)
    assert errors == [1] and pool.pending == 0


def test_the_heaviest_goes_first_and_before_it_what_has_no_weight(pool: Pool) -> None:
    gate, order = threading.Event(), []
    pool.submit(gate.wait, lambda _: None)  # holds the only thread while the others queue up
    for weight in (1, 30, 2):
        pool.submit(lambda w=weight: order.append(w), lambda _: None, weight=weight)  # type: ignore[misc]
    pool.submit(lambda: order.append(0), lambda _: None)
    gate.set()
    settle_all(pool)
    assert order == [0, 30, 2, 1]


def test_closing_drops_what_nobody_has_begun() -> None:
    pool, gate, ran = Pool(1), threading.Event(), []
    begun = threading.Event()

    def hold() -> None:
        begun.set()
        gate.wait()

    pool.submit(hold, lambda _: None)
    for number in range(10):
        pool.submit(lambda n=number: ran.append(n), lambda _: None)  # type: ignore[misc]
    begun.wait()
    threading.Timer(0.05, gate.set).start()
    pool.close()
    assert ran == [] and threading.active_count() <= 2
