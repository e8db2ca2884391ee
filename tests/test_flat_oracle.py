"""The flat solver beside one that tries everything, on thousands of small catalogues."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from graft.resolve.flat.packages import Packages
from graft.resolve.flat.solve import NoSolutionError, solve
from harness.flat_oracle import Oracle
from harness.flat_problems import crowded_fields, random_fields, shuffled

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from solver.problems import WrittenCatalogue, problem_of

SEEDS = range(8)
CASES = 250


def answered(fields: dict[str, Any]) -> tuple[dict[str, str], list[str]] | str:
    """The versions and the unanticipated prereleases, or the kind of failure."""
    catalogue = WrittenCatalogue(fields["catalogue"])
    try:
        found = solve(problem_of(fields), Packages(catalogue))
    except NoSolutionError as error:
        return error.kind.value
    texts = {name: candidate.text for name, candidate in found.chosen.items()}
    return texts, list(found.unanticipated)


def expected(fields: dict[str, Any]) -> tuple[dict[str, str], list[str]] | str:
    catalogue = WrittenCatalogue(fields["catalogue"])
    best = Oracle(problem_of(fields), catalogue, fields["catalogue"]).best()
    if isinstance(best, str):
        return best
    texts = {
        (name, candidate.version.key): candidate.text
        for name in fields["catalogue"]
        for candidate in catalogue.candidates(name) or ()
    }
    answer, unanticipated = best
    return {name: texts[name, key] for name, key in sorted(answer.items())}, unanticipated


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_found_is_what_trying_everything_finds(seed: int) -> None:
    """Whether there is an answer, why there is none, and that none is better."""
    rng = random.Random(seed)
    for _ in range(CASES):
        fields = random_fields(rng)
        assert answered(fields) == expected(fields), fields


@pytest.mark.parametrize("seed", SEEDS)
def test_of_many_answers_the_best_is_found(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(CASES):
        fields = crowded_fields(rng)
        assert answered(fields) == expected(fields), fields


def test_what_is_found_does_not_depend_on_the_order_of_anything() -> None:
    rng = random.Random(99)
    for _ in range(300):
        fields = random_fields(rng, packages=6, versions=6)
        assert answered(shuffled(fields, rng)) == answered(fields), fields
