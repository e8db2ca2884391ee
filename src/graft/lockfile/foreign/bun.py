"""``bun.lock``: JSON with commas at the end of lists.

``packages`` is keyed by place: ``b/a`` is the ``a`` that ``b`` alone gets. Each entry is a list: an
id, then for a package of a registry that registry, what it asks for, and the integrity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from graft.lockfile.foreign.faults import unknown_format, unreadable
from graft.lockfile.foreign.fields import entry as checked
from graft.lockfile.foreign.fields import table, text
from graft.lockfile.foreign.lock import Edge, ForeignLock, package, source_kind
from graft.lockfile.foreign.pins import pin, pins_of
from graft.lockfile.foreign.places import (
    SECTIONS,
    SECTIONS_OF_PACKAGES,
    between,
    edges,
    place_parts,
)
from graft.model.names import split_spec

_KNOWN = (0, 1, 2)
# A text, which is kept, or a comma with nothing behind it but blanks and the end of a list. A text
# without an end goes to that of the file: from none of its quotes will another be looked for.
_COMMA = re.compile(r'("(?:[^"\\]|\\.?)*+"?)|,(?=\s*+[\]}])', re.DOTALL)


def read(data: bytes, where: str) -> ForeignLock:
    """Raises ``import-unreadable``, ``import-version``, and ValueError for a field that makes no
    sense."""
    plain = _COMMA.sub(lambda found: found[1] or " ", data.decode("utf-8-sig"))
    try:
        document = checked(json.loads(plain), "the document")
    except json.JSONDecodeError as error:
        raise unreadable(where, error.msg, line=error.lineno) from None
    version = document.get("lockfileVersion")
    if version not in _KNOWN:
        raise unknown_format(where, str(version), "0 to 2 of bun's", "update graft")
    entries = {place: _Entry(said) for place, said in table(document, "packages").items()}
    left_out = {place: kind for place, entry in entries.items() if (kind := entry.kind)}
    owners = {
        place: edges(entry.info, SECTIONS_OF_PACKAGES, _above(place), entries)
        for place, entry in entries.items()
    }
    kept = entries.keys() - left_out.keys()
    found = between(owners, kept)
    importers = _importers(table(document, "workspaces"), entries)
    pinned = {place: pin(place, entries[place].version, entries[place].sri) for place in left_out}
    return ForeignLock(
        format=f"bun lockfile {version}",
        importers=between(importers, kept),
        packages={
            place: package(entry.name, entry.version, entry.integrity, found[place])
            for place, entry in entries.items()
            if place in kept
        },
        left_out=left_out,
        pins=pins_of((*importers.values(), *owners.values()), pinned),
    )


class _Entry:
    def __init__(self, said: Any) -> None:
        if not (isinstance(said, list) and said and said[0] and isinstance(said[0], str)):
            raise ValueError("an entry of 'packages' does not begin with an id")
        self.name, self.version = split_spec(said[0])
        self.kind = source_kind(self.version)
        self.info = next((part for part in said if isinstance(part, dict)), {})
        is_whole = len(said) > 3 and isinstance(said[3], str)
        self.integrity = said[3] if is_whole else ""
        # An archive's entry has neither a registry nor, from older versions, an integrity.
        last = said[-1]
        self.sri = last if isinstance(last, str) and last.startswith("sha") else ""


def _importers(
    workspaces: dict[str, Any], entries: dict[str, _Entry]
) -> dict[str, dict[str, Edge]]:
    found = {}
    for path, said in workspaces.items():
        member = checked(said, path)
        # What a member alone gets is keyed by its name.
        folders = _above(text(member, "name")) if path else [""]
        found[path or "."] = edges(member, SECTIONS, folders, entries)
    return found


def _above(place: str) -> Iterator[str]:
    """``b/@s/a`` -> ``b/@s/a/``, ``b/``, and the empty text."""
    parts = place_parts(place)
    for depth in range(len(parts), 0, -1):
        if not parts[depth - 1].startswith("@") or depth == len(parts):
            yield "/".join([*parts[:depth], ""])
    yield ""
