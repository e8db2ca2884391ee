"""From a problem to its best answer, or to why there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import combinations

from graft.base.records import Record
from graft.resolve.flat.causes import Incompatibility, Kept, TooMany, Unanticipated
from graft.resolve.flat.check import check, may_stay
from graft.resolve.flat.order import Order
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Candidate, Problem
from graft.resolve.flat.rules import EVERY_NAME, Outline, Rules
from graft.resolve.flat.search import Search, UnsolvableError, any_answer


class Solution(Record, kw_only=False):
    """``chosen`` by name. ``unanticipated`` are those of the names whose version is a prerelease
    that nobody anticipated; ``without`` is then the proof that it does not go without them."""

    chosen: Mapping[str, Candidate]
    unanticipated: tuple[str, ...] = ()
    without: Incompatibility | None = None


class Kind(StrEnum):
    """Why there is no answer; the first that is true."""

    UNKNOWN_ROOT = "unknown-root"
    NO_VERSION = "no-version"
    UNKNOWN_PACKAGE = "unknown-package"
    CONFLICT = "conflict"
    INCOMPATIBLE = "incompatible-change"


class NoSolutionError(Exception):
    """``proof`` ends in the incompatibility that has no terms."""

    def __init__(self, kind: Kind, proof: Incompatibility) -> None:
        super().__init__(kind)
        self.kind = kind
        self.proof = proof


def solve(problem: Problem, packages: Packages) -> Solution:
    """The best answer: the previous one as long as it will do. Raises NoSolutionError.

    Prereleases that nobody anticipated are not considered as long as there is an answer without
    them. Where there is none, as few packages as possible get one.
    """
    if may_stay(problem):
        checked = check(problem, packages.catalogue)
        if not checked.unmet:
            return Solution(checked.chosen)
    _attempt(Kind.NO_VERSION, problem, packages, Outline(problem), roots_only=True)
    rules = Rules(problem)
    try:
        return _best(problem, packages, rules)
    except UnsolvableError as without:
        try:
            failures = _failures_of_prereleases(problem, packages, without.proof)
        except NoSolutionError:
            if not problem.outward:
                # The simplest thing first: what would have to be there at all, whatever the
                # versions are that packages ask of each other.
                _attempt(Kind.NO_VERSION, problem, packages, Outline(problem, knows_all=True))
                _attempt(Kind.UNKNOWN_PACKAGE, problem, packages, Outline(problem))
            raise
        relaxed = Rules(problem, admits=frozenset().union(*failures))
        limits = _limits(packages, relaxed, failures)
        found = _best(problem, packages, relaxed, limits)
        names = [
            name
            for name, candidate in found.chosen.items()
            if rules.is_unanticipated(packages.named(name), candidate)
        ]
        return Solution(found.chosen, tuple(names), without.proof)


def _best(
    problem: Problem, packages: Packages, rules: Rules, limits: Collection[Incompatibility] = ()
) -> Solution:
    search = Search(packages, rules.of_package, rules.of_group)
    order = Order(problem, packages, rules.allowed)
    for limit in limits:
        for number in limit.terms:
            search.load(packages.all[number])
        search.add(limit)
    for name in sorted(problem.roots):
        search.load(packages.named(name))
    search.run(order.wishes(search))
    return Solution(
        {name: packages.named(name).candidate(bit) for name, bit in search.answer().items()}
    )


def _failures_of_prereleases(
    problem: Problem, packages: Packages, proof: Incompatibility
) -> list[frozenset[str]]:
    """Sets of packages: of each set at least one needs a prerelease that nobody anticipated, and
    the smallest number of packages that does is enough. Raises NoSolutionError if none is.

    Each failure gives one set. The smallest choice that has one of each is tried; that either
    works, or there is a failure more.
    """
    failures = [_unanticipated(proof)]
    while failures[-1]:
        try:
            possible(problem, packages, Rules(problem, admits=_smallest(failures)))
        except UnsolvableError as unsolvable:
            proof = unsolvable.proof
            failures.append(_unanticipated(proof))
        else:
            return failures
    if any(isinstance(fact, Kept) for fact in proof.facts()):
        free = Rules(problem, admits=EVERY_NAME, keeps=False)
        _attempt(Kind.CONFLICT, problem, packages, free)
        raise NoSolutionError(Kind.INCOMPATIBLE, proof)
    raise NoSolutionError(Kind.CONFLICT, proof)


def _unanticipated(proof: Incompatibility) -> frozenset[str]:
    return frozenset(fact.name for fact in proof.facts() if isinstance(fact, Unanticipated))


def _apart(sets: Collection[frozenset[str]]) -> list[list[frozenset[str]]]:
    """Those that have a name in common, together: what is chosen of others has no say in them."""
    found: list[list[frozenset[str]]] = []
    for each in sets:
        near = [group for group in found if any(not each.isdisjoint(other) for other in group)]
        found = [group for group in found if group not in near]
        found.append([each, *(other for group in near for other in group)])
    return found


def _smallest(sets: Collection[frozenset[str]]) -> frozenset[str]:
    """The smallest choice that has one of each set, the first by name of several."""
    return frozenset().union(*map(_smallest_of, _apart(sets)))


def _smallest_of(sets: Collection[frozenset[str]]) -> frozenset[str]:
    forced = _forced(sets)
    left = [each for each in sets if forced.isdisjoint(each)]
    names = sorted(frozenset().union(*left))
    for size in range(len(names) + 1):
        for attempt in combinations(names, size):
            if all(not each.isdisjoint(attempt) for each in left):
                return forced.union(attempt)
    raise AssertionError("all of the names are a choice")


def _forced(sets: Collection[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(each for each in sets if len(each) == 1))


def _limits(
    packages: Packages, rules: Rules, sets: Collection[frozenset[str]]
) -> list[Incompatibility]:
    """That no more than the smallest number of packages get a prerelease nobody anticipated. It is
    about those that could do without one."""
    limits = []
    for group in _apart(sets):
        forced = _forced(group)
        most = len(_smallest_of(group)) - len(forced)
        free = [packages.named(name) for name in sorted(frozenset().union(*group) - forced)]
        limits += [
            Incompatibility(
                {package.number: rules.unanticipated(package) for package in several}, TooMany()
            )
            for several in combinations(free, most + 1)
        ]
    return limits


def possible(
    problem: Problem, packages: Packages, rules: Rules | Outline, *, roots_only: bool = False
) -> dict[str, int]:
    """Any answer at all: the bits by name. With ``roots_only``, whatever they ask for, which is
    not read then. Raises UnsolvableError."""
    search = Search(packages, rules.of_package, None if roots_only else rules.of_group)
    for name in sorted(problem.roots):
        search.load(packages.named(name))
    return any_answer(search)


def _attempt(
    kind: Kind,
    problem: Problem,
    packages: Packages,
    rules: Rules | Outline,
    *,
    roots_only: bool = False,
) -> None:
    try:
        possible(problem, packages, rules, roots_only=roots_only)
    except UnsolvableError as unsolvable:
        unknown = [name for name in problem.roots if not packages.named(name).is_known]
        raise NoSolutionError(Kind.UNKNOWN_ROOT if unknown else kind, unsolvable.proof) from None
