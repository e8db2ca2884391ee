"""Patterns of folders, as ``workspaces`` and ``packages`` have them.

``*`` and ``?`` are any characters of one name, ``[ab]`` one of them, ``{a,b}`` either, ``**`` any
number of folders. A pattern behind ``!`` takes away; of several that match, the last one decides.
Names that begin with a dot, ``node_modules`` and links are never matched by a pattern.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from graft.base.globs import expand_braces

_SPECIAL = re.compile(r"[*?\[{]")
_NEVER = ("node_modules", "bower_components")


class Found:
    """``folders`` are paths relative to the root, sorted; ``scanned`` those whose entries decided
    which there are."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.scanned: list[str] = []


def normal(pattern: str) -> str:
    """``./packages/*/`` -> ``packages/*``; the mark in front of a negation stays."""
    mark, pattern = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return mark + ("/".join(parts) or ".")


def matches(patterns: Sequence[str], path: str) -> bool:
    """Whether normal patterns name a folder, given as a path relative to the root."""
    names = _split(path)
    if not set(_NEVER).isdisjoint(names):
        return False
    answer = False
    for pattern in patterns:
        plain = expand_braces(pattern.removeprefix("!"))
        if any(_fits(_split(alternative), names) for alternative in plain):
            answer = not pattern.startswith("!")
    return answer


def expand(root: str, patterns: Sequence[str]) -> Found:
    """The folders below ``root`` that normal patterns name, whether a package is in them or not."""
    found = Found()
    candidates: set[str] = set()
    scanned: set[str] = set()
    for pattern in patterns:
        if not pattern.startswith("!"):
            for plain in expand_braces(pattern):
                candidates.update(_walk(root, "", _split(plain), scanned))
    found.folders = sorted(path or "." for path in candidates if matches(patterns, path or "."))
    found.scanned = sorted(path or "." for path in scanned)
    return found


def _walk(root: str, base: str, parts: Sequence[str], scanned: set[str]) -> Iterator[str]:
    if not parts:
        yield base
        return
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _walk(root, base, rest, scanned)
        for name in _folders(root, base, scanned):
            yield from _walk(root, _below(base, name), parts, scanned)
    elif _SPECIAL.search(first):
        wanted = _compiled(first)
        for name in _folders(root, base, scanned):
            if wanted.fullmatch(name):
                yield from _walk(root, _below(base, name), rest, scanned)
    else:
        path = _below(base, first)
        full = os.path.join(root, path)
        if first not in _NEVER and os.path.isdir(full) and not os.path.islink(full):
            yield from _walk(root, path, rest, scanned)


def _folders(root: str, base: str, scanned: set[str]) -> list[str]:
    scanned.add(base)
    try:
        with os.scandir(os.path.join(root, base)) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and entry.name not in _NEVER
                and entry.is_dir(follow_symlinks=False)
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def _below(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name


def _fits(parts: Sequence[str], names: Sequence[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        deeper = bool(names) and not names[0].startswith(".") and _fits(parts, names[1:])
        return deeper or _fits(parts[1:], names)
    return (
        bool(names)
        and _compiled(parts[0]).fullmatch(names[0]) is not None
        and _fits(parts[1:], names[1:])
    )


def _split(path: str) -> list[str]:
    return [] if path == "." else path.split("/")


@lru_cache(maxsize=1024)
def _compiled(part: str) -> re.Pattern[str]:
    """One name of a pattern."""
    text = "" if part.startswith(".") else r"(?!\.)"
    at = 0
    while at < len(part):
        character = part[at]
        closing = part.find("]", at + 2) if character == "[" else -1
        if character == "*":
            text += "[^/]*"
        elif character == "?":
            text += "[^/]"
        elif closing > 0:
            inside = part[at + 1 : closing].replace("\\", r"\\").replace("[", r"\[")
            text += f"[{'^' + inside[1:] if inside[:1] in '!^' else inside}]"
            at = closing
        else:
            text += re.escape(character)
        at += 1
    return re.compile(text)
