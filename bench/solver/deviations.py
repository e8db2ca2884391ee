"""Where graft is meant to answer otherwise than the reference, and the proof that it is that.

For each rule there is the same problem as the reference reads it. A difference is explained by a
rule if with it, and not without it, graft answers as the reference does.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from graft.base.records import replace
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Candidate, Catalogue, Dependency, Problem
from graft.resolve.flat.solve import Kind, NoSolutionError, solve
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint
from graft.versions.version import Version

from .steps import allowed

OVERRIDES, SINGLE, PRERELEASES, WRAPS = (
    "overrides",
    "single-candidate",
    "prereleases",
    "tilde-wraps",
)

RULES = {
    OVERRIDES: "an override beats the project's other constraints on its package as well, "
    "and is the same for every package",
    SINGLE: "a package with one candidate is not free: where that is incompatible with what "
    "was there, it counts",
    PRERELEASES: "prereleases that nobody anticipated are avoided as long as that changes no "
    "root incompatibly, not at all costs",
    WRAPS: "~1.2.3_2 does not admit 1.2.3",
}

SOLVED = "solved"

ERRORS = {
    Kind.UNKNOWN_ROOT: "E1",
    Kind.NO_VERSION: "E2",
    Kind.UNKNOWN_PACKAGE: "E3",
    Kind.CONFLICT: "E4",
    Kind.INCOMPATIBLE: "E5",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kind`` is solved, or E1 to E5 as the reference numbers its errors."""

    kind: str
    answer: dict[str, str] | None = None


def outcome(problem: Problem, catalogue: Catalogue, rules: Set[str] = frozenset()) -> Outcome:
    """What graft answers where these rules are as in the reference."""
    if OVERRIDES in rules:
        problem = _overrides(problem)
    if WRAPS in rules:
        catalogue = _Unwrapped(catalogue)
        bound = [(name, _unwrapped(each)) for name, each in problem.constraints]
        problem = replace(problem, constraints=tuple(bound))
    if SINGLE in rules:
        problem = _single(problem, catalogue)
    try:
        found = solve(problem, Packages(catalogue))
    except NoSolutionError as error:
        return Outcome(ERRORS[error.kind])
    if PRERELEASES in rules and not problem.incompatible:
        free = solve(replace(problem, incompatible=True), Packages(catalogue))
        if len(free.unanticipated) < len(found.unanticipated):
            return Outcome(ERRORS[Kind.INCOMPATIBLE])
    return Outcome(SOLVED, {name: each.text for name, each in found.chosen.items()})


def explained(problem: Problem, catalogue: Catalogue, theirs: Outcome) -> tuple[str, ...]:
    """The fewest rules with which graft gives that answer, or for an error one of that kind."""
    for rules in _combinations():
        if outcome(problem, catalogue, frozenset(rules)) == theirs:
            return rules
    return ()


def _combinations() -> Iterator[tuple[str, ...]]:
    for size in range(1, len(RULES) + 1):
        yield from combinations(RULES, size)


def _overrides(problem: Problem) -> Problem:
    """Among the project's own constraints none is weakened, and of one package none at all."""
    overridden = {name for name, each in problem.constraints if each.override}
    bound = [
        (name, replace(each, override=name in overridden and name != "meteor-tool"))
        for name, each in problem.constraints
    ]
    return replace(problem, constraints=tuple(bound))


def _single(problem: Problem, catalogue: Catalogue) -> Problem:
    """What there is one version of was not there before; but for roots that are upgraded."""
    upgraded = problem.upgrade & set(problem.roots)
    return replace(
        problem,
        previous={
            name: version
            for name, version in problem.previous.items()
            if name in upgraded or len(allowed(problem, catalogue, name)) != 1
        },
    )


class _Unwrapped:
    """A catalogue in which ``~`` takes no notice of wraps."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def candidates(self, name: str) -> Any:
        return self._catalogue.candidates(name)

    def candidate(self, name: str, version: Version) -> Candidate | None:
        return self._catalogue.candidate(name, version)

    def dependencies(self, name: str, candidate: Candidate) -> list[Dependency]:
        return [
            replace(each, constraint=_unwrapped(each.constraint))
            for each in self._catalogue.dependencies(name, candidate)
        ]


def _unwrapped(constraint: Constraint) -> Constraint:
    if "~" not in constraint.text or "_" not in constraint.text:
        return constraint
    alternatives = [
        each.partition("_")[0] if each.startswith("~") else each
        for each in constraint.text.removesuffix("!").replace(" ", "").split("||")
    ]
    return replace(constraint, range=parse_constraint("||".join(alternatives)).range)
