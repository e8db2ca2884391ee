"""Edits of ``.npmrc`` that touch the lines they are about and no others."""

from __future__ import annotations

import json

from graft.project.ini import IniLine, parse_ini


def set_key(text: str, key: str, value: str) -> str | None:
    """The last line that sets ``key`` says ``value``; other lines of it go. A new key goes last,
    but above the first ``[section]``, below which nothing is a setting. None for what the format
    cannot hold."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    numbers = _lines_of(text, key)
    written = f"{key}={_value(value)}"
    if numbers:
        kept = lines[numbers[-1] - 1]
        lines[numbers[-1] - 1] = _with_value(kept, key, written) + _ending(kept)
        for number in reversed(numbers[:-1]):
            del lines[number - 1]
    else:
        at = _first_section(lines)
        if at and not lines[at - 1].endswith(("\n", "\r")):
            lines[at - 1] += newline
        lines.insert(at, written + newline)
    edited = "".join(lines)
    said = [(line.value, line.is_list) for line in parse_ini(edited) if line.key == key]
    others = [line for line in _settings(edited) if line[0] != key]
    before = [line for line in _settings(text) if line[0] != key]
    return edited if key and said == [(value, False)] and others == before else None


def delete_key(text: str, key: str) -> str:
    """Without the lines that set ``key``."""
    gone = set(_lines_of(text, key))
    lines = enumerate(text.splitlines(keepends=True), start=1)
    return "".join(line for number, line in lines if number not in gone)


def _lines_of(text: str, key: str) -> list[int]:
    return [line.line for line in parse_ini(text) if line.key == key]


def _settings(text: str) -> list[tuple[str, str, bool]]:
    def said(line: IniLine) -> tuple[str, str, bool]:
        return line.key, line.value, line.is_list

    return list(map(said, parse_ini(text)))


def _with_value(line: str, key: str, written: str) -> str:
    """The line with another value, its spaces around ``=`` kept."""
    head, equals, tail = line.rstrip("\r\n").partition("=")
    if not equals or head.strip().endswith("[]"):
        return written
    space = tail[: len(tail) - len(tail.lstrip())] if tail.strip() else ""
    return f"{head}={space}{written[len(key) + 1 :]}"


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _first_section(lines: list[str]) -> int:
    for at, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            return at
    return len(lines)


def _value(value: str) -> str:
    """As it is if it reads back as it is, else quoted."""
    read = [line.value for line in parse_ini(f"k={value}")]
    return value if read == [value] else json.dumps(value, ensure_ascii=False)
