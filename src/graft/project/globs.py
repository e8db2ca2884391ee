"""Patterns of folders, as ``workspaces`` and ``packages`` have them.

A pattern behind ``!`` takes away; of several that match, the last one decides. ``node_modules`` and
links are never matched, nor are names that begin with a dot, but by a dot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from graft.base.globs import Glob, Stars, Test, read_glob
from graft.project.subfolders import NEVER, subfolders

# What a folder holds. A pattern is about the path of that file, so ``a/**`` is about ``a`` too.
_FILE = "package.json"


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
    if not set(NEVER).isdisjoint(path.split("/")):
        return False
    answer = False
    for pattern in patterns:
        if _glob(pattern).matches(_file_in(path)):
            answer = not pattern.startswith("!")
    return answer


def expand(root: str, patterns: Sequence[str]) -> Found:
    """The folders below ``root`` that normal patterns name, whether a package is in them or not."""
    found = Found()
    candidates: set[str] = set()
    scanned: set[str] = set()
    for pattern in patterns:
        if not pattern.startswith("!"):
            for form in _glob(pattern).forms:
                candidates.update(_walk(root, "", form[:-1], scanned))
    found.folders = sorted(path or "." for path in candidates if matches(patterns, path or "."))
    found.scanned = sorted(path or "." for path in scanned)
    return found


def _glob(pattern: str) -> Glob:
    """For the file in the folders that a normal pattern names, or takes away."""
    return read_glob(_file_in(pattern), exact=True)


def _file_in(folder: str) -> str:
    return _FILE if folder in (".", "!.") else f"{folder}/{_FILE}"


def _walk(root: str, base: str, tests: Sequence[Test], scanned: set[str]) -> Iterator[str]:
    if not tests:
        yield base
        return
    first, rest = tests[0], tests[1:]
    if isinstance(first, Stars):
        yield from _walk(root, base, rest, scanned)
        for name in _folders(root, base, scanned):
            yield from _walk(root, _below(base, name), tests, scanned)
    elif isinstance(first, str):
        path = _below(base, first)
        full = os.path.join(root, path)
        if first in NEVER:
            return
        if os.path.isdir(full) and not os.path.islink(full):
            yield from _walk(root, path, rest, scanned)
        else:
            scanned.add(base)  # where it may come to be
    else:
        for name in _folders(root, base, scanned):
            if first.match(name):
                yield from _walk(root, _below(base, name), rest, scanned)


def _folders(root: str, base: str, scanned: set[str]) -> list[str]:
    scanned.add(base)
    return subfolders(os.path.join(root, base))


def _below(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name
