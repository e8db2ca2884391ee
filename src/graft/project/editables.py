"""Git packages of ``graft.toml`` that are worked in: each is a clone in the project's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graft.base.records import Record
from graft.project.defaults import GRAFT_TOML
from graft.project.manifest import ProjectManifest
from graft.project.manifests import ROOT
from graft.project.toml_entry import EDITABLES, REFS, git_specifier
from graft.project.toml_manifest import TomlManifest
from graft.versions.source_text import GitSource, parse_source

_SIGN = b"editable"


class Editable(Record, unshown=("source",)):
    """``path`` is that of its folder, from the project's. ``where`` names the file that asks for it
    as ``name``. ``branch`` is empty for the repository's own default; a ``pinned`` one stays at the
    commit or tag that is asked for."""

    name: str
    path: str
    where: str
    source: GitSource
    branch: str = ""
    pinned: str = ""


def editables(manifests: Mapping[str, ProjectManifest]) -> list[Editable]:
    """Those that a project's importers ask for; ``manifests`` are by importer path."""
    found = []
    for importer, manifest in manifests.items():
        if manifest.toml is not None and _SIGN in manifest.toml.toml.raw:
            found += list(_of(importer, manifest.toml))
    return found


def _of(importer: str, toml: TomlManifest) -> Iterator[Editable]:
    for name, keys in sorted(toml.keys.items()):
        entry = _at(toml.toml.data, keys)
        if isinstance(entry, dict) and entry.get("editable") is True:
            source = parse_source(git_specifier(entry))
            assert isinstance(source, GitSource)  # so it was read
            within = "" if importer == ROOT else f"{importer}/"
            ref = next((key for key in REFS if key in entry), "")
            yield Editable(
                name=name,
                path=f"{within}{EDITABLES}/{name}",
                where=f"{within}{GRAFT_TOML}",
                source=source,
                branch=entry[ref] if ref == "branch" else "",
                pinned=entry[ref] if ref in ("rev", "tag") else "",
            )


def _at(data: Mapping[str, object], keys: tuple[str, ...]) -> object:
    value: object = data
    for key in keys:
        value = value[key] if isinstance(value, dict) else None
    return value
