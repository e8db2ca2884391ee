"""One override as graft holds it, whatever form it was written in."""

from __future__ import annotations

from graft.base.records import Record


class Parent(Record):
    """A package that must lie above. An empty ``range`` admits all its versions. ``direct`` says
    that what follows must be its own requirement, not one anywhere below it."""

    name: str
    range: str = ""
    direct: bool = False


class Rule(Record):
    """``replacement`` for what asks for ``name`` in a range that meets ``asked`` (empty: any) below
    ``parents``, outermost first; the first of them may lie anywhere. ``place`` is where the rule
    was written; ``own`` rules count for the project's own lines as well."""

    name: str
    asked: str
    replacement: str
    place: str
    parents: tuple[Parent, ...] = ()
    own: bool = False

    @property
    def key(self) -> str:
        """As locks and messages name it: ``b``, ``b@^1``, ``a > b`` where b is a's own requirement,
        ``a@^1 >> b`` where it may be anywhere below a."""
        above = (_named(p.name, p.range) + (" > " if p.direct else " >> ") for p in self.parents)
        return "".join(above) + _named(self.name, self.asked)

    @property
    def selector(self) -> tuple[object, ...]:
        """What it speaks of, for comparing what is said of it in several places."""
        above = tuple((parent.name, parent.range) for parent in self.parents)
        return (above, self.name, self.asked.removeprefix("npm:"))


def _named(name: str, range: str) -> str:
    return f"{name}@{range}" if range else name
