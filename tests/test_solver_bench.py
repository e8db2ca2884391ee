"""The flat solver's benchmark: differences are counted, and explained only where that is proved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from solver.cases import Comparison, UnreadableError, as_text, compare, read_cases

ROOT = Path(__file__).resolve().parents[1]


def case(
    name: str,
    entries: dict[str, list[str]],
    roots: list[str],
    *,
    answer: dict[str, str] | None = None,
    error: str = "",
    constraints: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    fields = {
        "dependencies": roots,
        "constraints": constraints or [],
        "catalogCache": {"data": entries},
        **more,
    }
    outcome = {"error": error} if answer is None else {"answer": answer}
    return {"id": name, "input": fields, **outcome}


def compared(folder: Path, *cases: dict[str, Any]) -> Comparison:
    file = folder / "cases.json"
    file.write_text(json.dumps({"cases": cases}))
    return compare(read_cases(file))


SAME = case("same", {"a 1.0.0": [], "a 1.1.0": []}, ["a"], answer={"a": "1.1.0"})
SAME_ERROR = case("gone", {}, ["a"], error="unknown package in top-level dependencies: a")

BY_RULE = {
    "overrides": case(
        "overrides",
        {"a 1.0.0": [], "a 2.0.0": []},
        ["a"],
        constraints=["a@2.0.0!", "a@~1.0.0"],
        error="No version of a satisfies all constraints: @2.0.0!, @~1.0.0",
    ),
    "single-candidate": case(
        "single-candidate",
        {"a 1.0.0": []},
        ["a"],
        answer={"a": "1.0.0"},
        previousSolution={"a": "2.0.0"},
    ),
    "prereleases": case(
        "prereleases",
        {"a 2.0.0-rc.1": [], "a 1.0.0": []},
        ["a"],
        error="Potentially incompatible change required to top-level dependency: a 1.0.0",
        previousSolution={"a": "2.0.0-rc.1"},
    ),
    "tilde-wraps": case(
        "tilde-wraps", {"a 1.2.3": []}, ["a"], constraints=["a@~1.2.3_2"], answer={"a": "1.2.3"}
    ),
    "overrides+single-candidate": case(
        "overrides+single-candidate",
        {"a 1.0.0": [], "a 2.0.0": []},
        ["a"],
        constraints=["a@1.0.0 || 2.0.0!", "a@~1.0.0"],
        answer={"a": "1.0.0"},
        previousSolution={"a": "2.0.0"},
    ),
}


def test_what_is_the_same_is_counted(tmp_path: Path) -> None:
    found = compared(tmp_path, SAME, SAME_ERROR).as_json()
    assert found == {
        "cases": 2,
        "same_outcome": 2,
        "solvable": 1,
        "same_answer": 1,
        "explained_outcomes": [],
        "explained_answers": [],
        "other_outcomes": [],
        "other_answers": [],
    }


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_rule_explains_what_follows_from_it(rule: str, tmp_path: Path) -> None:
    found = compared(tmp_path, BY_RULE[rule], SAME).as_json()
    listed = found["explained_outcomes"] + found["explained_answers"]
    assert {(each["rule"], each["case"]) for each in listed} == {(rule, rule)}
    assert found["other_outcomes"] == found["other_answers"] == []
    assert rule.partition("+")[0] in as_text(compared(tmp_path, BY_RULE[rule]))


def test_what_no_rule_explains_is_listed_with_its_steps(tmp_path: Path) -> None:
    """An override is there, a single candidate too, and they have nothing to do with it."""
    odd = case(
        "odd",
        {"a 1.0.0": [], "a 1.1.0": [], "b 1.0.0": []},
        ["a", "b"],
        constraints=["a@1.0.0!"],
        answer={"a": "1.0.0", "b": "1.0.0"},
    )
    # Explained only if what was there were forgotten, and there is more than one candidate.
    moved = case(
        "moved",
        {"a 1.0.0": [], "a 1.1.0": []},
        ["a"],
        answer={"a": "1.1.0"},
        previousSolution={"a": "1.0.0"},
    )
    wrong = case("wrong", {"a 1.0.0": []}, ["a"], error="Conflict: no")
    comparison = compared(tmp_path, odd, moved, wrong)
    found = comparison.as_json()
    assert [each["case"] for each in found["other_outcomes"]] == ["wrong"]
    assert not comparison.is_explained
    difference, other = found["other_answers"]
    assert other["case"] == "moved"
    assert {"step": "new_root_minor", "graft": 0, "reference": 1} in difference["steps"]
    assert len(difference["steps"]) == 26
    assert found["explained_outcomes"] == found["explained_answers"] == []
    assert "new_root_minor" in as_text(comparison)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", 'no list "cases"'),
        ('{"cases": [{"id": 1, "input": {}}]}', "case 0: 'catalogCache' is missing"),
        (
            '{"cases": [{"input": {"dependencies": [], "constraints": ["a@1"], '
            '"catalogCache": {"data": {}}}, "answer": {}}]}',
            "case 0: ",
        ),
    ],
)
def test_a_file_that_is_none_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(text)
    with pytest.raises(UnreadableError) as raised:
        read_cases(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert message in str(raised.value)


def test_the_program(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": [SAME]}))
    command = [sys.executable, "-m", "bench.solver"]
    done = subprocess.run(
        [*command, "--cases", file, "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["same_answer"] == 1
    absent = subprocess.run(
        [*command, "--data", tmp_path / "none"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "nothing is compared" in absent.stderr
