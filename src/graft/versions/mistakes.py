"""What is wrong with a text that people write: where in it, and what may stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace

T = TypeVar("T")

BAD_VERSION = "bad-version"
BAD_CONSTRAINT = "bad-constraint"
BAD_NAME = "bad-package-name"

_SHOWN = 60  # characters of a long text that are shown on each side of a mistake


class Mistake(Record):
    """``at`` is how many characters of ``text`` come before the mistake, ``message`` what is wrong
    there, ``allowed`` what may stand there. ``place`` says where the text is, like the key of a
    manifest; the reader of one text does not know that."""

    code: str
    text: str
    at: int
    message: str
    allowed: str
    place: str = ""

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        said = f"{_excerpt(self.text, self.at)}, column {self.at + 1}: {self.message}"
        return f"{place}{said}; allowed: {self.allowed}"


class MalformedError(ValueError):
    """Raised by the reader of one text: all of its mistakes, at least one, in order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def read_each(
    read: Callable[[str], T], texts: Iterable[tuple[str, str]]
) -> tuple[dict[str, T], list[Mistake]]:
    """Read every (place, text): what could be read, by place, and the mistakes of all others."""
    found: dict[str, T] = {}
    mistakes: list[Mistake] = []
    for place, text in texts:
        try:
            found[place] = read(text)
        except MalformedError as error:
            mistakes += [replace(mistake, place=place) for mistake in error.mistakes]
    return found, mistakes


def refusal(mistakes: Iterable[Mistake], where: str = "") -> GraftError:
    """At least one mistake as one error, which has the code of the first and a line for each.
    ``where`` is the file that holds the texts."""
    every = tuple(mistakes)
    texts = list(dict.fromkeys((mistake.place, mistake.text) for mistake in every))
    return GraftError(
        every[0].code,
        f"{_excerpt(every[0].text, every[0].at)} cannot be read"
        if len(texts) == 1
        else f"{len(texts)} texts cannot be read",
        where=where,
        why=map(str, every),
        fix="docs/concepts/versions.md shows what can be written",
    )


def character(text: str, at: int, end: int) -> str:
    """What stands at ``at``, in words: 'x', or U+0009, or nothing if that is the end."""
    if at >= end:
        return "nothing"
    return f"'{text[at]}'" if text[at].isprintable() else f"U+{ord(text[at]):04X}"


def _excerpt(text: str, at: int) -> str:
    """``text`` between quotes, in one line without control characters, cut where it is long."""
    start, end = max(0, at - _SHOWN), at + _SHOWN
    cut = text[start:end]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"'{'…' if start else ''}{shown}{'…' if end < len(text) else ''}'"
