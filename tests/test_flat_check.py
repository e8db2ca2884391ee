"""The check: the previous answer is the answer, without reading any other version."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from graft.resolve.flat.check import Lack, Unmet, check, may_stay
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.solve import NoSolutionError, Solution, solve
from harness.flat_problems import random_fields

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from solver.problems import Written, WrittenCatalogue, problem_of

WORLD: Written = {
    "app": {"1.0.0": ["lib@1.0.0", "?tool@2.0.0"], "2.0.0": []},
    "lib": {"1.0.0": [], "1.1.0": [], "1.2.0-rc.1": [], "2.0.0": []},
    "tool": {"1.0.0": [], "2.0.0": []},
    "twice": {"1.0.0+a": [], "1.0.0+b": []},
}
HAD = {"app": "1.0.0", "lib": "1.0.0"}


def problem(**changes: Any) -> Problem:
    return problem_of(
        {"dependencies": ["app"], "constraints": [], "previousSolution": HAD} | changes
    )


def unmet(**changes: Any) -> list[Unmet]:
    return list(check(problem(**changes), WrittenCatalogue(WORLD)).unmet)


def had(**changes: str) -> dict[str, str]:
    return HAD | changes


def test_what_still_holds_is_the_answer_and_no_package_is_read_whole() -> None:
    catalogue = WrittenCatalogue(WORLD)
    found = solve(problem(), Packages(catalogue))
    assert {name: candidate.text for name, candidate in found.chosen.items()} == HAD
    assert catalogue.asked == 0


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"dependencies": ["app", "tool"]}, Unmet("tool", Lack.MISSING)),
        ({"previousSolution": {"app": "1.0.0"}}, Unmet("lib", Lack.MISSING, "app")),
        ({"previousSolution": had(lib="1.0.7")}, Unmet("lib", Lack.GONE)),
        ({"constraints": ["lib@1.1.0"]}, Unmet("lib", Lack.EXCLUDED)),
        ({"previousSolution": had(lib="2.0.0")}, Unmet("lib", Lack.EXCLUDED, "app")),
        (
            # A weak dependency binds what is there.
            {"dependencies": ["app", "tool"], "previousSolution": had(tool="1.0.0")},
            Unmet("tool", Lack.EXCLUDED, "app"),
        ),
        ({"previousSolution": had(lib="1.2.0-rc.1")}, Unmet("lib", Lack.UNANTICIPATED)),
        # It brings nothing in, so nobody needs it.
        ({"previousSolution": had(tool="2.0.0")}, Unmet("tool", Lack.SUPERFLUOUS)),
        (
            # Which of them it was, the lock does not say.
            {"dependencies": ["app", "twice"], "previousSolution": had(twice="1.0.0+a")},
            Unmet("twice", Lack.GONE),
        ),
    ],
)
def test_what_no_longer_holds_is_named(changes: dict[str, Any], lack: Unmet) -> None:
    assert unmet(**changes) == [lack]


def test_an_override_leaves_others_a_minimum() -> None:
    """Packages as well as the project's own other lines."""
    for others in ([], ["lib@~1.0.0"]):
        changes = {"previousSolution": had(lib="2.0.0"), "constraints": ["lib@2.0.0!", *others]}
        assert unmet(**changes) == []


def test_prereleases_stay_where_somebody_names_them() -> None:
    changes = {
        "previousSolution": had(lib="1.2.0-rc.1"),
        "anticipatedPrereleases": {"lib": ["1.2.0-rc.1"]},
    }
    assert unmet(**changes) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"previousSolution": {}},
        {"upgrade": ["lib"]},
        {"upgradeIndirectDepPatchVersions": True},
    ],
)
def test_who_asks_for_more_gets_a_search(changes: dict[str, Any]) -> None:
    assert not may_stay(problem(**changes))


def test_where_the_check_is_content_a_search_ends_with_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where a search ends with what there was, the check is content."""
    monkeypatch.setattr("graft.resolve.flat.solve.may_stay", lambda _: False)
    rng = random.Random(7)
    contents = 0
    for _ in range(700):
        fields = random_fields(rng) | {
            "upgrade": [],
            "upgradeIndirectDepPatchVersions": False,
        }
        catalogue = WrittenCatalogue(fields["catalogue"])
        first = searched(problem_of(fields), catalogue)
        if first is None:
            continue
        # The same again with what came out, as it is and with one thing changed.
        chosen = {name: candidate.text for name, candidate in first.chosen.items()}
        strayed = dict(chosen)
        name = rng.choice(sorted(fields["catalogue"]))
        strayed[name] = rng.choice(list(fields["catalogue"][name]))
        for previous in (chosen, strayed):
            again = problem_of(fields | {"previousSolution": previous})
            second = searched(again, catalogue)
            stays = (
                second is not None
                and not second.unanticipated
                and {n: c.text for n, c in second.chosen.items()} == previous
            )
            assert (not check(again, catalogue).unmet) == stays, (fields, previous)
            contents += stays
    assert contents > 200


def searched(problem: Problem, catalogue: WrittenCatalogue) -> Solution | None:
    try:
        return solve(problem, Packages(catalogue))
    except NoSolutionError:
        return None
