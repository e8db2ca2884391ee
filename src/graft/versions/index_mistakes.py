"""Where a version of an index package stops being one, and what may stand there.

Asked only of a text that ``index_version`` could not read; a test holds the two against each other.
"""

from __future__ import annotations

import re

from graft.versions.grammar import MAX_LENGTH, MAX_NUMBER
from graft.versions.mistakes import BAD_VERSION, Mistake

_DIGITS = re.compile("[0-9]*")
_WORD = re.compile("[0-9A-Za-z-]*")

_NUMBER = "0, or digits of which the first is not 0"
_IDENTIFIER = "ASCII letters, digits and '-'"


def version_mistake(text: str, start: int, end: int) -> Mistake:
    """The first mistake in what stands between ``start`` and ``end`` in ``text``."""
    if start == end:
        return _mistake(text, start, "a version is missing", "a version like 1.2.3")
    if end - start > MAX_LENGTH:
        message = f"a version of {end - start} characters"
        return _mistake(text, start + MAX_LENGTH, message, f"at most {MAX_LENGTH}")
    at = start
    for part in ("major", "minor", "patch"):
        if part != "major":
            if text[at:end][:1] != ".":
                found = f"{_found(text, at, end)} where the {part} number should follow"
                return _mistake(text, at, found, "'.', as in 1.2.3")
            at += 1
        number = _run(_DIGITS, text, at, end)
        if not number:
            found = f"{_found(text, at, end)} in place of the {part} number"
            return _mistake(text, at, found, _NUMBER)
        if number != "0" and number[0] == "0":
            return _mistake(text, at, f"a leading zero in the {part} number", _NUMBER)
        if int(number) > MAX_NUMBER:
            return _mistake(text, at, f"the {part} number is too large", f"at most {MAX_NUMBER}")
        at += len(number)
    follows = "'-' and a prerelease, '_' and a wrap, '+' and a build id, or the end"
    if text[at:end][:1] == "-":
        mistake, at = _identifiers(text, at + 1, end, "prerelease")
        if mistake:
            return mistake
        follows = "'.' and more of the prerelease, '_' and a wrap, '+' and a build id, or the end"
    if text[at:end][:1] == "_":
        at += 1
        number = _run(_DIGITS, text, at, end)
        if not number:
            found = f"{_found(text, at, end)} in place of the wrap"
            return _mistake(text, at, found, "a number from 1 on")
        if number[0] == "0":
            return _mistake(text, at, "the wrap begins with 0", "a number from 1 on")
        at += len(number)
        follows = "more digits of the wrap, '+' and a build id, or the end"
    if text[at:end][:1] == "+":
        mistake, at = _identifiers(text, at + 1, end, "build id")
        if mistake:
            return mistake
        follows = f"'.', {_IDENTIFIER}, or the end"
    return _mistake(text, at, f"{_found(text, at, end)} does not belong there", follows)


def _identifiers(text: str, at: int, end: int, what: str) -> tuple[Mistake | None, int]:
    """Read identifiers with dots between them; return the mistake, if any, and where they end."""
    while True:
        word = _run(_WORD, text, at, end)
        if not word:
            found = f"{_found(text, at, end)} in place of a part of the {what}"
            return _mistake(text, at, found, _IDENTIFIER), at
        if what == "prerelease" and word.isdigit() and len(word) > 1 and word[0] == "0":
            return _mistake(text, at, f"a leading zero in a number of the {what}", _NUMBER), at
        at += len(word)
        if text[at:end][:1] != ".":
            return None, at
        at += 1


def _run(pattern: re.Pattern[str], text: str, at: int, end: int) -> str:
    match = pattern.match(text, at, end)
    return match.group() if match else ""


def _found(text: str, at: int, end: int) -> str:
    """What stands at ``at``, in words."""
    if at >= end:
        return "nothing"
    char = text[at]
    return f"'{char}'" if char.isprintable() else f"U+{ord(char):04X}"


def _mistake(text: str, at: int, message: str, allowed: str) -> Mistake:
    return Mistake(code=BAD_VERSION, text=text, at=at, message=message, allowed=allowed)
