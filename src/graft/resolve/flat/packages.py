"""What has been read of the catalogue, as bits.

A package's candidates are numbered from the oldest, 1, and 0 stands for not being chosen at all. A
set of these numbers is the bits of an int: what a package may still become, what a constraint
admits, whom a requirement is about. So every step of the solver is an operation on ints.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from graft.resolve.flat.problem import Candidate, Catalogue, Dependency
from graft.versions.intervals import IntervalSet
from graft.versions.ranges import Range
from graft.versions.version import Key

ABSENT = 1


class Group:
    """Candidates of one package that ask for the same of another: ``mask`` has their bits."""

    __slots__ = ("dependency", "mask", "owner", "target")

    def __init__(self, owner: Package, target: Package, dependency: Dependency, mask: int) -> None:
        self.owner = owner
        self.target = target
        self.dependency = dependency
        self.mask = mask


class Package:
    """``candidates[n]`` has the bit ``1 << n + 1``; ``all`` are all bits, that of absence too, and
    0 until the package is loaded. ``groups`` grow as more candidates are ``read``."""

    __slots__ = ("_admitted", "all", "candidates", "groups", "is_known", "keys", "name", "number",
                 "prereleases", "read")  # fmt: skip

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.all = 0
        self.candidates: tuple[Candidate, ...] = ()
        self.keys: list[Key] = []
        self.is_known = False
        self.prereleases = 0
        self.groups: list[Group] = []
        self.read = 0
        self._admitted: dict[int, tuple[Range, int]] = {}

    def fill(self, candidates: Sequence[Candidate] | None) -> None:
        self.is_known = candidates is not None
        # Those that differ in nothing but the build are one version: the text decides then.
        self.candidates = tuple(
            sorted(candidates or (), key=lambda each: (each.version.key, each.text))
        )
        self.keys = [candidate.version.key for candidate in self.candidates]
        self.all = (2 << len(self.keys)) - 1
        for at, key in enumerate(self.keys):
            if len(key) > 4:
                self.prereleases |= 2 << at

    def admitted(self, range: Range) -> int:
        """The bits of the candidates in a range."""
        # By identity, as equal ranges take longer to find out than to ask; kept with it, so that no
        # other can have its place.
        known = self._admitted.get(id(range))
        if known is not None:
            return known[1]
        releases = self._within(range.every) & ~self.prereleases
        mask = releases | self._within(range.prereleases) & self.prereleases
        self._admitted[id(range)] = range, mask
        return mask

    def numbers(self, mask: int) -> list[int]:
        """Those of the candidates in ``mask``, oldest first."""
        return [n for n, bit in enumerate(bin(mask >> 1)[:1:-1]) if bit == "1"]

    def candidate(self, bit: int) -> Candidate:
        return self.candidates[bit.bit_length() - 2]

    def _within(self, intervals: IntervalSet) -> int:
        mask = 0
        for low, high in intervals.intervals():
            first = bisect_left(self.keys, low)
            end = len(self.keys) if high is None else bisect_left(self.keys, high)
            if end > first:
                mask |= ((1 << end - first) - 1) << first + 1
        return mask


class Packages:
    """All packages that have been heard of, by name and by number. Several searches share one."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._by_name: dict[str, Package] = {}
        self.all: list[Package] = []

    def named(self, name: str) -> Package:
        """The package, loaded or not."""
        package = self._by_name.get(name)
        if package is None:
            package = self._by_name[name] = Package(name, len(self.all))
            self.all.append(package)
        return package

    def load(self, package: Package) -> None:
        """Read which candidates there are, if that has not been done."""
        if not package.all:
            package.fill(self.catalogue.candidates(package.name))

    def read(self, package: Package, mask: int) -> None:
        """Read what the candidates in ``mask`` ask for; those that ask for the same are grouped."""
        unread = mask & ~package.read & ~ABSENT
        if not unread:
            return
        package.read |= unread
        masks: dict[tuple[str, str, bool, bool, bool], int] = {}
        asked: dict[tuple[str, str, bool, bool, bool], Dependency] = {}
        for number in package.numbers(unread):
            for each in self.catalogue.dependencies(package.name, package.candidates[number]):
                key = each.name, each.constraint.text, each.weak, each.optional, each.peer
                masks[key] = masks.get(key, 0) | 2 << number
                asked.setdefault(key, each)
        # In this order, whatever that of the catalogue is.
        for key in sorted(masks):
            package.groups.append(Group(package, self.named(key[0]), asked[key], masks[key]))
