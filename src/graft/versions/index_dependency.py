"""What one index package asks for of others, as one text: ``name``, ``name@constraint``, and with
``?`` in front if that is to hold only where something else brings the package in."""

from __future__ import annotations

from functools import lru_cache

from graft.base.records import Record
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint, read_constraint
from graft.versions.mistakes import BAD_NAME, MalformedError, Mistake


class IndexDependency(Record):
    """``weak``: the constraint binds if something else chooses the package; this never does."""

    name: str
    constraint: Constraint
    weak: bool = False


@lru_cache(maxsize=1 << 16)
def parse_dependency(text: str) -> IndexDependency:
    """Read ``?name@constraint``; raise ``MalformedError`` if ``text`` is no such thing."""
    weak = text.startswith("?")
    name, constraint = _read(text, int(weak))
    return IndexDependency(name=name, constraint=constraint, weak=weak)


def parse_package_constraint(text: str) -> tuple[str, Constraint]:
    """Read ``name@constraint``; raise ``MalformedError`` if ``text`` is no such thing."""
    return _read(text, 0)


def _read(text: str, start: int) -> tuple[str, Constraint]:
    at = text.rfind("@")
    if at < 0:
        _check_name(text, start, len(text))
        return text[start:], parse_constraint("")
    _check_name(text, start, at)
    return text[start:at], read_constraint(text, at + 1)


def _check_name(text: str, start: int, end: int) -> None:
    if not text[start:end].replace(":", "").replace(".", "").replace("-", "").isalnum():
        raise MalformedError(
            [Mistake(code=BAD_NAME, text=text, at=start, message="no name", allowed="a name")]
        )
