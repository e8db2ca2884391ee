"""Is the previous answer still the answer? Found without reading any version but those it has.

It is if everything holds, nothing in it has become superfluous, and nobody asks for more: every
package then has what it had, which no wish prefers anything to. So a search would end with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from graft.base.records import Record
from graft.resolve.flat.problem import Candidate, Catalogue, Dependency, Problem
from graft.resolve.flat.rules import Rules


class Lack(StrEnum):
    """What is wrong with a package of the previous answer."""

    MISSING = "missing"  # it is asked for, and not there
    GONE = "gone"  # the catalogue no longer has that version
    EXCLUDED = "excluded"  # somebody asks for another version
    UNANTICIPATED = "unanticipated"  # a prerelease that nobody names
    SUPERFLUOUS = "superfluous"  # nobody asks for it


class Unmet(Record, kw_only=False):
    """``owner`` is the package that asks; empty where the project does."""

    name: str
    lack: Lack
    owner: str = ""


class Checked(Record, kw_only=False):
    """``chosen`` is the previous answer, by name in order, if nothing is unmet."""

    unmet: tuple[Unmet, ...]
    chosen: Mapping[str, Candidate] = {}


def may_stay(problem: Problem) -> bool:
    """Whether there is a previous answer, and nothing newer is asked for than it has."""
    return bool(problem.previous) and not problem.upgrade and not problem.patches


def check(problem: Problem, catalogue: Catalogue) -> Checked:
    """What the previous answer does not satisfy. If that is nothing and it ``may_stay``, it is the
    answer. What the project itself says comes first; only where that holds is anything read."""
    rules = Rules(problem)
    unmet = tuple(_unmet_by_project(problem, rules))
    if unmet:
        return Checked(unmet)
    chosen: dict[str, Candidate] = {}
    asked: dict[str, Iterable[Dependency]] = {}
    gone = []
    for name, version in sorted(problem.previous.items()):
        candidate = catalogue.candidate(name, version)
        if candidate is None:
            gone.append(Unmet(name, Lack.GONE))
        else:
            chosen[name] = candidate
            asked[name] = catalogue.dependencies(name, candidate)
    unmet = (*gone, *_unmet_by_packages(problem, rules, asked))
    return Checked(unmet, {} if unmet else chosen)


def _unmet_by_project(problem: Problem, rules: Rules) -> Iterator[Unmet]:
    previous = problem.previous
    for name in sorted(problem.roots):
        if name not in previous:
            yield Unmet(name, Lack.MISSING)
    for name, constraint in problem.constraints:
        version = previous.get(name)
        if version is not None and not rules.range_of(name, constraint).contains(version):
            yield Unmet(name, Lack.EXCLUDED)
    for name, version in previous.items():
        if version.prerelease:
            named = problem.anticipated.get(name)
            if named is None or not named.contains(version):
                yield Unmet(name, Lack.UNANTICIPATED)


def _unmet_by_packages(
    problem: Problem, rules: Rules, asked: Mapping[str, Iterable[Dependency]]
) -> Iterator[Unmet]:
    previous = problem.previous
    for owner, dependencies in asked.items():
        for dependency in dependencies:
            name = dependency.name
            version = previous.get(name)
            if version is None:
                if not dependency.weak:
                    yield Unmet(name, Lack.MISSING, owner)
            elif not rules.range_of(name, dependency.constraint).contains(version):
                yield Unmet(name, Lack.EXCLUDED, owner)
    reached = dict.fromkeys(problem.roots)
    todo = list(reached)
    while todo:
        for dependency in asked.get(todo.pop(), ()):
            if not dependency.weak and dependency.name not in reached:
                reached[dependency.name] = None
                todo.append(dependency.name)
    for name in asked:
        if name not in reached:
            yield Unmet(name, Lack.SUPERFLUOUS)
