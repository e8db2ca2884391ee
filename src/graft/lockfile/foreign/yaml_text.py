"""Locks that are YAML."""

from __future__ import annotations

from typing import Any

from graft.base.yaml_documents import YamlError, yaml_documents
from graft.lockfile.foreign.faults import unreadable


def documents(data: bytes, where: str) -> list[dict[str, Any]]:
    """The documents of a file, each of which is an object. Raises ``import-unreadable``."""
    try:
        found = [said for said in yaml_documents(data) if said]
    except YamlError as error:
        raise unreadable(where, str(error), line=error.line) from None
    if not found or not all(isinstance(said, dict) for said in found):
        raise unreadable(where, "it holds no table")
    return found
