"""Where there is no answer: what the explanation names is needed for that, and what it offers
works."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from graft.base.records import replace
from graft.resolve.flat.causes import Asks, Bound, Incompatibility, Kept, Root
from graft.resolve.flat.core import Core, Statement, refutation
from graft.resolve.flat.derivation import Explanation, explained
from graft.resolve.flat.packages import ABSENT, Packages
from graft.resolve.flat.problem import Candidate, Problem
from graft.resolve.flat.remedies import Change, Edit, edit_lines, remedies
from graft.resolve.flat.rules import Rules
from graft.resolve.flat.solve import NoSolutionError, solve
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint
from graft.versions.index_dependency import parse_dependency
from harness.flat_problems import random_fields

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from solver.problems import Written, WrittenCatalogue, problem_of

CHUNKS = 8
EACH = 3 * settings().max_examples


def packages(catalog: Written) -> Packages:
    return Packages(WrittenCatalogue(catalog))


def problem(asked: Iterable[str], **more: Any) -> Problem:
    """Of a project that asks for these, as ``name@constraint``."""
    said = list(asked)
    names = [text.partition("@")[0] for text in said]
    return problem_of({"dependencies": names, "constraints": said} | more)


def spell(change: Change, _: str, candidate: Candidate) -> Constraint:
    """How a project of index packages asks for a version."""
    text = candidate.text if change is Change.ASK else f"={candidate.text}"
    return parse_constraint(f"{text}!" if change is Change.OVERRIDE else text)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_failure_has_a_minimal_true_core_and_edits_that_work(chunk: int) -> None:
    failures = 0
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        fields = random_fields(random.Random(seed))
        catalog, asked = fields["catalogue"], problem_of(fields)
        known = packages(catalog)
        try:
            solve(asked, known)
        except NoSolutionError as error:
            failures += 1
            explanation = explained(known, error.proof)
            _check_minimal(known, explanation.core)
            for each in explanation.core.statements:
                _check_true(known, catalog, asked, each)
            _check_steps(explanation)
            for edits in remedies(asked, known, explanation.core, spell):
                solve(_edited(asked, edits), packages(catalog))
    assert failures > EACH / 10


def _check_minimal(known: Packages, core: Core) -> None:
    assert refutation(known, core.statements) is not None
    for each in core.statements:
        others = [other for other in core.statements if other is not each]
        assert refutation(known, others) is None, each.cause


def _check_true(known: Packages, catalog: Written, asked: Problem, said: Incompatibility) -> None:
    """What a statement excludes is excluded, as the catalogue and the problem have it."""
    assert isinstance(said.cause, Statement)
    rules = Rules(asked)
    for fact in said.cause.facts:
        if isinstance(fact, Root):
            assert fact.name in asked.roots
        elif isinstance(fact, Bound):
            assert (fact.name, fact.constraint) in asked.constraints
        elif isinstance(fact, Kept):
            assert asked.previous[fact.name] == fact.previous
            assert fact.name in asked.roots
    first = said.cause.facts[0]
    if isinstance(first, Asks):
        owner, target = known.named(first.owner), known.named(first.name)
        texts = {each.constraint.text for each in said.cause.facts if isinstance(each, Asks)}
        for number in owner.numbers(said.terms[owner.number]):
            candidate = owner.candidates[number]
            written = map(parse_dependency, catalog[owner.name][candidate.text])
            (one,) = [each for each in written if each.name == first.name]
            assert one.constraint.text in texts
            admitted = target.admitted(rules.range_of(first.name, one.constraint))
            refused = said.terms.get(target.number, target.all)
            assert not refused & admitted
            assert not (one.weak and refused & ABSENT)


def _check_steps(explanation: Explanation) -> None:
    """Every requirement is used, every step but the last is built on, and the last ends it."""
    used = {text for step in explanation.steps for text in step.because}
    assert used == set(explanation.requirements)
    built = {number for step in explanation.steps for number in step.builds_on}
    assert built == set(range(1, len(explanation.steps)))
    assert explanation.steps[-1].so == "there is no answer"
    assert len(explanation.lines()) == len(explanation.steps)


def _edited(asked: Problem, edits: tuple[Edit, ...]) -> Problem:
    """The problem of a project whose owner did as told."""
    for edit in edits:
        others = tuple(each for each in asked.constraints if each[0] != edit.name)
        own = ((edit.name, edit.constraint),) if edit.constraint else ()
        asked = replace(asked, constraints=(*others, *own))
        if edit.change is Change.DROP:
            roots = tuple(name for name in asked.roots if name != edit.name)
            asked = replace(asked, roots=roots)
    return asked


def _why(catalog: Written, asked: Problem) -> tuple[list[str], list[str]]:
    known = packages(catalog)
    with pytest.raises(NoSolutionError) as raised:
        solve(asked, known)
    explanation = explained(known, raised.value.proof)
    offered = remedies(asked, known, explanation.core, spell)
    return explanation.lines(), ["; ".join(edit_lines(edits)) for edits in offered]


def test_two_who_ask_for_different_majors() -> None:
    catalog: Written = {
        "app": {"1.0.0": ["lib@1.0.0"], "1.1.0": ["lib@1.2.0"]},
        "plugin": {"3.0.0": ["lib@2.0.0"]},
        "lib": {"1.0.0": [], "1.2.0": [], "2.0.0": []},
    }
    lines, offered = _why(catalog, problem(["app@1.0.0", "plugin@3.0.0"]))
    assert lines == [
        "Because every version of app asks for lib@1.0.0 or lib@1.2.0, and plugin 3.0.0 asks for "
        "lib@2.0.0, app and plugin 3.0.0 cannot be chosen together.",
        "And because the project asks for app, plugin 3.0.0 cannot be chosen.",
        "And because the project asks for plugin, there is no answer.",
    ]
    assert offered == ["ask for lib@=2.0.0!"]


def test_versions_with_one_cause_are_one_line() -> None:
    catalog: Written = {
        "app": {f"1.{minor}.0": [f"lib@1.{minor}.0"] for minor in range(20)},
        "lib": {"1.0.0": [], "2.0.0": []},
    }
    lines, _ = _why(catalog, problem(["app", "lib@2.0.0"]))
    assert lines == [
        "Because the project wants lib@2.0.0, and every version of app asks for lib@1.0.0, "
        "lib@1.1.0 or 18 others, no version of app can be chosen.",
        "And because the project asks for app, there is no answer.",
    ]


def test_a_root_that_would_have_to_change_incompatibly() -> None:
    catalog: Written = {
        "tool": {"1.0.0": ["lib@2.0.0"]},
        "lib": {"1.4.0": [], "2.0.0": []},
    }
    lines, offered = _why(catalog, problem(["tool", "lib"], previousSolution={"lib": "1.4.0"}))
    assert lines == [
        "Because the project asks for tool, and tool 1.0.0 asks for lib@2.0.0, lib 2.0.0 is "
        "needed.",
        "And because lib was 1.4.0 and may not change incompatibly, there is no answer.",
    ]
    assert offered == ["ask for lib@=2.0.0"]


def test_a_single_candidate_is_not_free() -> None:
    """An incompatible change that only the lack of another version brings is said as well."""
    lines, offered = _why(
        {"lib": {"2.0.0": []}}, problem(["lib"], previousSolution={"lib": "1.0.0"})
    )
    assert lines == [
        "Because the project asks for lib, and lib was 1.0.0, with which no version is compatible, "
        "there is no answer."
    ]
    assert offered == ["ask for lib@=2.0.0"]


def test_what_is_not_there_at_all() -> None:
    catalog: Written = {"app": {"1.0.0": ["gone@1.0.0"]}, "lib": {"1.0.0": []}}
    assert _why(catalog, problem(["nothing", "app"])) == (
        ["Because the project asks for nothing (no such package), there is no answer."],
        ["do without app; do without nothing"],
    )
    assert _why(catalog, problem(["lib@1.2.0"])) == (
        [
            "Because the project asks for lib@1.2.0 (no such version; the newest is 1.0.0), there "
            "is no answer."
        ],
        ["ask for lib@1.0.0 instead of lib@1.2.0"],
    )
    lines, _ = _why(catalog, problem(["app"]))
    assert lines == [
        "Because the project asks for app, and app 1.0.0 asks for gone@1.0.0 (no such package), "
        "there is no answer."
    ]


def test_several_conflicts_are_mended_together() -> None:
    catalog: Written = {
        "left": {"1.0.0": ["a@1.0.0", "b@1.0.0"]},
        "right": {"1.0.0": ["a@2.0.0", "b@2.0.0"]},
        "a": {"1.0.0": [], "2.0.0": []},
        "b": {"1.0.0": [], "2.0.0": []},
    }
    _, offered = _why(catalog, problem(["left", "right"]))
    assert offered == ["ask for a@=2.0.0!; ask for b@=2.0.0!"]


def test_prereleases_that_nobody_anticipated_are_said_with_the_reason() -> None:
    catalog: Written = {
        "app": {"1.0.0": ["lib@2.0.0-beta.1"]},
        "lib": {"1.0.0": [], "2.0.0-beta.1": [], "2.0.0-beta.2": []},
    }
    known = packages(catalog)
    found = solve(problem(["app"]), known)
    assert found.chosen["lib"].text == "2.0.0-beta.2"
    assert found.unanticipated == ("lib",)
    assert found.without is not None
    assert explained(known, found.without).lines() == [
        "Because the project asks for app, and app 1.0.0 asks for lib@2.0.0-beta.1, "
        "lib 2.0.0-beta.1 and later is needed.",
        "And because neither the project nor its lock names a prerelease of lib, there is no "
        "answer.",
    ]
    named = solve(
        problem(["app"], anticipatedPrereleases={"lib": ["2.0.0-beta.1"]}), packages(catalog)
    )
    assert named.chosen["lib"].text == "2.0.0-beta.1"
    assert named.unanticipated == ()


def test_prereleases_of_many_that_have_nothing_to_do_with_each_other() -> None:
    """Of each pair one has to have a prerelease: which is tried for each pair by itself."""
    pairs = range(14)
    catalog: dict[str, dict[str, list[str]]] = {"app": {"1.0.0": [f"top{n}" for n in pairs]}}
    for n in pairs:
        catalog[f"top{n}"] = {"1.0.0": [f"left{n}@2.0.0-rc.1"], "1.1.0": [f"right{n}@2.0.0-rc.1"]}
        catalog[f"left{n}"] = catalog[f"right{n}"] = {"1.0.0": [], "2.0.0-rc.1": []}
    found = solve(problem(["app"]), packages(catalog))
    assert found.unanticipated == tuple(sorted(f"right{n}" for n in pairs))
