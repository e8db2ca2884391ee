"""Reading fields of a document that may hold anything. All raise ValueError, naming the field."""

from __future__ import annotations

from typing import Any


def table(document: dict[str, Any], field: str) -> dict[str, Any]:
    """An object, empty where the field is absent or null."""
    said = document.get(field)
    return {} if said is None else entry(said, field)


def text(document: dict[str, Any], field: str) -> str:
    """A text, empty where the field is absent or null."""
    said = document.get(field)
    if said is None:
        return ""
    if not isinstance(said, str):
        raise ValueError(f"'{field}' is not a text")
    return said


def texts(document: dict[str, Any], field: str) -> dict[str, str]:
    """An object of texts."""
    said = table(document, field)
    for name, value in said.items():
        if not isinstance(value, str):
            raise ValueError(f"'{name}' in '{field}' is not a text")
    return said


def entry(said: Any, name: str) -> dict[str, Any]:
    """One entry of a table: an object. YAML's reader gives an empty text for one that is empty."""
    if said == "":
        return {}
    if not isinstance(said, dict):
        raise ValueError(f"'{name}' is not an object")
    return said
