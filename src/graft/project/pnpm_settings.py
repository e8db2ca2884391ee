"""``pnpm-workspace.yaml``: pnpm's settings of a project, read once for all who ask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.project.defaults import PNPM_SETTINGS

_TABLES = ("overrides", "packageExtensions", "catalog", "catalogs")


class PnpmSettings(Record):
    """``path`` is where the file would be, ``raw`` its bytes (none where there is no such file) and
    ``data`` what it says: every scalar stays the text that it is."""

    path: str
    raw: bytes = b""
    data: Mapping[str, Any] = {}


def read_pnpm_settings(folder: str) -> PnpmSettings:
    """Raises ``manifest-unreadable``."""
    path = os.path.join(folder, PNPM_SETTINGS)
    raw = read_file(path)
    if not raw:
        return PnpmSettings(path=path)
    return PnpmSettings(path=path, raw=raw, data=_parse(raw, path))


def _parse(text: bytes, where: str) -> Mapping[str, Any]:
    from graft.base.yaml_documents import YamlError, yaml_documents

    try:
        found = yaml_documents(text)
    except YamlError as error:
        raise _unreadable(f"{where}:{error.line}" if error.line else where, str(error)) from None
    if len(found) > 1:
        raise _unreadable(where, "it holds more than one document")
    said = (found[0] if found else None) or {}
    if not isinstance(said, dict):
        raise _unreadable(where, "it is not a table")
    for field in _TABLES:
        if said.get(field) and not isinstance(said[field], dict):
            raise _unreadable(where, f"{field} is not a table")
    return said


def _unreadable(where: str, reason: str) -> GraftError:
    return GraftError(
        "manifest-unreadable",
        f"{PNPM_SETTINGS} cannot be read: {reason}",
        where=where,
        fix="correct the file; nothing was changed",
    )
