"""graft's prices beside the reference's version pricer, on its own tests' calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graft.resolve.flat.prices import ages, distances, newness
from graft.versions.index_version import parse_index_version
from graft.versions.version import Key

_UPDATE, _GRAVITY, _GRAVITY_WITH_PATCHES = 1, 2, 3


def compare_prices(data: Path) -> tuple[int, list[str]]:
    """How many calls there are, and where graft answers otherwise."""
    written = json.loads((data / "version-pricer-tests.json").read_text(encoding="utf-8"))
    differences = [
        f"{case['fn']}{case['args']}: {ours}, not {case['result']}"
        for case in written["cases"]
        if (ours := _answer(case["fn"], case["args"])) != case["result"]
    ]
    return len(written["cases"]), differences


def _answer(function: str, args: Sequence[Any]) -> Any:
    keys = [_key(text) for text in args[0]]
    options = (args[2] if len(args) > 2 else None) or {}
    if function == "partitionVersions":
        # The same parts by what distances says of each: incompatible or not, and on which side.
        previous = _key(args[1])
        incompatible = [row[0] for row in distances(keys, previous, patched=False)]
        parts: dict[str, list[str]] = {"older": [], "compatible": [], "higherMajor": []}
        for text, key, changed in zip(args[0], keys, incompatible, strict=True):
            side = "older" if key < previous else "higherMajor"
            parts[side if changed else "compatible"].append(text)
        return parts
    if function == "priceVersionsWithPrevious":
        return _columns(distances(keys, _key(args[1]), patched=bool(options.get("takePatches"))))
    mode = args[1]
    if mode == _UPDATE:
        after = options.get("versionAfter")
        return _columns(ages(keys, _key(after) if after else None))
    before = options.get("versionBefore")
    patched = mode == _GRAVITY_WITH_PATCHES
    return _columns(newness(keys, _key(before) if before else None, patched=patched))


def _key(text: str) -> Key:
    return parse_index_version(text).key


def _columns(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Of all versions level by level, as the reference has them."""
    return [list(column) for column in zip(*rows, strict=True)]
