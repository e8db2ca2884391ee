"""What ``link`` remembers for ``unlink``: what the lines that it replaced said.

Kept with the user's data, by project, and not in the project: what came with a repository has no
say in it. What cannot be read is forgotten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from graft.base.files import read_file, remove_file, write_atomic
from graft.base.records import Record
from graft.store.paths import path_digest
from graft.workflows.project import Context


class Replaced(Record):
    """``link`` is what the line says now, ``before`` what it said; None where there was no line."""

    link: str
    before: str | None


def read_replaced(context: Context) -> dict[str, Replaced]:
    """By the name of the line, for the importer that the command is about."""
    said = _read(context).get(context.importer, {})
    return {
        name: Replaced(link=entry["link"], before=entry["before"]) for name, entry in said.items()
    }


def write_replaced(context: Context, replaced: Mapping[str, Replaced]) -> None:
    """All of them, for that importer."""
    document = _read(context)
    document[context.importer] = {
        name: {"link": entry.link, "before": entry.before} for name, entry in replaced.items()
    }
    document = {importer: entries for importer, entries in document.items() if entries}
    path = _path(context)
    if not document:
        remove_file(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_atomic(path, json.dumps(document, indent=2).encode() + b"\n")


def _read(context: Context) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(read_file(_path(context)) or b"{}")
        for entries in document.values():
            for entry in entries.values():
                if not (isinstance(entry["link"], str) and isinstance(entry["before"], str | None)):
                    return {}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}
    return dict(document)


def _path(context: Context) -> str:
    return os.path.join(context.settings.own_root, "linked", path_digest(context.folder))
