"""What is asked of the solver, and of whom it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from graft.base.records import Record
from graft.versions.constraint import Constraint
from graft.versions.ranges import Range
from graft.versions.version import Version


class Candidate(Record, kw_only=False):
    """A version of a package. ``text`` is how the catalogue spells it. ``discouraged`` says that
    its publisher would rather have another one chosen: it is deprecated, say."""

    version: Version
    text: str
    discouraged: bool = False


class Dependency(Record, kw_only=False):
    """What a package asks for. A ``weak`` one binds its target if something else chooses that, and
    never chooses it. An ``optional`` one asks for nothing where no version of its target will do.
    ``peer`` says that who asks expects to find it beside itself."""

    name: str
    constraint: Constraint
    weak: bool = False
    optional: bool = False
    peer: bool = False


class Catalogue(Protocol):
    """Read package by package, and only those that are considered."""

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        """All versions of a package, in any order; None for a package that does not exist."""

    def candidate(self, name: str, version: Version) -> Candidate | None:
        """One version of a package, found without reading any other. None where there is none, and
        also where there are several, which then differ in their builds."""

    def dependencies(self, name: str, candidate: Candidate) -> Sequence[Dependency]: ...


class Problem(Record):
    """``roots`` have to be there; ``constraints`` are what the project says of packages, whether
    they are roots or not, one pair for each time that it says something. ``previous`` is the last
    answer. ``upgrade`` names what is to be moved to its newest version; ``incompatible`` allows
    roots to become older or get another major, and ``patches`` lets packages that are no roots take
    newer patches. ``anticipated`` says which prereleases are as good as releases, by package.
    ``outward`` decides about new packages that are no roots from the roots outward, each time about
    those that are asked for by what is decided; they become as new as possible, and nothing is read
    that no choice leads to. Else it is decided about all at once, and they get the lowest minor
    that will do, with its newest patch.
    ``frees`` says that whoever asks for a root in another way does not mean to keep what it was.
    """

    roots: tuple[str, ...]
    constraints: tuple[tuple[str, Constraint], ...] = ()
    previous: Mapping[str, Version] = {}
    upgrade: frozenset[str] = frozenset()
    incompatible: bool = False
    patches: bool = False
    outward: bool = False
    anticipated: Mapping[str, Range] = {}
    frees: bool = False
