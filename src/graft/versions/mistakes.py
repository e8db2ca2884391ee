"""What is wrong with a text that people write: where in it, and what may stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace

T = TypeVar("T")

BAD_VERSION = "bad-version"
BAD_CONSTRAINT = "bad-constraint"
BAD_NAME = "bad-package-name"

_SHOWN = 60  # characters of a text that an error shows on each side of a mistake


class Mistake(Record):
    """``at`` counts the characters of ``text`` before the mistake; ``message`` says what stands
    there, and ``allowed`` what may. ``place`` is where the text stands, like a manifest's key."""

    code: str
    text: str
    at: int
    message: str
    allowed: str
    place: str = ""

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return (
            f"{place}'{_excerpt(self.text, self.at)}', column {self.at + 1}: "
            f"{self.message}; allowed: {self.allowed}"
        )


class MalformedError(ValueError):
    """Raised by what reads one text: all of its mistakes, at least one, in order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def refusal(mistakes: Iterable[Mistake], where: str = "") -> GraftError:
    """All ``mistakes``, at least one, as one error. It has the code of the first. ``where`` is the
    file that holds the texts."""
    every = tuple(mistakes)
    first = every[0]
    named = {BAD_VERSION: "version", BAD_CONSTRAINT: "constraint", BAD_NAME: "package name"}
    message = f"'{_excerpt(first.text, first.at)}' is not a {named[first.code]}"
    if len(every) > 1:
        message = f"{len(every)} mistakes in versions, constraints and package names"
    return GraftError(first.code, message, where=where, why=map(str, every))


def at_place(mistake: Mistake, place: str) -> Mistake:
    return replace(mistake, place=place)


def _excerpt(text: str, at: int) -> str:
    """``text`` in one line without control characters, cut where it is long."""
    start, end = max(0, at - _SHOWN), at + _SHOWN
    cut = text[start:end]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"
