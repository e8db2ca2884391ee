"""What an index package asks of others, as one text: ``name``, ``name@constraint``, and ``?`` in
front of either where it is to hold only if something else brings the package in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from graft.base.records import Record
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import UNCONSTRAINED, constraint_in, parse_constraint
from graft.versions.index_name import check_name, name_mistake
from graft.versions.mistakes import BAD_CONSTRAINT, MalformedError, Mistake, read_each


class IndexDependency(Record):
    """``weak``: the constraint binds if something else chooses the package; this never does."""

    name: str
    constraint: Constraint
    weak: bool = False


@lru_cache(maxsize=1 << 16)
def parse_dependency(text: str) -> IndexDependency:
    """Read ``?name@constraint``; raise ``MalformedError`` if ``text`` is no such thing."""
    weak = text.startswith("?")
    name, constraint = _name_and_constraint(text, int(weak))
    return IndexDependency(name=name, constraint=constraint, weak=weak)


def parse_package_constraint(text: str) -> tuple[str, Constraint]:
    """Read ``name@constraint``; raise ``MalformedError`` if ``text`` is no such thing."""
    return _name_and_constraint(text, 0)


def read_dependencies(
    asked: Mapping[str, str], table: str = ""
) -> tuple[dict[str, Constraint], list[Mistake]]:
    """Read a manifest's table, name -> constraint: what could be read, and all mistakes of the
    rest. ``table`` is what they call the table."""
    found: dict[str, Constraint] = {}
    mistakes: list[Mistake] = []
    for name, text in asked.items():
        place = f"{table}.{name}" if table else name
        names, of_name = read_each(check_name, [(place, name)])
        constraints, of_constraint = read_each(parse_constraint, [(place, text)])
        mistakes += of_name + of_constraint
        if names and constraints:
            found[name] = constraints[place]
    return found, mistakes


def _name_and_constraint(text: str, start: int) -> tuple[str, Constraint]:
    at = text.rfind("@", start)
    end = len(text) if at < 0 else at
    mistake = name_mistake(text, start, end)
    mistakes = [mistake] if mistake else []
    constraint = UNCONSTRAINED
    try:
        if 0 <= at == len(text) - 1:
            raise MalformedError([_nothing_asked(text)])
        if at >= 0:
            constraint = constraint_in(text, at + 1)
    except MalformedError as error:
        mistakes += error.mistakes
    if mistakes:
        raise MalformedError(mistakes)
    return text[start:end], constraint


def _nothing_asked(text: str) -> Mistake:
    return Mistake(
        code=BAD_CONSTRAINT,
        text=text,
        at=len(text),
        message="nothing behind '@'",
        allowed="a constraint; leave the '@' out to ask for any version",
    )
