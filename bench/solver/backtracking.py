"""The same problems for resolvelib, pip's backtracking resolver.

It takes candidates in the order that it is given: the previous version first, then the newest. It
knows no wishes beyond that, so what it finds is an answer, and the best one by accident. What a
weak dependency says of a package is said of a shadow of it, which the package itself pins and which
is nothing where it is absent; shadows are decided last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver

from graft.resolve.flat.problem import Candidate, Catalogue, Problem
from graft.resolve.flat.rules import Rules
from graft.versions.ranges import ANY, Range

from .problems import only

ROUNDS = 200_000

# A package, or the shadow of one; which versions of it will do; whether its absence will.
Requirement = tuple[str, Range, bool]
Pin = tuple[str, Candidate | None]

_SHADOW = "?"


def backtracked(problem: Problem, catalogue: Catalogue, weak: frozenset[str]) -> dict[str, str]:
    """An answer by name. ``weak`` are the packages that somebody depends on weakly. Raises
    ResolutionImpossible."""
    resolver: Any = Resolver(_Provider(problem, catalogue, weak), BaseReporter())
    roots = [(name, ANY, False) for name in sorted(problem.roots)]
    mapping = resolver.resolve(roots, max_rounds=ROUNDS).mapping
    return {
        name: candidate.text
        for name, (_, candidate) in mapping.items()
        if candidate is not None and not name.startswith(_SHADOW)
    }


class _Provider(AbstractProvider[Requirement, Pin, str]):
    def __init__(self, problem: Problem, catalogue: Catalogue, weak: frozenset[str]) -> None:
        self._problem = problem
        self._catalogue = catalogue
        self._rules = Rules(problem)
        self._weak = weak
        self._candidates: dict[str, list[Candidate]] = {}

    def identify(self, requirement_or_candidate: Requirement | Pin) -> str:
        return requirement_or_candidate[0]

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Pin],  # noqa: ARG002
        candidates: Mapping[str, Iterator[Pin]],  # noqa: ARG002
        information: Mapping[str, Iterator[Any]],  # noqa: ARG002
        backtrack_causes: Sequence[Any],
    ) -> Any:
        # What conflicts first, then roots, then by name.
        causes = {cause.requirement[0] for cause in backtrack_causes}
        return (
            identifier.startswith(_SHADOW),
            identifier not in causes,
            identifier not in self._problem.roots,
            identifier,
        )

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requirement]],
        incompatibilities: Mapping[str, Iterator[Pin]],
    ) -> Iterable[Pin]:
        asked = list(requirements[identifier])
        refused = {candidate and candidate.text for _, candidate in incompatibilities[identifier]}
        may_be_absent = all(absence for _, _, absence in asked) and None not in refused
        found: list[Pin] = [(identifier, None)] if may_be_absent else []
        found += [
            (identifier, candidate)
            for candidate in self._versions(identifier.removeprefix(_SHADOW))
            if candidate.text not in refused
            and all(range.contains(candidate.version) for _, range, _ in asked)
        ]
        return found

    def is_satisfied_by(self, requirement: Requirement, candidate: Pin) -> bool:
        _, range, may_be_absent = requirement
        chosen = candidate[1]
        return may_be_absent if chosen is None else range.contains(chosen.version)

    def get_dependencies(self, candidate: Pin) -> Iterable[Requirement]:
        name, chosen = candidate
        if chosen is None or name.startswith(_SHADOW):
            return []
        found: list[Requirement] = []
        if name in self._weak:
            found.append((_SHADOW + name, only(chosen.version), False))
        for each in self._catalogue.dependencies(name, chosen):
            range = self._rules.range_of(each.name, each.constraint)
            found.append((_SHADOW + each.name if each.weak else each.name, range, each.weak))
        return found

    def _versions(self, name: str) -> list[Candidate]:
        """Those that the project admits, the most welcome first."""
        known = self._candidates.get(name)
        if known is None:
            previous = self._problem.previous.get(name)
            if name in self._problem.upgrade:
                previous = None
            every = self._catalogue.candidates(name) or ()
            known = sorted(
                [each for each in every if self._admits(name, each)],
                key=lambda each: (each.version == previous, each.version.key, each.text),
                reverse=True,
            )
            self._candidates[name] = known
        return known

    def _admits(self, name: str, candidate: Candidate) -> bool:
        problem, version = self._problem, candidate.version
        for about, constraint in problem.constraints:
            if about == name and not self._rules.range_of(name, constraint).contains(version):
                return False
        if version.prerelease:
            named = problem.anticipated.get(name)
            if named is None or not named.contains(version):
                return False
        previous = problem.previous.get(name)
        return (
            problem.incompatible
            or previous is None
            or name not in problem.roots
            or (version >= previous and version.major == previous.major)
        )


__all__ = ["ResolutionImpossible", "backtracked"]
