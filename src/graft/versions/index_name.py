"""Names of index packages: lower-case ASCII letters, digits, ``-``, ``.`` and ``:``."""

from __future__ import annotations

import re

from graft.versions.mistakes import BAD_NAME, MalformedError, Mistake, character

_LETTERS = "lower-case ASCII letters, digits, '-', '.' and ':'"
_FOREIGN = re.compile("[^a-z0-9:.-]")
_LETTER = re.compile("[a-z]")
_ENDS = "a letter or a digit"


def check_name(name: str) -> str:
    """Return ``name`` if a package may have it; raise ``MalformedError`` if not."""
    mistake = name_mistake(name, 0, len(name))
    if mistake:
        raise MalformedError([mistake])
    return name


def name_mistake(text: str, start: int, end: int) -> Mistake | None:
    """What is wrong with the name that stands between ``start`` and ``end`` in ``text``."""
    name = text[start:end]
    if not name:
        return _mistake(text, start, "a package name is missing", _LETTERS)
    foreign = _FOREIGN.search(name)
    if foreign:
        at = start + foreign.start()
        return _mistake(text, at, f"{character(text, at, end)} in a package name", _LETTERS)
    if not _LETTER.search(name):
        return _mistake(text, start, "a package name without a letter", "at least one of a to z")
    if name[0] in ".-:":
        return _mistake(text, start, f"a package name that begins with '{name[0]}'", _ENDS)
    if name[-1] in ".:":
        return _mistake(
            text, end - 1, f"a package name that ends with '{name[-1]}'", _ENDS + ", or '-'"
        )
    if ".." in name:
        at = start + name.index("..") + 1
        return _mistake(text, at, "a second '.' in a row", "any other character of a name")
    return None


def _mistake(text: str, at: int, message: str, allowed: str) -> Mistake:
    return Mistake(code=BAD_NAME, text=text, at=at, message=message, allowed=allowed)
