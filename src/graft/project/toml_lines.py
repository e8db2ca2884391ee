"""Where the keys of a TOML document stand: its reader knows, but does not tell.

Loaded once something is to be said of a line. The document has been read before, so it is sound.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache

from graft.base.records import Record

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' "|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' "|'[^']*'", re.DOTALL
)
_OTHER = re.compile(r"[^\[\]{}\"'#,\n]+")


class Place(Record, kw_only=False):
    """``line`` counts from 1. ``value`` is how it is written, empty for a table; ``is_header`` says
    that the table has a header of its own."""

    line: int
    value: str = ""
    is_header: bool = False


@lru_cache(maxsize=2)
def key_places(text: str) -> Mapping[tuple[str, ...], Place]:
    """By the keys that lead there; a table stands where it is named first, and each of an array of
    tables has its number (from 0) for a key. What is in an inline
    table stands where that does, and has no place of its own."""
    return _Walk(text).places()


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._found: dict[tuple[str, ...], Place] = {}
        self._counts: dict[tuple[str, ...], int] = {}

    def places(self) -> Mapping[tuple[str, ...], Place]:
        table: tuple[str, ...] = ()
        while True:
            self._pass(_SPACE)
            if self._at >= len(self._text):
                return self._found
            line = self._here()
            if self._text[self._at] == "[":
                is_array = self._text.startswith("[[", self._at)
                while self._text[self._at] == "[":
                    self._at += 1
                table = self._keys("]")
                while self._text[self._at : self._at + 1] == "]":
                    self._at += 1
                self._found.setdefault(table, Place(line, is_header=True))
                if is_array:
                    table = self._numbered(table)
                    self._found[table] = Place(line, is_header=True)
                continue
            keys = self._keys("=")
            self._at += 1
            self._pass(_BLANK)
            start = self._at
            self._pass_value()
            for depth in range(1, len(keys)):
                self._found.setdefault((*table, *keys[:depth]), Place(line))
            value = self._text[start : self._at].rstrip()
            self._found.setdefault((*table, *keys), Place(line, value))

    def _numbered(self, table: tuple[str, ...]) -> tuple[str, ...]:
        number = self._counts.get(table, 0)
        self._counts[table] = number + 1
        return (*table, str(number))

    def _keys(self, end: str) -> tuple[str, ...]:
        keys = []
        while True:
            self._pass(_BLANK)
            if self._text[self._at] in "\"'":
                keys.append(tomllib.loads(f"key = {self._pass(_STRING)}")["key"])
            else:
                keys.append(self._pass(_BARE))
            self._pass(_BLANK)
            if self._text[self._at] == end:
                return tuple(keys)
            self._at += 1

    def _pass_value(self) -> None:
        depth = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in "\"'":
                self._pass(_STRING)
            elif depth and (char in " \t\r\n#"):
                self._pass(_SPACE)
            elif char in "#\n":
                return
            elif char in "[{":
                depth, self._at = depth + 1, self._at + 1
            elif char in "]}":
                depth, self._at = depth - 1, self._at + 1
            elif char == ",":
                self._at += 1
            else:
                self._pass(_OTHER)

    def _pass(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match
        self._at = match.end()
        return match.group()

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line
