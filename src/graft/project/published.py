"""A package.json as others get it: without what means something in its own workspace alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from graft.project.manifest import SECTIONS

_WORKSPACE = "workspace:"
# What publishConfig may say in place of the manifest, as pnpm has it.
_REPLACED = (
    *("bin", "browser", "cpu", "es2015", "esnext", "exports", "imports", "libc", "main", "module"),
    *("os", "type", "types", "typesVersions", "typings", "umd:main", "unpkg"),
)


def published(
    raw: bytes, data: Mapping[str, Any], meaning: Callable[[str, str], str]
) -> tuple[bytes, dict[str, Any]]:
    """The file and what is in it. ``meaning`` says what a specifier behind a name stands for
    outside of the workspace; where nothing changes, the bytes are those that are there."""
    document = dict(data)
    for section in SECTIONS:
        lines = data.get(section)
        if isinstance(lines, dict):
            document[section] = {
                name: meaning(name, text) if isinstance(text, str) else text
                for name, text in lines.items()
            }
    config = data.get("publishConfig")
    if isinstance(config, dict):
        document |= {field: config[field] for field in _REPLACED if field in config}
        left = {field: value for field, value in config.items() if field not in _REPLACED}
        if left != config:
            document["publishConfig"] = left
    if document == data:
        return raw, document
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n", document


def outside_workspace(name: str, text: str, versions: Mapping[str, str]) -> str:
    """``workspace:^`` as a range of the member's version; ``versions`` holds those by name. A text
    that is no ``workspace:`` is itself; one whose member has no version stays as it is."""
    if not text.startswith(_WORKSPACE):
        return text
    said = text.removeprefix(_WORKSPACE).strip()
    at = said.find("@", 1)
    package, range = (said[:at], said[at + 1 :]) if at > 0 else (name, said)
    if range in ("", "*", "^", "~"):
        if package not in versions:
            return text
        range = f"{range.strip('*')}{versions[package]}"
    return range if package == name else f"npm:{package}@{range}"
