"""Why choices exclude each other: facts that somebody stated, and what follows from two others."""

from __future__ import annotations

from collections.abc import Iterator

from graft.base.records import Record
from graft.versions.constraint import Constraint
from graft.versions.version import Version


class Fact(Record):
    """Something that can be named, and dropped to see what would be without it."""


class Root(Fact):
    """The project asks for a package."""

    name: str


class Bound(Fact):
    """The project says which versions of a package will do."""

    name: str
    constraint: Constraint


class Asks(Fact):
    """Versions of a package ask for another one: which versions, the incompatibility tells."""

    owner: str
    name: str
    constraint: Constraint
    weak: bool
    optional: bool = False
    peer: bool = False


class Kept(Fact):
    """A root neither gets older nor another major than it had."""

    name: str
    previous: Version


class Unanticipated(Fact):
    """Prereleases are taken only where the project or the lock names them."""

    name: str


class TooMany(Fact):
    """More prereleases than are needed."""


class Incompatibility:
    """Not all of ``terms`` can hold: each says that a package, by its number, becomes one of the
    bits of a mask. ``cause`` is a fact, or the two incompatibilities that this one follows from."""

    __slots__ = ("cause", "terms")

    def __init__(
        self,
        terms: dict[int, int],
        cause: Fact | tuple[Incompatibility, Incompatibility],
    ) -> None:
        self.terms = terms
        self.cause = cause

    def leaves(self) -> list[Incompatibility]:
        """The stated ones that this one follows from, each once, in a fixed order."""
        found: list[Incompatibility] = []
        seen: set[int] = set()
        todo = [self]
        while todo:
            at = todo.pop()
            if id(at) in seen:
                continue
            seen.add(id(at))
            if isinstance(at.cause, tuple):
                todo += reversed(at.cause)
            else:
                found.append(at)
        return found

    def facts(self) -> Iterator[Fact]:
        for leaf in self.leaves():
            assert isinstance(leaf.cause, Fact)
            yield leaf.cause
