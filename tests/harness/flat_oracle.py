"""The best answer by trying them all, written from what docs/concepts/flat.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from graft.resolve.flat.problem import Catalogue, Problem
from graft.versions.constraint import Constraint
from graft.versions.version import Key

# Versions by name, as keys.
Answer = Mapping[str, Key]

MAJOR, MINOR, PATCH, REST = LEVELS = range(4)


class Oracle:
    """Reads the whole catalogue, of which ``names`` are the packages."""

    def __init__(self, problem: Problem, catalogue: Catalogue, names: Iterable[str]) -> None:
        self.problem = problem
        self.versions: dict[str, list[Key]] = {}
        self.asked: dict[tuple[str, Key], list[tuple[str, Constraint, bool]]] = {}
        self.discouraged: set[tuple[str, Key]] = set()
        for name in names:
            candidates = catalogue.candidates(name) or ()
            self.versions[name] = sorted(each.version.key for each in candidates)
            for each in candidates:
                self.asked[name, each.version.key] = [
                    (asked.name, asked.constraint, asked.weak)
                    for asked in catalogue.dependencies(name, each)
                ]
            self.discouraged |= {(name, e.version.key) for e in candidates if e.discouraged}
        self.overridden = {name for name, each in problem.constraints if each.override}
        self.allowed = {
            name: [key for key in keys if self._is_allowed(name, key)]
            for name, keys in self.versions.items()
        }

    def best(self) -> tuple[Answer, list[str]] | str:
        """The answer with the names of the prereleases in it that nobody anticipated, or the kind
        of failure."""
        problem = self.problem
        if any(name not in self.versions for name in problem.roots):
            return "unknown-root"
        if not all(self.allowed[name] for name in problem.roots):
            return "no-version"
        sound = list(self._answers())
        kept = [answer for answer in sound if self._keeps(answer)]
        if kept:
            fewest = min(len(self._unanticipated(answer)) for answer in kept)
            fit = [answer for answer in kept if len(self._unanticipated(answer)) == fewest]
            best = self._outward(fit) if problem.outward else min(fit, key=self.cost)
            return best, self._unanticipated(best)
        if not any(True for _ in self._answers(versions_matter=False, unknown_is_fine=True)):
            return "no-version"
        if not any(True for _ in self._answers(versions_matter=False)):
            return "unknown-package"
        return "incompatible-change" if sound else "conflict"

    def cost(self, answer: Answer) -> list[int]:
        """What it costs, the most important first."""
        others = sorted(set(self.versions) - self._named())
        return [
            *self._named_cost(answer),
            *self._by_level(answer, others, self._novelty),
            *(name in answer for name in others),
            *(self._newer(answer, name) for name in others),
        ]

    def _outward(self, answers: Sequence[Answer]) -> Answer:
        """The best, where what is farther away has no say in what is nearer."""

        def cheapest(cost: Callable[[Answer], list[int]]) -> list[Answer]:
            least = min(map(cost, left))
            return [answer for answer in left if cost(answer) == least]

        left = list(answers)
        left = cheapest(self._named_cost)
        for name in sorted(self._named()):
            newest = max((answer[name] for answer in left if name in answer), default=None)
            left = [answer for answer in left if answer.get(name) in (None, newest)]
        ring = set(self.problem.roots)
        seen: set[str] = set()
        while ring:
            names = sorted(ring)
            left = cheapest(lambda answer: self._by_level(answer, names, self._age))  # noqa: B023
            left = cheapest(lambda answer: [self._newer(answer, n) for n in names])  # noqa: B023
            assert len({tuple(answer[name] for name in names) for answer in left}) == 1
            seen |= ring
            asked = [each for name in names for each in self.asked[name, left[0][name]]]
            ring = {name for name, _, weak in asked if not weak} - seen
        (best,) = left
        return best

    def _named(self) -> set[str]:
        problem = self.problem
        return {*problem.roots, *problem.previous, *problem.upgrade}

    def _named_cost(self, answer: Answer) -> list[int]:
        problem = self.problem
        roots, had, upgraded = set(problem.roots), set(problem.previous), set(problem.upgrade)
        # Wishes about what the project named come first, and are settled to the last.
        incompatible = [self._distance(answer, name)[0] for name in sorted(roots & had)]
        upgrades = self._by_level(answer, upgraded, self._age)
        return [
            *(upgrades + incompatible if problem.incompatible else incompatible + upgrades),
            *self._by_level(answer, (roots & had) - upgraded, self._distance, 1),
            *self._by_level(answer, had - roots, self._distance),
            *self._by_level(answer, roots - had, self._age),
            *(self._newer(answer, name) for name in sorted(self._named()) if not problem.outward),
        ]

    # Which answers there are.

    def _answers(
        self, *, versions_matter: bool = True, unknown_is_fine: bool = False
    ) -> Iterator[Answer]:
        """All of which nothing can be left out."""

        def extend(chosen: dict[str, Key], needed: Sequence[str]) -> Iterator[Answer]:
            todo = [name for name in needed if name not in chosen]
            if not todo:
                yield chosen
                return
            name, rest = todo[0], todo[1:]
            if name not in self.versions:
                if unknown_is_fine:
                    yield from extend(chosen, rest)
                return
            for key in self.allowed[name]:
                more = {**chosen, name: key}
                if not versions_matter or self._is_sound(more, name):
                    strong = [each for each, _, weak in self.asked[name, key] if not weak]
                    yield from extend(more, [*rest, *strong])

        return extend({}, sorted(self.problem.roots))

    def _is_sound(self, chosen: Answer, added: str) -> bool:
        """Whether one more package goes with the others."""
        return all(
            self._admits(target, constraint, chosen[target])
            for name, key in chosen.items()
            for target, constraint, _ in self.asked[name, key]
            if target in chosen and added in (name, target)
        )

    def _is_allowed(self, name: str, key: Key) -> bool:
        return all(
            self._admits(name, constraint, key)
            for about, constraint in self.problem.constraints
            if about == name
        )

    def _admits(self, name: str, constraint: Constraint, key: Key) -> bool:
        weakened = name in self.overridden and not constraint.override
        return (constraint.at_least if weakened else constraint.range).admits(key)

    def _keeps(self, answer: Answer) -> bool:
        """No root becomes older or of another major, unless that is allowed or it is pinned."""
        if self.problem.incompatible:
            return True
        pinned = {name for name, each in self.problem.constraints if each.exact is not None}
        return all(
            not self._distance(answer, name)[0]
            for name in self.problem.roots
            if name in self.problem.previous and name not in pinned
        )

    def _unanticipated(self, answer: Answer) -> list[str]:
        found = []
        for name, key in sorted(answer.items()):
            named = self.problem.anticipated.get(name)
            if len(key) > 4 and not (named and named.admits(key)):
                found.append(name)
        return found

    # What they cost.

    def _by_level(
        self,
        answer: Answer,
        names: Iterable[str],
        price: Callable[[Answer, str], list[int]],
        first: int = 0,
    ) -> list[int]:
        """Majors of all, then minors of all, and so on."""
        rows = [price(answer, name)[first:] for name in sorted(names) if name in self.versions]
        return [cost for level in zip(*rows, strict=True) for cost in level]

    def _age(self, answer: Answer, name: str) -> list[int]:
        key = answer.get(name)
        if key is None:
            return [0] * 5
        ages = [newer(key, self.allowed[name], level) for level in LEVELS]
        return [(name, key) in self.discouraged, *ages]

    def _novelty(self, answer: Answer, name: str) -> list[int]:
        key = answer.get(name)
        if key is None:
            return [0] * 5
        novelty = patched(key, self.allowed[name], self.allowed[name])
        return [(name, key) in self.discouraged, *novelty]

    def _distance(self, answer: Answer, name: str) -> list[int]:
        key, previous = answer.get(name), self.problem.previous[name].key
        if key is None:
            return [0] * 5
        allowed = self.allowed[name]
        if key < previous:
            before = [each for each in allowed if each < previous]
            return [1, *(newer(key, [*before, previous], level) for level in LEVELS)]
        if key[0] == previous[0]:
            same = [each for each in allowed if each >= previous and each[0] == previous[0]]
            if self.problem.patches and name not in self.problem.roots:
                return [0, *patched(key, same, same)]
            return [0, *(older(key, same, level) for level in LEVELS)]
        later = [each for each in allowed if each[0] > previous[0]]
        return [1, *patched(key, [*later, previous], later)]

    def _newer(self, answer: Answer, name: str) -> int:
        key = answer.get(name)
        return sum(each > key for each in self.allowed[name]) if key else 0


def newer(key: Key, versions: Iterable[Key], level: int) -> int:
    return sum(each > part(key, level) for each in parts(key, versions, level))


def older(key: Key, versions: Iterable[Key], level: int) -> int:
    return sum(each < part(key, level) for each in parts(key, versions, level))


def patched(key: Key, before: Sequence[Key], versions: Sequence[Key]) -> list[int]:
    """The lowest major and minor, and of these the newest."""
    lowest = [older(key, before, level) for level in (MAJOR, MINOR)]
    return lowest + [newer(key, versions, level) for level in (PATCH, REST)]


def parts(key: Key, versions: Iterable[Key], level: int) -> set[Key]:
    """The different ones at a level, among versions that are the same before it."""
    return {part(each, level) for each in versions if each[:level] == key[:level]}


def part(key: Key, level: int) -> Key:
    return key if level == REST else key[level : level + 1]
