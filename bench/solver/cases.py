"""Problems with the reference's answers: where graft answers the same, and why not elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graft.resolve.flat.problem import Problem
from graft.versions.mistakes import MalformedError

from .deviations import RULES, SOLVED, Outcome, explained, outcome
from .problems import WrittenCatalogue, catalogue_of, problem_of
from .steps import steps_of

# What the reference's errors say, in the order in which it comes to them.
_ERRORS = (
    ("E1", "in top-level dependencies"),
    ("E2", "No version of "),
    ("E3", "Required by: "),
    ("E4", "Conflict: "),
    ("E5", "Potentially incompatible change"),
)


class UnreadableError(Exception):
    """The file is not what it should be; the message says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str | int
    problem: Problem
    catalogue: WrittenCatalogue
    theirs: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``rules`` explain it, if any. The steps are there where both have an answer."""

    case: str | int
    ours: Outcome
    theirs: Outcome
    rules: tuple[str, ...]
    our_steps: Sequence[tuple[str, int]] = ()
    their_steps: Sequence[tuple[str, int]] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"rule": "+".join(self.rules)} if self.rules else {}
        shown |= {"case": self.case, "graft": self.ours.kind, "reference": self.theirs.kind}
        if self.our_steps:
            shown["steps"] = [
                {"step": name, "graft": ours, "reference": theirs}
                for (name, ours), (_, theirs) in zip(self.our_steps, self.their_steps, strict=True)
            ]
        return shown


@dataclass(slots=True)
class Comparison:
    """``solvable`` are the cases that the reference solves, so those where graft finds no solution
    are among the differences of outcomes and among those of answers."""

    cases: int = 0
    same_outcome: int = 0
    solvable: int = 0
    same_answer: int = 0
    outcomes: list[Difference] = field(default_factory=list)
    answers: list[Difference] = field(default_factory=list)

    @property
    def is_explained(self) -> bool:
        return all(each.rules for each in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        def select(differences: Sequence[Difference], *, explained: bool) -> list[dict[str, Any]]:
            return [each.as_json() for each in differences if bool(each.rules) == explained]

        return {
            "cases": self.cases,
            "same_outcome": self.same_outcome,
            "solvable": self.solvable,
            "same_answer": self.same_answer,
            "explained_outcomes": select(self.outcomes, explained=True),
            "explained_answers": select(self.answers, explained=True),
            "other_outcomes": select(self.outcomes, explained=False),
            "other_answers": select(self.answers, explained=False),
        }


def read_cases(path: Path) -> list[Case]:
    """Raises UnreadableError."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UnreadableError(f"{path}: not JSON: {error}") from None
    cases = written.get("cases") if isinstance(written, dict) else None
    if not isinstance(cases, list):
        raise UnreadableError(f'{path}: no list "cases" in it')
    return [_read(path, at, each) for at, each in enumerate(cases)]


def compare(cases: Sequence[Case]) -> Comparison:
    found = Comparison()
    for case in cases:
        ours, theirs = outcome(case.problem, case.catalogue), case.theirs
        found.cases += 1
        found.same_outcome += ours.kind == theirs.kind
        found.solvable += theirs.kind == SOLVED
        if ours == theirs:
            found.same_answer += theirs.kind == SOLVED
            continue
        difference = _difference(case, ours)
        if ours.kind != theirs.kind:
            found.outcomes.append(difference)
        if theirs.kind == SOLVED:
            found.answers.append(difference)
    return found


def outcome_of(written: Mapping[str, Any]) -> Outcome:
    """The reference's; ValueError or KeyError if nothing of the kind is there."""
    answer = written.get("answer", written.get("result", {}).get("answer"))
    if answer is not None:
        return Outcome(SOLVED, dict(answer))
    error = written["error"]
    for kind, text in _ERRORS:
        if text in error:
            return Outcome(kind)
    raise ValueError(f"an error of no known kind: {error!r}")


def as_text(found: Comparison) -> str:
    def count(differences: Sequence[Difference], *, explained: bool) -> int:
        return sum(bool(each.rules) == explained for each in differences)

    lines = [
        f"{found.cases} cases",
        f"same kind of outcome   {found.same_outcome} of {found.cases}; "
        f"{count(found.outcomes, explained=True)} differ by a rule, "
        f"{count(found.outcomes, explained=False)} otherwise",
        f"same answer            {found.same_answer} of {found.solvable} that the reference "
        f"solves; "
        f"{count(found.answers, explained=True)} differ by a rule (a solution of the reference's "
        f"that graft refuses counts here too), {count(found.answers, explained=False)} otherwise",
    ]
    for rule, meaning in RULES.items():
        of_rule = [each for each in _all(found) if rule in each.rules]
        if of_rule:
            lines += ["", f"{rule}: {meaning}"]
            lines += [
                f"  case {each.case}: graft {each.ours.kind}, reference {each.theirs.kind}"
                + (f" (with {', '.join(others)})" if (others := set(each.rules) - {rule}) else "")
                for each in of_rule
            ]
    for each in _all(found):
        if not each.rules:
            lines += ["", *_side_by_side(each)]
    return "\n".join(lines)


def _read(path: Path, at: int, written: Any) -> Case:
    try:
        name = written.get("id", written.get("name", written.get("test", at)))
        if "input" in written:
            fields = written["input"]
            packages = catalogue_of(fields["catalogCache"]["data"])
        else:
            fields = written | written["options"]
            packages = catalogue_of(written["catalog"])
        return Case(
            name=name,
            problem=problem_of(fields),
            catalogue=WrittenCatalogue(packages),
            theirs=outcome_of(written),
        )
    except (MalformedError, LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise UnreadableError(f"{path}: case {at}: {what}") from None


def _difference(case: Case, ours: Outcome) -> Difference:
    theirs = case.theirs
    steps = [
        steps_of(each.answer, case.problem, case.catalogue)
        for each in (ours, theirs)
        if each.answer is not None
    ]
    both = len(steps) == 2
    return Difference(
        case=case.name,
        ours=ours,
        theirs=theirs,
        rules=explained(case.problem, case.catalogue, theirs),
        our_steps=steps[0] if both else (),
        their_steps=steps[1] if both else (),
    )


def _all(found: Comparison) -> list[Difference]:
    return found.outcomes + [each for each in found.answers if each not in found.outcomes]


def _side_by_side(each: Difference) -> list[str]:
    lines = [f"case {each.case}: graft {each.ours.kind}, reference {each.theirs.kind}"]
    ours, theirs = each.ours.answer or {}, each.theirs.answer or {}
    lines += [
        f"  {name}: graft {ours.get(name, '-')}, reference {theirs.get(name, '-')}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]
    if each.our_steps:
        lines.append(f"  {'step':<28}{'graft':>6}{'reference':>10}")
    for (step, our), (_, their) in zip(each.our_steps, each.their_steps, strict=True):
        mark = "   <-" if our != their else ""
        lines.append(f"  {step:<28}{our:>6}{their:>10}{mark}")
    return lines
