"""The search: choices are narrowed down until none is left open or nothing fits.

Conflict-driven, as in PubGrub and in SAT solvers: what two choices exclude is propagated; where
nothing is left of a package, the reason is worked out, kept as an incompatibility, and the search
returns to where that would have told. Decisions follow wishes, always in the same order and always
the first that is not met yet. So whatever it ends with is the best in the order of the wishes: a
wish is given up only when it has been shown that the ones before leave no room for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from graft.resolve.flat.causes import Incompatibility
from graft.resolve.flat.packages import ABSENT, Group, Package, Packages

# A package by its number, and masks from the most to the least welcome.
Wish = tuple[int, Sequence[int]]


class UnsolvableError(Exception):
    """``proof`` is the incompatibility without terms, which everything excludes."""

    def __init__(self, proof: Incompatibility) -> None:
        super().__init__("nothing satisfies everything")
        self.proof = proof


class Search:
    """One search over shared packages.

    ``facts`` are what is stated of a loaded package by itself.
    ``excludes`` makes of a group what it excludes, None for nothing. Without it, nothing is read:
    what is added is all there is.
    """

    def __init__(
        self,
        packages: Packages,
        facts: Callable[[Package], Iterable[Incompatibility]],
        excludes: Callable[[Group], Incompatibility | None] | None,
    ) -> None:
        self._packages = packages
        self._facts = facts
        self._excludes = excludes
        self.domains: list[int] = []
        self._changes: list[list[int]] = []  # for each package: where on the trail
        # For each package, what excludes it and one other: the bits that the first may not be
        # for this to count, the other's number, the bits that it then is left with.
        self._pairs: list[list[tuple[int, int, int, Incompatibility]]] = []
        self._wider: list[list[tuple[list[tuple[int, int]], Incompatibility]]] = []
        self._waiting: list[list[Group]] = []  # by owner: their targets are not loaded yet
        self._awaited: dict[int, list[Group]] = {}  # the same by target
        self._taken: list[int] = []  # how many of its groups count already
        self._trail: list[tuple[int, int, Incompatibility | None, int]] = []
        self._level = 0
        self._fresh: list[tuple[int, int]] = []  # (level, package): newly excluded there
        self._queue: deque[int] = deque()  # each once, as ``_queued`` says
        self._queued: set[int] = set()
        self.conflicts = 0
        self.decisions = 0

    # What is known of packages.

    def load(self, package: Package) -> None:
        """Let a package take part."""
        self._grow(package.number)
        number = package.number
        if self.domains[number]:
            return
        self._packages.load(package)
        self.domains[number] = package.all
        for fact in self._facts(package):
            self.add(fact)
        for group in self._awaited.pop(number, ()):
            self._waiting[group.owner.number].remove(group)
            self._add_group(group)

    def open(self, package: Package) -> None:
        """Let count what a package's remaining candidates ask for."""
        number = package.number
        self._packages.read(package, self.domains[number])
        groups = package.groups
        for at in range(self._taken[number], len(groups)):
            group = groups[at]
            target = group.target.number
            self._grow(target)
            if self.domains[target]:
                self._add_group(group)
            else:
                self._waiting[number].append(group)
                self._awaited.setdefault(target, []).append(group)
                self._fresh.append((self._level, number))
                self._enqueue(number)
        self._taken[number] = len(groups)

    def add(self, incompatibility: Incompatibility) -> None:
        """Take an incompatibility of loaded packages into account."""
        terms = incompatibility.terms
        everything = self._packages.all
        if len(terms) == 2:
            (p, s), (q, u) = terms.items()
            not_s, not_u = everything[p].all & ~s, everything[q].all & ~u
            self._pairs[p].append((not_s, q, not_u, incompatibility))
            self._pairs[q].append((not_u, p, not_s, incompatibility))
        else:
            watched = [(p, everything[p].all & ~s) for p, s in terms.items()]
            for p in terms:
                self._wider[p].append((watched, incompatibility))
        for p in terms:
            self._fresh.append((self._level, p))
            self._enqueue(p)

    def _grow(self, number: int) -> None:
        while len(self.domains) <= number:
            self.domains.append(0)
            self._changes.append([])
            self._pairs.append([])
            self._wider.append([])
            self._waiting.append([])
            self._taken.append(0)

    def _add_group(self, group: Group) -> None:
        assert self._excludes is not None
        excluded = self._excludes(group)
        if excluded is not None:
            self.add(excluded)

    # The search itself.

    def run(self, ask: Callable[[int], Sequence[Wish] | None]) -> None:
        """Decide by wishes until none is left. ``ask`` is asked for more, with the number of times
        that it gave some, when those given are met; it answers None where it has loaded packages,
        which then count first. Raises UnsolvableError."""
        wishes: list[Wish] = []
        given: list[tuple[int, int]] = []  # (level, number of wishes before)
        places: list[int] = []  # of each decision
        at = 0
        while True:
            conflict = self._propagate()
            if conflict is not None:
                level = self._learn(conflict)
                if level < len(places):
                    at = places[level]
                    del places[level:]
                while given and given[-1][0] > level:
                    del wishes[given.pop()[1] :]
                continue
            at = self._first_unmet(wishes, at)
            if at < len(wishes):
                places.append(at)
                self._level += 1
                self.decisions += 1
                number, masks = wishes[at]
                domain = self.domains[number]
                self._narrow(number, next(domain & mask for mask in masks if domain & mask), None)
                continue
            more = ask(len(given))
            if more is None:
                continue
            if not more:
                return
            given.append((self._level, len(wishes)))
            wishes += more

    def _first_unmet(self, wishes: Sequence[Wish], at: int) -> int:
        domains = self.domains
        for place in range(at, len(wishes)):
            number, masks = wishes[place]
            domain = domains[number]
            if domain & domain - 1:
                for mask in masks:
                    if domain & mask:
                        if domain & ~mask:
                            return place
                        break
        return len(wishes)

    def _narrow(self, number: int, domain: int, cause: Incompatibility | None) -> None:
        self._changes[number].append(len(self._trail))
        self._trail.append((number, self.domains[number], cause, self._level))
        self.domains[number] = domain
        self._enqueue(number)

    def _enqueue(self, number: int) -> None:
        if number not in self._queued:
            self._queued.add(number)
            self._queue.append(number)

    def _propagate(self) -> Incompatibility | None:
        """Follow what is known; an incompatibility whose terms all hold, if it comes to that."""
        queue, domains = self._queue, self.domains
        everything = self._packages.all
        while queue:
            number = queue.popleft()
            self._queued.discard(number)
            domain = domains[number]
            for not_s, other, not_u, incompatibility in self._pairs[number]:
                if not domain & not_s:
                    before = domains[other]
                    left = before & not_u
                    if left != before:
                        if not left:
                            return incompatibility
                        self._narrow(other, left, incompatibility)
            for watched, incompatibility in self._wider[number]:
                unmet = -1
                kept = 0
                for other, mask in watched:
                    left = domains[other] & mask
                    if left:
                        if unmet >= 0:
                            break
                        unmet, kept = other, left
                else:
                    if unmet < 0:
                        return incompatibility
                    if kept != domains[unmet]:
                        self._narrow(unmet, kept, incompatibility)
            domain = domains[number]
            if not domain & ABSENT and self._excludes is not None:
                package = everything[number]
                if self._taken[number] < len(package.groups) or domain & ~package.read:
                    self.open(package)
                if self._waiting[number]:
                    for group in list(self._waiting[number]):
                        if not (domain & ~group.mask or group.dependency.weak):
                            self.load(group.target)
        return None

    def _learn(self, conflict: Incompatibility) -> int:
        """Find out why, return to where that would have told, and say so there; the level."""
        self.conflicts += 1
        self._queue.clear()
        self._queued.clear()
        learned = conflict
        while True:
            latest, level_before = -1, 0
            about = -1
            for number, mask in learned.terms.items():
                place = self._since(number, mask)
                if place > latest:
                    if latest >= 0:
                        level_before = max(level_before, self._trail[latest][3])
                    latest, about = place, number
                elif place >= 0:
                    level_before = max(level_before, self._trail[place][3])
            if latest < 0:
                raise UnsolvableError(learned)
            _, _, cause, level = self._trail[latest]
            if cause is None or level_before < level:
                break
            learned = self._resolved(learned, cause, about)
        self._return_to(level_before)
        if learned is not conflict:
            self.add(learned)
        else:
            for number in learned.terms:
                self._enqueue(number)
        return level_before

    def _since(self, number: int, mask: int) -> int:
        """Since when, as a place on the trail, a package is within ``mask``; -1 for always."""
        changes = self._changes[number]
        trail = self._trail
        for place in reversed(changes):
            if trail[place][1] & ~mask:
                return place
        return -1

    def _resolved(
        self, learned: Incompatibility, cause: Incompatibility, about: int
    ) -> Incompatibility:
        terms = dict(learned.terms)
        either = terms.pop(about) | cause.terms[about]
        if either != self._packages.all[about].all:
            terms[about] = either
        for number, mask in cause.terms.items():
            if number != about:
                had = terms.get(number)
                terms[number] = mask if had is None else had & mask
        return Incompatibility(terms, (learned, cause))

    def _return_to(self, level: int) -> None:
        trail, domains, changes = self._trail, self.domains, self._changes
        while trail and trail[-1][3] > level:
            number, before, _, _ = trail.pop()
            domains[number] = before
            changes[number].pop()
        self._level = level
        # What was excluded meanwhile has to be looked at from here.
        fresh = self._fresh
        kept = []
        again = set()
        for each in fresh:
            if each[0] > level:
                again.add(each[1])
            elif each[0]:
                kept.append(each)
        self._fresh = kept + [(level, number) for number in sorted(again) if level]
        for number in sorted(again):
            self._enqueue(number)

    def answer(self) -> dict[str, int]:
        """Who was chosen: the bit, by name."""
        return {
            package.name: self.domains[package.number]
            for package in sorted(self.needed(), key=lambda package: package.name)
        }

    def needed(self) -> list[Package]:
        """The packages that are surely chosen, in whatever version."""
        return [
            package
            for package, domain in zip(self._packages.all, self.domains, strict=False)
            if domain and not domain & ABSENT
        ]


def any_answer(search: Search) -> None:
    """Decide without wishes: the newest of whichever package there is least choice for. Raises
    UnsolvableError."""

    def next_wish(_: int) -> list[Wish]:
        open_ones = [
            (domain.bit_count(), package.name, package.number, domain)
            for package in search.needed()
            if (domain := search.domains[package.number]) & domain - 1
        ]
        if not open_ones:
            return []
        number, domain = min(open_ones)[2:]
        return [(number, (1 << domain.bit_length() - 1,))]

    search.run(next_wish)
