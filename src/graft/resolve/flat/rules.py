"""What a problem excludes: of single packages, and of each with what it asks for."""

from __future__ import annotations

from collections.abc import Container, Iterator

from graft.resolve.flat.causes import Asks, Bound, Incompatibility, Kept, Root, Unanticipated
from graft.resolve.flat.packages import ABSENT, Group, Package
from graft.resolve.flat.problem import Candidate, Problem
from graft.versions.constraint import Constraint
from graft.versions.ranges import Range


class _EveryName(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


EVERY_NAME = _EveryName()


class Rules:
    """``admits`` are the packages of which prereleases may be taken that nobody anticipated.
    ``keeps`` holds roots to what they were."""

    def __init__(
        self, problem: Problem, *, admits: Container[str] = (), keeps: bool = True
    ) -> None:
        self._problem = problem
        self._admits = admits
        self._keeps = keeps and not problem.incompatible
        self._roots = frozenset(problem.roots)
        self._constraints: dict[str, list[Constraint]] = {}
        for name, constraint in problem.constraints:
            self._constraints.setdefault(name, []).append(constraint)
        self._overridden = {name for name, each in problem.constraints if each.override}
        self._allowed: dict[int, int] = {}

    def allowed(self, package: Package) -> int:
        """The candidates that the project's own constraints leave."""
        mask = self._allowed.get(package.number)
        if mask is None:
            mask = package.all & ~ABSENT
            for constraint in self._constraints.get(package.name, ()):
                mask &= package.admitted(self.range_of(package.name, constraint))
            self._allowed[package.number] = mask
        return mask

    def of_package(self, package: Package) -> Iterator[Incompatibility]:
        name, everything = package.name, package.all
        if name in self._roots:
            yield Incompatibility({package.number: ABSENT}, Root(name=name))
        for constraint in self._constraints.get(name, ()):
            admitted = package.admitted(self.range_of(name, constraint))
            refused = everything & ~admitted & ~ABSENT
            if refused:
                yield Incompatibility(
                    {package.number: refused}, Bound(name=name, constraint=constraint)
                )
        unwelcome = self.unanticipated(package)
        if unwelcome and name not in self._admits:
            yield Incompatibility({package.number: unwelcome}, Unanticipated(name=name))
        previous = self._problem.previous.get(name)
        if self._keeps and previous is not None and name in self._roots and not self._pinned(name):
            changed = everything & ~ABSENT & ~compatible(package, previous.key)
            if changed:
                yield Incompatibility({package.number: changed}, Kept(name=name, previous=previous))

    def unanticipated(self, package: Package) -> int:
        """Prereleases that neither the project nor the lock names."""
        if not package.prereleases:
            return 0
        named = self._problem.anticipated.get(package.name)
        return package.prereleases & ~(package.admitted(named) if named else 0)

    def is_unanticipated(self, package: Package, candidate: Candidate) -> bool:
        return bool(self.unanticipated(package) & 2 << package.candidates.index(candidate))

    def of_group(self, group: Group) -> Incompatibility | None:
        """What some candidates' asking for another package excludes; None for nothing."""
        dependency, target = group.dependency, group.target
        admitted = target.admitted(self.range_of(target.name, dependency.constraint))
        if dependency.optional and not admitted:
            return None
        refused = target.all & ~admitted
        if dependency.weak:
            refused &= ~ABSENT
        terms = {group.owner.number: group.mask}
        if target is group.owner:
            refused &= group.mask
            terms = {target.number: refused}
        elif refused != target.all:
            terms[target.number] = refused
        if not refused:
            return None
        return Incompatibility(terms, asks(group))

    def range_of(self, name: str, constraint: Constraint) -> Range:
        """Where the project overrides, all else only says from which version on."""
        weak = name in self._overridden and not constraint.override
        return constraint.at_least if weak else constraint.range

    def _pinned(self, name: str) -> bool:
        """Who names one version has agreed to whatever it is."""
        return any(c.exact is not None for c in self._constraints.get(name, ()))


class Outline:
    """The same problem without what packages say of each other's versions. With ``knows_all``,
    packages that do not exist are no obstacle."""

    def __init__(self, problem: Problem, *, knows_all: bool = False) -> None:
        self._rules = Rules(problem, admits=EVERY_NAME, keeps=False)
        self._knows_all = knows_all

    def of_package(self, package: Package) -> Iterator[Incompatibility]:
        return self._rules.of_package(package)

    def of_group(self, group: Group) -> Incompatibility | None:
        dependency, target = group.dependency, group.target
        if dependency.weak or target is group.owner:
            return None
        if not target.is_known and (self._knows_all or dependency.optional):
            return None
        terms = {group.owner.number: group.mask}
        if target.all != ABSENT:
            terms[target.number] = ABSENT
        return Incompatibility(terms, asks(group))


def asks(group: Group) -> Asks:
    dependency = group.dependency
    return Asks(
        owner=group.owner.name,
        name=dependency.name,
        constraint=dependency.constraint,
        weak=dependency.weak,
        optional=dependency.optional,
        peer=dependency.peer,
    )


def compatible(package: Package, previous: tuple[object, ...]) -> int:
    """Candidates of the same major that are not older."""
    mask = 0
    for at, key in enumerate(package.keys):
        if key >= previous and key[0] == previous[0]:
            mask |= 2 << at
    return mask
