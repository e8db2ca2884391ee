"""Edits of ``package.json`` that touch the lines they are about and no others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]
from typing import Any

_BOM = "\ufeff"
# Where a new section goes: behind the first of these that is there, else at the end.
_NEIGHBOURS = {
    "dependencies": (),
    "devDependencies": ("dependencies",),
    "optionalDependencies": ("devDependencies", "dependencies"),
    "peerDependencies": ("dependencies",),
    "overrides": (),
}


def set_dependencies(raw: bytes, section: str, entries: Mapping[str, str]) -> bytes:
    """Set names in one section. A sorted section stays sorted; otherwise new names go last."""
    text, spans = _spans(raw)
    start, end = spans.get(section, (0, 0))
    present: dict[str, str] = json.loads(text[start:end]) if end else {}
    ordered = list(present)
    merged = present | dict(entries)
    if ordered == sorted(ordered):
        merged = dict(sorted(merged.items()))
    return _with_section(text, spans, section, merged)


def remove_dependencies(raw: bytes, section: str, names: set[str]) -> bytes:
    """Remove names from one section, and the section if nothing is left in it."""
    text, spans = _spans(raw)
    if section not in spans:
        return raw
    start, end = spans[section]
    present: dict[str, str] = json.loads(text[start:end])
    kept = {name: value for name, value in present.items() if name not in names}
    if kept == present:
        return raw
    return _with_section(text, spans, section, kept)


def set_overrides(raw: bytes, below: Mapping[str, Mapping[str, str]]) -> bytes:
    """Add to ``overrides``, in npm's form: for each package, what its requirements become."""
    text, spans = _spans(raw)
    start, end = spans.get("overrides", (0, 0))
    merged: dict[str, Any] = json.loads(text[start:end]) if end else {}
    for package, replacements in below.items():
        present = merged.get(package, {})
        # A text is short for an object that says it of the package itself.
        inside = present if isinstance(present, dict) else {".": present}
        merged[package] = {**inside, **replacements}
    return _with_section(text, spans, "overrides", merged)


def set_section(raw: bytes, section: str, entries: Mapping[str, object]) -> bytes:
    """Set all of one section; one that is empty is removed. Others stay as they are written."""
    text, spans = _spans(raw)
    if section in spans:
        start, end = spans[section]
        if json.loads(text[start:end]) == entries:
            return raw
    return _with_section(text, spans, section, entries)


def _with_section(
    text: str, spans: Mapping[str, tuple[int, int]], section: str, entries: Mapping[str, Any]
) -> bytes:
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = _indent(text)
    body = json.dumps(entries, indent=indent, ensure_ascii=False)
    body = body.replace("\n", newline + indent if indent else newline)
    if section in spans:
        start, end = spans[section]
        if not entries:
            return _without(text, spans, section).encode()
        return (text[:start] + body + text[end:]).encode()
    if not entries:
        return text.encode()
    entry = f'{newline}{indent}"{section}": {body}'
    after = next((name for name in _NEIGHBOURS.get(section, ()) if name in spans), None)
    if after is None and spans:
        after = max(spans, key=lambda name: spans[name][1])
    if after is None:
        opening = text.index("{") + 1
        closing = text.index("}", opening)
        return (text[:opening] + entry + newline + text[closing:]).encode()
    end = spans[after][1]
    return (text[:end] + "," + entry + text[end:]).encode()


def _without(text: str, spans: Mapping[str, tuple[int, int]], section: str) -> str:
    """Cut a section with its key and one of the commas beside it."""
    order = sorted(spans, key=lambda name: spans[name][0])
    at = order.index(section)
    end = spans[section][1]
    if at:
        return text[: spans[order[at - 1]][1]] + text[end:]
    if len(order) > 1:
        opening = text.index("{") + 1
        comma = text.index(",", end)
        return text[:opening] + text[comma + 1 :]
    opening = text.index("{") + 1
    return text[:opening] + text[end:]


def _spans(raw: bytes) -> tuple[str, dict[str, tuple[int, int]]]:
    """The document's text and where the value of each of its keys begins and ends."""
    text = raw.decode("utf-8")
    decoder = json.JSONDecoder()
    spans: dict[str, tuple[int, int]] = {}
    at = _skip(text, 1 if text.startswith(_BOM) else 0) + 1
    while True:
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        if text[at] == "}":
            return text, spans
        key, at = scanstring(text, at + 1)
        start = _skip(text, _skip(text, at) + 1)
        _, at = decoder.raw_decode(text, start)
        spans[key] = (start, at)


def _skip(text: str, at: int) -> int:
    end: int = WHITESPACE.match(text, at).end()
    return end


def _indent(text: str) -> str:
    """The white space before the first key; npm's two spaces where all is on one line."""
    opening = text.index("{") + 1
    line = text[opening:].lstrip("\r\n")
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent if text[opening : opening + 1] in "\r\n" and indent else "  "
