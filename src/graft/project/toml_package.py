"""What else ``graft.toml`` says of the project: what it is called, and where packages go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.model.names import is_sound
from graft.project.graft_toml import GraftToml, Wrong, unknown_key

TABLES = (
    *("dependencies", "dev-dependencies", "optional-dependencies"),
    *("indices", "package", "install", "deps-source"),
)

PACKAGES = "packages"

_TEXTS = ("namespace", "name", "version", "description", "license", "repository", "homepage")
_KEYS = (*_TEXTS, "private", "files", "keywords", "authors", "platforms", "bin")


class Own(Record):
    """``name`` is canonical and empty where the project has none. ``folder`` is where packages
    appear in a project that has no ``package.json``; see ``link.importers``."""

    name: str
    version: str
    folder: str
    notes: tuple[Diagnostic, ...]


def read_own(toml: GraftToml, wrong: list[Wrong]) -> Own:
    """Adds to ``wrong`` what is."""
    package, install = _table(toml, "package", wrong), _table(toml, "install", wrong)
    wrong += [Wrong(("package", key), f"[package] {m}") for key, m in _wrong_package(package)]
    folder = install.get("folder", PACKAGES)
    if not is_folder_name(folder):
        message = f"[install] folder is {folder!r}; a name without slashes is needed"
        wrong.append(Wrong(("install", "folder"), message))
    known = {(): TABLES, ("package",): _KEYS, ("install",): ("folder",)}
    said = {(): toml.data, ("package",): package, ("install",): install}
    return Own(
        name=_name(package),
        version=package.get("version", ""),
        folder=folder,
        notes=tuple(
            unknown_key(toml, (*above, key), known[above])
            for above, table in said.items()
            for key in table
            if key not in known[above]
        ),
    )


def own_table(toml: GraftToml) -> Mapping[str, Any]:
    """``[package]`` as it is, of a document that was read."""
    said = toml.data.get("package", {})
    return said if isinstance(said, dict) else {}


def is_folder_name(said: object) -> bool:
    """Whether packages may go there: a folder of the project itself, and none that others keep."""
    return isinstance(said, str) and is_sound(said) and not said.startswith("@")


def _wrong_package(package: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _TEXTS:
        if not isinstance(package.get(key, ""), str):
            yield key, f"{key} is not a text"
            return
    if not isinstance(package.get("private", False), bool):
        yield "private", "private is neither true nor false"
    name = _name(package)
    if name and not is_sound(name):
        yield "name", f"name: {name!r} is not the name of a package"
    if package.get("namespace") and not package.get("name"):
        yield "namespace", "it has a namespace and no name"


def _name(package: Mapping[str, Any]) -> str:
    name, namespace = package.get("name", ""), package.get("namespace", "")
    return f"@{namespace}/{name}" if name and namespace else str(name)


def _table(toml: GraftToml, key: str, wrong: list[Wrong]) -> Mapping[str, Any]:
    table = toml.data.get(key, {})
    if isinstance(table, dict):
        return table
    wrong.append(Wrong((key,), f"{key} is not a table"))
    return {}
