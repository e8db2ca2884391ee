"""``package = { … }`` at the beginning of a Lua file, as data.

The literals of Lua and nothing else: texts, numbers, ``true``, ``false``, ``nil`` and tables of
those. Nothing is ever run. Operators, calls and variables have no meaning here and are refused with
their line; what stands behind the table is for other tools, and not even looked at.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_MAX_CHARACTERS = 1 << 20
_MAX_DEPTH = 50

_SPACE = re.compile(r"(?:[ \t\r\n\f\v]+|--(?!\[=*\[)[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(
    r"-?(?:0[xX][0-9A-Fa-f]{1,15}|[0-9]{1,15}(?:\.[0-9]{0,15})?(?:[eE][+-]?[0-9]{1,3})?)"
)
_LONG = re.compile(r"\[(=*)\[\r?\n?")
_PLAIN = re.compile(r"[^\\\n\"']+")
_ESCAPES = dict(zip("abfnrtv\\\"'\n", "\a\b\f\n\r\t\v\\\"'\n", strict=True))
_WORDS = {"true": True, "false": False, "nil": None}
_AFTER_NUMBER = frozenset(" \t\r\n\f\v,;}]-")


class LuaError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Literal(NamedTuple):
    """``lines`` has the line of each key of each table, by the keys that lead there."""

    value: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]


def read_package(data: bytes) -> Literal:
    """Tables without keys are lists; what has no key in other tables is a list at the key ``""``.
    Raises ``LuaError``."""
    if len(data) > _MAX_CHARACTERS:
        raise LuaError(f"it has {len(data):,} bytes, and up to {_MAX_CHARACTERS:,} are read", 0)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LuaError("it is not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    return _Reader(text).package()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.line, self.counted = 1, 0

    def package(self) -> Literal:
        self._skip()
        if self._name() != "package":
            raise self._error("a descriptor begins with 'package = {'")
        self._skip()
        if not self._passed("="):
            raise self._error("'=' must follow 'package'")
        self._skip()
        if not self.text.startswith("{", self.at):
            raise self._error("'package' must be a table, written out: nothing is run to make one")
        value = self._table(())
        if not isinstance(value, dict):
            raise self._error("'package' must have keys")
        return Literal(value, self.lines)

    def _table(self, path: tuple[str | int, ...]) -> dict[str, Any] | list[Any]:
        if len(path) > _MAX_DEPTH:
            raise self._error("it is nested too deep")
        self.at += 1
        named: dict[str, Any] = {}
        seen: set[str] = set()
        listed: list[Any] = []
        while True:
            self._skip()
            if self._passed("}"):
                break
            here = self._line()
            key = self._key()
            if key is None:
                listed.append(self._value((*path, len(listed))))
            elif key in seen:
                raise self._error(f"the key '{key}' is there twice")
            else:
                seen.add(key)
                self.lines[(*path, key)] = here
                value = self._value((*path, key))
                if value is not None:
                    named[key] = value
            self._skip()
            if not (self._passed(",") or self._passed(";") or self._is_at("}")):
                raise self._error(f"{self._found()} behind a value: only literals are read")
        if not seen:
            return listed if listed else {}
        return {**named, "": listed} if listed else named

    def _key(self) -> str | None:
        """None where a value follows that has no key."""
        start = self.at
        if self._is_at("[") and not _LONG.match(self.text, self.at):
            self.at += 1
            self._skip()
            if self._is_at("{"):
                raise self._error("a key must be a text or a number")
            key = self._value(())
            if isinstance(key, bool) or key is None:
                raise self._error("a key must be a text or a number")
            self._skip()
            if not self._passed("]"):
                raise self._error(f"{self._found()} in place of ']'")
            self._skip()
            if not self._passed("="):
                raise self._error("'=' must follow a key")
            self._skip()
            return str(key)
        name = self._name()
        self._skip()
        if name and self._is_at("=") and not self.text.startswith("==", self.at):
            self.at += 1
            self._skip()
            return name
        self.at = start
        return None

    def _value(self, path: tuple[str | int, ...]) -> Any:
        head = self.text[self.at : self.at + 1]
        if head == "{":
            return self._table(path)
        if head in ('"', "'") and head:
            return self._quoted(head)
        if _LONG.match(self.text, self.at):
            return self._long()
        number = _NUMBER.match(self.text, self.at)
        if number:
            return self._number(number)
        start = self.at
        name = self._name()
        if name in _WORDS:
            return _WORDS[name]
        self.at = start
        if name:
            raise self._error(
                f"'{name}' is no literal: nothing in a descriptor is looked up or run"
            )
        raise self._error(f"{self._found()} where a value must be")

    def _number(self, number: re.Match[str]) -> int | float:
        if number.end() < len(self.text) and self.text[number.end()] not in _AFTER_NUMBER:
            raise self._error(f"'{self.text[number.start() : number.end() + 1]}' is no number")
        self.at = number.end()
        digits = number[0].lower()
        if "x" in digits:
            return int(digits, 16)
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)

    def _quoted(self, mark: str) -> str:
        begun = self._line()
        self.at += 1
        parts: list[bytes] = []
        while True:
            plain = _PLAIN.match(self.text, self.at)
            if plain:
                parts.append(plain[0].encode())
                self.at = plain.end()
            head = self.text[self.at : self.at + 1]
            if head == mark:
                self.at += 1
                return self._decoded(parts, begun)
            if head in ("", "\n"):
                raise LuaError("a text does not end", begun)
            if head == "\\":
                parts.append(self._escape())
            else:
                parts.append(head.encode())
                self.at += 1

    def _escape(self) -> bytes:
        rest = self.text[self.at + 1 : self.at + 12].replace("\r\n", "\n")
        if rest[:1] in _ESCAPES and rest:
            self.at += 3 if self.text.startswith("\\\r\n", self.at) else 2
            return _ESCAPES[rest[0]].encode()
        if rest[:1] == "z":
            self.at += 2
            while self.text[self.at : self.at + 1].isspace():
                self.at += 1
            return b""
        if found := re.match(r"x([0-9A-Fa-f]{2})|([0-9]{1,3})", rest):
            byte = int(found[1], 16) if found[1] else int(found[2])
            if byte < 256:
                self.at += 1 + found.end()
                return bytes([byte])
        if found := re.match(r"u\{([0-9A-Fa-f]{1,6})\}", rest):
            point = int(found[1], 16)
            if point < 0x110000 and not 0xD800 <= point < 0xE000:
                self.at += 1 + found.end()
                return chr(point).encode()
        raise self._error(f"'\\{rest[:1]}' is no escape")

    def _long(self) -> str:
        opened = _LONG.match(self.text, self.at)
        assert opened is not None
        end = self.text.find(f"]{opened[1]}]", opened.end())
        if end < 0:
            raise self._error("a long text does not end")
        self.at = end + 2 + len(opened[1])
        return self.text[opened.end() : end]

    def _decoded(self, parts: list[bytes], line: int) -> str:
        try:
            return b"".join(parts).decode()
        except UnicodeDecodeError:
            raise LuaError("a text is not UTF-8", line) from None

    def _skip(self) -> None:
        while True:
            space = _SPACE.match(self.text, self.at)
            if space:
                self.at = space.end()
            if not (self._is_at("--") and _LONG.match(self.text, self.at + 2)):
                return
            self.at += 2
            self._long()

    def _name(self) -> str:
        name = _NAME.match(self.text, self.at)
        if name:
            self.at = name.end()
        return name[0] if name else ""

    def _passed(self, mark: str) -> bool:
        passed = self.text.startswith(mark, self.at)
        self.at += len(mark) * passed
        return passed

    def _is_at(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _found(self) -> str:
        if self.at >= len(self.text):
            return "the end"
        found = self.text[self.at]
        word = ".." if self.text.startswith("..", self.at) else found
        return f"'{word}'" if word.isprintable() else f"U+{ord(found):04X}"

    def _line(self) -> int:
        """Of where the reader is; it only ever moves on from where it last counted, or back by a
        name."""
        if self.at < self.counted:
            return self.text.count("\n", 0, self.at) + 1
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def _error(self, message: str) -> LuaError:
        return LuaError(message, self._line())
