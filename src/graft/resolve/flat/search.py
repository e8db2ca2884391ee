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

# The bits that a package may not be for this to count, the number of another package, the bits that
# this one is then left with, and why.
_Pair = tuple[int, int, int, Incompatibility]

# After so many conflicts decisions are taken only where an answer is known that agrees with them.
_PATIENCE = 100
_RISE = 1.05


class UnsolvableError(Exception):
    """``proof`` is the incompatibility without terms, which everything excludes."""

    def __init__(self, proof: Incompatibility) -> None:
        super().__init__("nothing satisfies everything")
        self.proof = proof


class _Clause:
    """What three or more packages exclude: one of the ``literals`` must be, a mask by number. Two
    of them watch; as long as both can be, nothing follows."""

    __slots__ = ("first", "incompatibility", "literals", "second")

    def __init__(
        self, incompatibility: Incompatibility, literals: dict[int, int], first: int, second: int
    ) -> None:
        self.incompatibility = incompatibility
        self.literals = literals
        self.first = first
        self.second = second


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
        # For each package, what excludes it and one other, below one of the bits that the package
        # may still become and that keep it from counting; else below any of them.
        self._pairs: list[dict[int, list[_Pair]]] = []
        self._single: list[list[tuple[int, Incompatibility]]] = []
        self._wider: list[list[_Clause]] = []  # those that watch the package
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
        # How much each package had to do with conflicts, lately more than before.
        self._blame: list[float] = []
        self._share = 1.0
        self._latest: list[int] = []  # what each was when it was last decided
        self._witness: list[int] = []  # an answer that agrees with all decisions

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
        if len(terms) == 1:
            ((p, s),) = terms.items()
            self._single[p].append((everything[p].all & ~s, incompatibility))
        elif len(terms) == 2:
            (p, s), (q, u) = terms.items()
            not_s, not_u = everything[p].all & ~s, everything[q].all & ~u
            self._hang(p, (not_s, q, not_u, incompatibility))
            self._hang(q, (not_u, p, not_s, incompatibility))
        else:
            # The two that hold last, or not at all, are the ones to watch.
            latest = sorted(terms, key=lambda p: self._place(p, terms[p]))[-2:]
            literals = {p: everything[p].all & ~s for p, s in terms.items()}
            clause = _Clause(incompatibility, literals, latest[0], latest[1])
            for p in latest:
                self._wider[p].append(clause)
        for p in terms:
            self._fresh.append((self._level, p))
            self._enqueue(p)

    def _grow(self, number: int) -> None:
        while len(self.domains) <= number:
            self.domains.append(0)
            self._changes.append([])
            self._pairs.append({})
            self._single.append([])
            self._wider.append([])
            self._blame.append(0.0)
            self._latest.append(0)
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
                self._learn(conflict)
                if self._is_hard and not self._witness:
                    self._return_to(0)
                    self.complete()
            if self._level < len(places):
                at = places[self._level]
                del places[self._level :]
                while given and given[-1][0] > self._level:
                    del wishes[given.pop()[1] :]
            if conflict is not None:
                continue
            at = self._first_unmet(wishes, at)
            if at < len(wishes):
                places.append(at)
                number, masks = wishes[at]
                domain = self.domains[number]
                chosen = next(domain & mask for mask in masks if domain & mask)
                self._decide(number, chosen)
                if self._witness and not self._witnessed(number) & chosen:
                    self.complete()
                continue
            more = ask(len(given))
            if more is None:
                continue
            if not more:
                return
            given.append((self._level, len(wishes)))
            wishes += more

    def complete(self) -> None:
        """Look for any answer to what is decided, and keep it as the witness that there is one; or
        learn what returns to before. Raises UnsolvableError if there is none whatever is decided.

        Where it is hard to find one, it is decided about those first that had most to do with
        conflicts, and begun again from time to time with what was learned.
        """
        first = self._level
        patience = again = _PATIENCE
        while True:
            conflict = self._propagate()
            if conflict is not None:
                if self._learn(conflict) < first:
                    return
                again -= 1
                if again == 0:
                    patience += patience // 4
                    again = patience
                    self._return_to(first)
                continue
            open_ones = [
                (-self._blame[package.number] / count if self._is_hard else count, count, package)
                for package in self.needed()
                if (count := self.domains[package.number].bit_count()) > 1
            ]
            if not open_ones:
                self._witness = [ABSENT if domain & ABSENT else domain for domain in self.domains]
                self._return_to(first)
                return
            number = min(open_ones, key=lambda each: (*each[:2], each[2].name))[2].number
            domain = self.domains[number]
            newest = 1 << domain.bit_length() - 1
            self._decide(number, domain & self._latest[number] or newest)

    @property
    def _is_hard(self) -> bool:
        return self.conflicts > _PATIENCE

    def _witnessed(self, number: int) -> int:
        """What a package is in the witness; nothing where it had not been heard of."""
        return self._witness[number] or ABSENT if number < len(self._witness) else ABSENT

    def _decide(self, number: int, chosen: int) -> None:
        self._level += 1
        self.decisions += 1
        self._narrow(number, chosen, None)

    def leaves_open(self, wishes: Sequence[Wish]) -> bool:
        """Whether one of them is not met yet."""
        return self._first_unmet(wishes, 0) < len(wishes)

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
            conflict = self._follow_pairs(number) or self._follow_single(number)
            if conflict is None and self._wider[number]:
                conflict = self._watch(number)
            if conflict is not None:
                return conflict
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

    def _hang(self, number: int, pair: _Pair) -> None:
        """Below a bit that keeps it from saying anything, as long as there is one."""
        bits = self.domains[number] & pair[0] or pair[0]
        self._pairs[number].setdefault(bits & -bits, []).append(pair)

    def _follow_pairs(self, number: int) -> Incompatibility | None:
        domains = self.domains
        domain = domains[number]
        pairs = self._pairs[number]
        latest = self._latest[number]
        for bit in [bit for bit in pairs if not bit & domain]:
            staying = []
            hanging = pairs.pop(bit)
            for at, pair in enumerate(hanging):
                bits = domain & pair[0]
                if bits:
                    bits = bits & latest or bits & -bits
                    if bits in pairs:
                        pairs[bits].append(pair)
                    else:
                        pairs[bits] = [pair]
                    continue
                staying.append(pair)
                _, other, mask, incompatibility = pair
                before = domains[other]
                left = before & mask
                if left != before:
                    if not left:
                        pairs[bit] = staying + hanging[at + 1 :]
                        return incompatibility
                    self._narrow(other, left, incompatibility)
            if staying:
                pairs[bit] = staying
        return None

    def _follow_single(self, number: int) -> Incompatibility | None:
        for mask, incompatibility in self._single[number]:
            left = self.domains[number] & mask
            if left != self.domains[number]:
                if not left:
                    return incompatibility
                self._narrow(number, left, incompatibility)
        return None

    def _watch(self, number: int) -> Incompatibility | None:
        """What follows from a package's being narrower in what it watches; others watch instead of
        it where they can."""
        domains = self.domains
        watching = self._wider[number]
        domain = domains[number]
        kept: list[_Clause] = []
        for at, clause in enumerate(watching):
            literals = clause.literals
            if domain & literals[number]:
                kept.append(clause)
                continue
            other = clause.second if clause.first == number else clause.first
            before = domains[other]
            left = before & literals[other]
            if left != before:
                for third, mask in literals.items():
                    if third != other and domains[third] & mask:
                        clause.first, clause.second = third, other
                        self._wider[third].append(clause)
                        break
                else:
                    kept.append(clause)
                    if not left:
                        self._wider[number] = kept + watching[at + 1 :]
                        return clause.incompatibility
                    self._narrow(other, left, clause.incompatibility)
            else:
                kept.append(clause)
        self._wider[number] = kept
        return None

    def _learn(self, conflict: Incompatibility) -> int:
        """Find out why, return to where that would have told, and say so there; the level."""
        self.conflicts += 1
        self._queue.clear()
        self._queued.clear()
        learned = conflict
        places = {number: self._since(number, mask) for number, mask in learned.terms.items()}
        trail = self._trail
        while True:
            latest = max(places.values(), default=-1)
            if latest < 0:
                raise UnsolvableError(learned)
            about, _, cause, level = trail[latest]
            before = max([place for place in places.values() if place != latest], default=-1)
            level_before = trail[before][3] if before >= 0 else 0
            if cause is None or level_before < level:
                break
            learned = self._resolved(learned, cause, about)
            del places[about]
            for number in cause.terms:
                if number in learned.terms:
                    places[number] = self._since(number, learned.terms[number])
        self._share *= _RISE
        for number in learned.terms:
            self._blame[number] += self._share
        self._return_to(level_before)
        if learned is not conflict:
            self.add(learned)
        else:
            for number in learned.terms:
                self._enqueue(number)
        return level_before

    def _place(self, number: int, mask: int) -> int:
        """The same; beyond the trail for what is not so."""
        return len(self._trail) if self.domains[number] & ~mask else self._since(number, mask)

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
            if not domains[number] & domains[number] - 1:
                self._latest[number] = domains[number]
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

    def witness(self) -> dict[str, int]:
        """The same of the answer that was found last."""
        return {
            package.name: bit
            for package, bit in zip(self._packages.all, self._witness, strict=False)
            if bit and bit != ABSENT
        }

    def needed(self) -> list[Package]:
        """The packages that are surely chosen, in whatever version."""
        return [
            package
            for package, domain in zip(self._packages.all, self.domains, strict=False)
            if domain and not domain & ABSENT
        ]


def any_answer(search: Search) -> dict[str, int]:
    """Decide without wishes: the newest of whichever package there is least choice for. The bits
    by name; raises UnsolvableError."""
    search.complete()
    return search.witness()
