"""The declarations that an editor needs to know what a package exports.

Its own, those of ``@types`` for it, and whatever these lead to by relative imports and references.
What they import by the names of other packages is asked for by those names.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graft.base.records import Record

MOST_BYTES = 8 << 20
_DEEPEST = 12
_ENDINGS = (".d.ts", ".d.mts", ".d.cts")
_MANIFEST = "package.json"
# What is written for runtime, and where its declarations lie.
_OF_CODE = {".js": ".d.ts", ".mjs": ".d.mts", ".cjs": ".d.cts"}
_REFERENCE = re.compile(r"""^\s*///\s*<reference\s+(path|types)\s*=\s*["']([^"']+)["']""", re.M)
_RELATIVE = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'](\.{1,2}/[^"']*|\.{1,2})["']"""
)

Files = Mapping[str, bytes]
"""By path below the package's folder."""


class Closure(Record):
    """``files`` have paths as ``node_modules/<name>/…``, and are sorted by them. ``truncated`` says
    that some were left out, as all together would be too large."""

    specifier: str
    files: tuple[tuple[str, str], ...]
    has_own_types: bool
    has_at_types: bool
    truncated: bool

    @property
    def not_found(self) -> bool:
        return not (self.has_own_types or self.has_at_types)


def package_of(specifier: str) -> str:
    """The package of ``lodash/fp`` or ``@acme/tool/part``."""
    return "/".join(specifier.split("/")[: 2 if specifier.startswith("@") else 1])


def at_types(name: str) -> str:
    """``@types/tool``, or ``@types/acme__tool`` for ``@acme/tool``."""
    return f"@types/{name[1:].replace('/', '__') if name.startswith('@') else name}"


def is_of_use(path: str) -> bool:
    """Whether a package's file may be part of a closure."""
    return path == _MANIFEST or path.endswith(_ENDINGS)


def closure(
    specifier: str, package: Callable[[str], Files | None], most: int = MOST_BYTES
) -> Closure:
    """``package`` gives the files of a package by the name that it is imported by, those that are
    ``is_of_use``; None for one that is not there."""
    name = package_of(specifier)
    found: dict[str, str] = {}
    waiting: deque[tuple[str, str]] = deque()
    asked: dict[str, Files | None] = {}

    def files_of(name: str) -> Files:
        if name not in asked:
            asked[name] = package(name)
        return asked[name] or {}

    own = list(_own_types(files_of(name)))
    other = at_types(name)
    typed = [path for path in files_of(other) if _is_near(path)]
    for owner, paths in ((name, own), (other, typed)):
        if _MANIFEST in files_of(owner):
            waiting.append((owner, _MANIFEST))
        waiting.extend((owner, path) for path in paths)
    size, truncated = 0, False
    while waiting:
        owner, path = waiting.popleft()
        key = f"node_modules/{owner}/{path}"
        if key in found:
            continue
        data = files_of(owner)[path]
        if size + len(data) > most:
            truncated = True
            continue
        size += len(data)
        text = found[key] = data.decode(errors="replace")
        if path.endswith(_ENDINGS):
            waiting.extend(_led_to(owner, path, text, files_of))
    return Closure(
        specifier=specifier,
        files=tuple(sorted(found.items())),
        has_own_types=bool(own),
        has_at_types=any(path.endswith(_ENDINGS) for path in typed),
        truncated=truncated,
    )


def _own_types(files: Files) -> Iterator[str]:
    try:
        said = json.loads(files.get(_MANIFEST, b"{}"))
    except (ValueError, RecursionError):
        said = {}
    if not isinstance(said, dict):
        said = {}
    named = [said.get("types"), said.get("typings"), *_conditions(said.get("exports"), 0)]
    paths = [_there(files, text) for text in named if isinstance(text, str)]
    yield from dict.fromkeys(filter(None, paths or [_there(files, "index.d.ts")]))
    if paths and not any(paths) and (usual := _there(files, "index.d.ts")):
        yield usual


def _conditions(exports: Any, depth: int) -> Iterator[str]:
    """What stands under ``types``, wherever that is."""
    if depth > _DEEPEST:
        return
    if isinstance(exports, list):
        for each in exports:
            yield from _conditions(each, depth + 1)
    elif isinstance(exports, dict):
        for key, value in exports.items():
            if key == "types" and isinstance(value, str):
                yield value
            else:
                yield from _conditions(value, depth + 1)


def _led_to(
    owner: str, path: str, text: str, files_of: Callable[[str], Files]
) -> Iterator[tuple[str, str]]:
    folder = posixpath.dirname(path)
    for kind, target in _REFERENCE.findall(text):
        if kind == "types":
            other = at_types(package_of(target))
            if "index.d.ts" in files_of(other):
                yield other, "index.d.ts"
        elif there := _there(files_of(owner), posixpath.join(folder, target)):
            yield owner, there
    for target in _RELATIVE.findall(text):
        if there := _there(files_of(owner), posixpath.join(folder, target)):
            yield owner, there


def _there(files: Files, path: str) -> str:
    """The declarations that a path means; empty where there are none, or it leads elsewhere."""
    path = posixpath.normpath(path)
    if path.startswith(("..", "/")):
        return ""
    candidates = [path, *(path + ending for ending in _ENDINGS)]
    stem, ending = posixpath.splitext(path)
    if ending in _OF_CODE:
        candidates.append(stem + _OF_CODE[ending])
    candidates += [posixpath.normpath(f"{path}/index{ending}") for ending in _ENDINGS]
    return next((each for each in candidates if each.endswith(_ENDINGS) and each in files), "")


def _is_near(path: str) -> bool:
    return (
        path.endswith(_ENDINGS)
        and path.count("/") <= _DEEPEST
        and "node_modules" not in path.split("/")
    )
