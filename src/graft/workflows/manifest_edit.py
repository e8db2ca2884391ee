"""A folder's manifests while they are edited: in memory, one line after the other.

What is there already stays in the file that it is in. Packages of indices that are new go to
``graft.toml``, others to ``package.json``, unless only ``graft.toml`` is there.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.link.importers import ROOT, folder_of
from graft.model.requirement import Kind, Requirement
from graft.project.defaults import GRAFT_TOML
from graft.project.edit import remove_dependencies, set_dependencies
from graft.project.manifest import MANIFEST_NAME, SECTIONS, ProjectManifest, parse_manifest
from graft.project.manifests import Manifests
from graft.versions.specifier import INDEX
from graft.workflows.project import Context

if TYPE_CHECKING:
    from graft.project.edit_toml import Entry
    from graft.project.namespaces import Namespaces

_EMPTY_MANIFEST = b"{}\n"


class ManifestEdit:
    """``before`` is what the importer's files say together, None if it has neither. Raises what
    reading them raises."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = Manifests(context.folder, context.declared, {})
        self.before = self._reader.at(context.importer)
        self._json_before = read_file(self._path(MANIFEST_NAME))
        self._json = self._json_before
        self._toml = self.before.toml if self.before else None

    @property
    def where(self) -> str:
        """The file to name where something is wrong."""
        return self.before.path if self.before else self._path(MANIFEST_NAME)

    @property
    def needed(self) -> ProjectManifest:
        """``before``. Raises ``manifest-missing``."""
        return self.before or self._reader.needed(self._context.importer)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        return self.before.requirements if self.before else ()

    @cached_property
    def names(self) -> set[str]:
        """All in all sections; optional peers, which no project asks for itself, are among them."""
        data = self.before.data if self.before else {}
        said = {name for section in SECTIONS for name in data.get(section, {})}
        return said | {requirement.local for requirement in self.requirements}

    @property
    def namespaces(self) -> Namespaces:
        return self._reader.namespaces

    def is_in_toml(self, local: str) -> bool:
        """Whether ``graft.toml`` has the line for a package, or would get it."""
        if self._toml is not None and local in self._toml.keys:
            return True
        if local in self.names:
            return False
        has_toml_alone = self._json is None and self._toml is not None
        return has_toml_alone or self.namespaces.is_of_index(local)

    def set(self, local: str, specifier: str, kind: Kind | None) -> None:
        """With a line for ``local`` in the section of ``kind``, else where it is, else in
        dependencies. ``specifier`` is as requirements have it. Raises ``usage`` and
        ``manifest-invalid`` for what the file has no place for."""
        if self.is_in_toml(local):
            from graft.project.edit_toml import entry_of

            is_index = self.namespaces.is_of_index(local)
            self._set_in_toml(local, entry_of(specifier, is_index=is_index), kind)
            return
        raw = self._json if self._json is not None else _EMPTY_MANIFEST
        manifest = parse_manifest(raw, self._path(MANIFEST_NAME))
        self._json = with_line(raw, manifest, local, specifier.removeprefix(INDEX), kind)

    def set_editable(self, local: str, specifier: str, kind: Kind | None) -> None:
        """With a line in ``graft.toml`` for a repository that is worked in, in place of any other.
        Raises ``usage`` for what is no repository, or not named by a branch."""
        from graft.project.edit_toml import editable_entry

        entry = editable_entry(specifier)
        if self._json is not None:
            for section in SECTIONS:
                self._json = remove_dependencies(self._json, section, {local})
        self._set_in_toml(local, entry, kind)

    def remove(self, names: Collection[str], *, keep_peers: bool = False) -> None:
        """Without the lines for these packages, in all sections of both files."""
        if self._json is not None:
            for section in SECTIONS:
                if keep_peers and section == "peerDependencies":
                    continue
                self._json = remove_dependencies(self._json, section, set(names))
        if self._toml is not None and not self._toml.keys.keys().isdisjoint(names):
            from graft.project.edit_toml import remove_entries

            self._read_toml(remove_entries(self._toml, names))

    @property
    def edited(self) -> Mapping[str, bytes]:
        """The files that are to change, by their paths from the project's folder."""
        found = {}
        if self._json is not None and self._json != self._json_before:
            found[self._name(MANIFEST_NAME)] = self._json
        toml_before = self.before.toml.toml.raw if self.before and self.before.toml else None
        if self._toml is not None and self._toml.toml.raw != toml_before:
            found[self._name(GRAFT_TOML)] = self._toml.toml.raw
        return found

    def _set_in_toml(self, local: str, entry: Entry, kind: Kind | None) -> None:
        from graft.project.edit_toml import set_entry

        if kind is Kind.PEER:
            raise GraftError(
                "usage",
                f"{GRAFT_TOML} has no peers, and the line for {local} belongs there",
                where="--save-peer",
                fix="save it with --save-dev, or as a dependency",
            )
        if self._toml is None:
            self._read_toml(b"")
        assert self._toml is not None
        self._read_toml(set_entry(self._toml, local, entry, kind))

    def _read_toml(self, raw: bytes) -> None:
        from graft.project.graft_toml import parse_graft_toml
        from graft.project.toml_manifest import read_toml_manifest

        toml = parse_graft_toml(raw, self._path(GRAFT_TOML))
        self._toml = read_toml_manifest(toml, self.namespaces)

    def _path(self, name: str) -> str:
        return os.path.join(folder_of(self._context.folder, self._context.importer), name)

    def _name(self, name: str) -> str:
        importer = self._context.importer
        return name if importer == ROOT else f"{importer}/{name}"


def with_line(
    raw: bytes, manifest: ProjectManifest, local: str, specifier: str, kind: Kind | None
) -> bytes:
    """A ``package.json`` with a line for ``local`` in one section: that of ``kind``, else the one
    that ``manifest`` has it in, else dependencies."""
    section = _section(manifest, local, kind)
    for other in SECTIONS.keys() - {section}:
        # A library may well ask for its peer in development too.
        if {section, other} != {"peerDependencies", "devDependencies"}:
            raw = remove_dependencies(raw, other, {local})
    return set_dependencies(raw, section, {local: specifier})


def _section(manifest: ProjectManifest, local: str, kind: Kind | None) -> str:
    """Where to save: in the section of ``kind``, else where it is, else in dependencies."""
    if kind is not None:
        return next(section for section, of in SECTIONS.items() if of is kind)
    present = [section for section in SECTIONS if local in manifest.data.get(section, ())]
    return present[-1] if present else "dependencies"
