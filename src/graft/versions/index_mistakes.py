"""Where the version of an index package stops being one, and what may stand there.

Asked only of a text that ``index_version`` could not read; a test holds the two against each other.
"""

from __future__ import annotations

import re

from graft.versions.grammar import MAX_LENGTH, MAX_NUMBER
from graft.versions.mistakes import BAD_VERSION, Mistake, character

_DIGITS = re.compile("[0-9]*")
_WORD = re.compile("[0-9A-Za-z-]*")

_NUMBER = "0, or digits of which the first is not 0"
_WRAP = "digits of which the first is not 0"
_IDENTIFIER = "ASCII letters, digits and '-'"
_END = "or the end of the version"


def version_mistake(text: str, start: int, end: int) -> Mistake:
    """The first mistake in what stands between ``start`` and ``end`` in ``text``."""
    if start == end:
        return _mistake(text, start, "a version is missing", "a version like 1.2.3")
    if end - start > MAX_LENGTH:
        message = f"a version of {end - start} characters"
        return _mistake(text, start + MAX_LENGTH, message, f"at most {MAX_LENGTH}")
    return _Walk(text, start, end).mistake()


class _Walk:
    """A walk along the grammar, as far as ``text`` keeps to it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.at = start
        self.end = end

    def mistake(self) -> Mistake:
        found = self._digits("major") or self._number("minor") or self._number("patch")
        follows = f"'-' and a prerelease, '_' and a wrap, '+' and a build id, {_END}"
        if not found and self._passed("-"):
            found = self._identifiers("prerelease")
            follows = f"{_IDENTIFIER}, '.', '_' and a wrap, '+' and a build id, {_END}"
        if not found and self._passed("_"):
            found = self._wrap()
            follows = f"digits, '+' and a build id, {_END}"
        if not found and self._passed("+"):
            found = self._identifiers("build id")
            follows = f"{_IDENTIFIER}, '.', {_END}"
        return found or self._here(f"{self._found()} does not belong there", follows)

    def _number(self, part: str) -> Mistake | None:
        if not self._passed("."):
            return self._here(
                f"{self._found()} where the {part} number should follow", "'.', as in 1.2.3"
            )
        return self._digits(part)

    def _digits(self, part: str) -> Mistake | None:
        digits = self._run(_DIGITS)
        if not digits:
            return self._here(f"{self._found()} in place of the {part} number", _NUMBER)
        if digits != "0" and digits[0] == "0":
            return self._here(f"a leading zero in the {part} number", _NUMBER)
        if int(digits) > MAX_NUMBER:
            return self._here(f"the {part} number is too large", f"at most {MAX_NUMBER}")
        self.at += len(digits)
        return None

    def _identifiers(self, what: str) -> Mistake | None:
        while True:
            word = self._run(_WORD)
            if not word:
                return self._here(f"{self._found()} in place of a part of the {what}", _IDENTIFIER)
            if what == "prerelease" and word != "0" and word[0] == "0" and word.isdigit():
                return self._here(f"a leading zero in a number of the {what}", _NUMBER)
            self.at += len(word)
            if not self._passed("."):
                return None

    def _wrap(self) -> Mistake | None:
        digits = self._run(_DIGITS)
        if not digits:
            return self._here(f"{self._found()} in place of the wrap", _WRAP)
        if digits[0] == "0":
            return self._here("the wrap begins with 0", _WRAP)
        self.at += len(digits)
        return None

    def _passed(self, char: str) -> bool:
        passed = self.text.startswith(char, self.at, self.end)
        self.at += passed
        return passed

    def _run(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at, self.end)
        return match.group() if match else ""

    def _found(self) -> str:
        return character(self.text, self.at, self.end)

    def _here(self, message: str, allowed: str) -> Mistake:
        return _mistake(self.text, self.at, message, allowed)


def _mistake(text: str, at: int, message: str, allowed: str) -> Mistake:
    return Mistake(code=BAD_VERSION, text=text, at=at, message=message, allowed=allowed)
