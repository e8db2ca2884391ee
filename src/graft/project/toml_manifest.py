"""All that ``graft.toml`` says of one project, but for its indices."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.model.requirement import Requirement
from graft.project.graft_toml import GraftToml, Wrong
from graft.project.namespaces import Namespaces
from graft.project.toml_dependencies import read_dependencies
from graft.project.toml_package import read_own


class TomlManifest(Record):
    """``name`` is canonical, and empty where the project has none; ``folder`` is where packages
    appear if there is no ``package.json``. ``keys`` lead to the line of each requirement, by its
    local name. ``namespaces`` are those that it was read with."""

    toml: GraftToml
    namespaces: Namespaces
    name: str
    version: str
    folder: str
    requirements: tuple[Requirement, ...]
    keys: Mapping[str, tuple[str, ...]]
    notes: tuple[Diagnostic, ...]


def read_toml_manifest(toml: GraftToml, namespaces: Namespaces) -> TomlManifest:
    """Raises ``manifest-invalid`` with all mistakes of the document, and ``namespace-undeclared``
    where it only lacks where a namespace comes from."""
    wrong: list[Wrong] = []
    own = read_own(toml, wrong)
    asked = read_dependencies(toml, namespaces, wrong)
    return TomlManifest(
        toml=toml,
        namespaces=namespaces,
        name=own.name,
        version=own.version,
        folder=own.folder,
        requirements=asked.requirements,
        keys=asked.keys,
        notes=(*own.notes, *asked.notes),
    )
