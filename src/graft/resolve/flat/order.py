"""What is best: the order in which wishes are granted.

Level by level over all packages, and within a level by name: what roots were, what was asked to be
upgraded, what all others were, what is new. A wish of a later level never costs one of an earlier
level anything; majors of all come before minors of all. What a publisher discourages
is, of what is new or upgraded, taken only where nothing else will do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from graft.resolve.flat.packages import ABSENT, Package, Packages
from graft.resolve.flat.prices import LEVELS, Price, ages, distances, newness
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.search import Search, Wish

_EVERY = 1 + LEVELS  # before the four, whether it is incompatible or discouraged


class Order:
    """The wishes for a problem. ``allowed`` are the candidates of a package that the project's own
    constraints leave it; they alone are priced."""

    def __init__(
        self, problem: Problem, packages: Packages, allowed: Callable[[Package], int]
    ) -> None:
        self._problem = problem
        self._packages = packages
        self._allowed = allowed
        roots = set(problem.roots)
        had = set(problem.previous)
        self._upgraded = sorted(problem.upgrade)
        self._old_roots = sorted((roots & had) - problem.upgrade)
        self._all_old_roots = sorted(roots & had)
        self._old_others = sorted(had - roots)
        self._new_roots = sorted(roots - had)
        self._named = sorted(roots | had | problem.upgrade)

    def wishes(self, search: Search) -> Callable[[int], Sequence[Wish] | None]:
        """What ``search`` is to ask for more wishes."""

        def ask(times: int) -> Sequence[Wish] | None:
            if times == 0:
                first = self._first(search)
                if first:
                    return first
            following = self._next_ring if self._problem.outward else self._rest
            # No more trade between what was named and what nobody named.
            return self._undecided(search) or following(search)

        return ask

    def _first(self, search: Search) -> Sequence[Wish]:
        """All wishes for packages that are roots, were there before, or are to be upgraded."""
        problem = self._problem
        for name in self._named:
            search.load(self._packages.named(name))
        upgrades = self._levels(self._upgraded, _newest)
        incompatible = self._levels(self._all_old_roots, self._distances, range(1))
        return [
            *(upgrades + incompatible if problem.incompatible else incompatible + upgrades),
            *self._levels(self._old_roots, self._distances, range(1, _EVERY)),
            *self._levels(self._old_others, self._other_distances),
            *self._levels(self._new_roots, _newest),
        ]

    def _rest(self, search: Search) -> Sequence[Wish] | None:
        """All wishes for the packages that may still come in; None once for each time that there
        are more than were known."""
        reached = self._reached(search)
        if reached is None:
            return None
        new = sorted(reached - set(self._named))
        wishes = [
            *self._levels(new, _oldest),
            *((self._packages.named(name).number, (ABSENT,)) for name in sorted(reached)),
            *self._ties(new),
        ]
        return wishes if search.leaves_open(wishes) else ()

    def _undecided(self, search: Search) -> Sequence[Wish]:
        """Where wishes leave several versions of what the project named, the newest of these; but
        it is for others to say whether it is there at all."""
        wishes: list[Wish] = []
        for name in self._named:
            number = self._packages.named(name).number
            versions = search.domains[number] & ~ABSENT
            if versions & versions - 1:
                wishes.append((number, (1 << versions.bit_length() - 1 | ABSENT,)))
        return wishes

    def _next_ring(self, search: Search) -> Sequence[Wish]:
        """All wishes for the packages next to those that are decided: the nearest that are not,
        counted in steps from the roots. What lies behind is not read before that."""
        domains = search.domains
        ring = [self._packages.named(name) for name in sorted(self._problem.roots)]
        seen = {package.number for package in ring}
        while ring:
            names = [package.name for package in ring if domains[package.number].bit_count() > 1]
            if names:
                return [*self._levels(names, _newest), *self._ties(names)]
            targets = {
                group.target
                for package in ring
                for group in package.groups
                if group.mask & domains[package.number]
                # What is surely there: nobody else has to ask for it.
                and not (group.dependency.weak or domains[group.target.number] & ABSENT)
                and group.target.number not in seen
            }
            ring = sorted(targets, key=lambda package: package.name)
            seen |= {package.number for package in ring}
        return ()

    def _reached(self, search: Search) -> set[str] | None:
        """What the open choices can lead to."""
        domains = search.domains
        packages = self._packages.all
        found = [
            p
            for p in packages[: len(domains)]
            if domains[p.number] and not domains[p.number] & ABSENT
        ]
        seen = {p.number for p in found}
        more = False
        for package in found:
            search.open(package)
            for group in package.groups:
                target = group.target
                if group.dependency.weak or not group.mask & domains[package.number]:
                    continue
                if not domains[target.number]:
                    search.load(target)
                    more = True
                if target.number not in seen:
                    seen.add(target.number)
                    found.append(target)
        return None if more else {p.name for p in found}

    def _distances(self, package: Package, numbers: Sequence[int]) -> list[Price]:
        previous = self._problem.previous[package.name].key
        return distances([package.keys[n] for n in numbers], previous, patched=False)

    def _other_distances(self, package: Package, numbers: Sequence[int]) -> list[Price]:
        previous = self._problem.previous[package.name].key
        keys = [package.keys[n] for n in numbers]
        return distances(keys, previous, patched=self._problem.patches)

    def _levels(
        self,
        names: Iterable[str],
        price: Callable[[Package, Sequence[int]], list[Price]],
        levels: Collection[int] = range(_EVERY),
    ) -> list[Wish]:
        priced = []
        for name in names:
            package = self._packages.named(name)
            numbers = package.numbers(self._allowed(package))
            if numbers:
                priced.append((package, numbers, price(package, numbers)))
        wishes: list[Wish] = []
        for level in levels:
            for package, numbers, prices in priced:
                masks = {0: ABSENT}  # what is not chosen costs nothing
                for number, row in zip(numbers, prices, strict=True):
                    masks[row[level]] = masks.get(row[level], 0) | 2 << number
                if len(masks) > 1:
                    wishes.append((package.number, [masks[cost] for cost in sorted(masks)]))
        return wishes

    def _ties(self, names: Iterable[str]) -> list[Wish]:
        """Where nothing else decides, the newest."""
        wishes: list[Wish] = []
        for name in names:
            package = self._packages.named(name)
            numbers = package.numbers(self._allowed(package))
            if len(numbers) > 1:
                wishes.append((package.number, [2 << n | ABSENT for n in reversed(numbers)]))
        return wishes


def _newest(package: Package, numbers: Sequence[int]) -> list[Price]:
    prices = ages([package.keys[n] for n in numbers])
    return _after_discouraged(package, numbers, prices)


def _oldest(package: Package, numbers: Sequence[int]) -> list[Price]:
    prices = newness([package.keys[n] for n in numbers], patched=True)
    return _after_discouraged(package, numbers, prices)


def _after_discouraged(
    package: Package, numbers: Sequence[int], prices: Sequence[Price]
) -> list[Price]:
    candidates = package.candidates
    return [
        (candidates[number].discouraged, *price)
        for number, price in zip(numbers, prices, strict=True)
    ]
