"""A project's ``package.json``: what is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.light_json import read_whole_json
from graft.base.records import Record
from graft.model.names import check_name
from graft.model.requirement import Kind, Requirement

if TYPE_CHECKING:
    from graft.project.toml_manifest import TomlManifest

MANIFEST_NAME = "package.json"

# Later sections win where two name the same package: what npm installs is what is optional, then
# what runs in production, then what is for development, then peers.
SECTIONS: dict[str, Kind] = {
    "peerDependencies": Kind.PEER,
    "devDependencies": Kind.DEV,
    "dependencies": Kind.PROD,
    "optionalDependencies": Kind.OPTIONAL,
}


class ProjectManifest(Record):
    """``data`` is the document as it is; ``raw`` its bytes; ``path`` where it was read. ``toml`` is
    what the ``graft.toml`` beside it says, whose requirements are among these. Where that is alone,
    ``path`` is its path, ``raw`` is empty, and ``data`` holds the name and the version it gives."""

    path: str
    raw: bytes
    data: Mapping[str, Any]
    requirements: tuple[Requirement, ...]
    toml: TomlManifest | None = None

    def refuse_lacking(self, what: str) -> None:
        """Raise ``manifest-missing`` where there is no ``package.json`` for ``what`` to be in."""
        if self.toml and not self.raw:
            raise GraftError(
                "manifest-missing",
                f"there is no {MANIFEST_NAME} here, which {what} is written to",
                where=os.path.dirname(self.path),
                fix=f"make a {MANIFEST_NAME} with 'graft init', or do without",
            )

    @property
    def name(self) -> str:
        """The project's name, or empty if it has none that could be a link in ``node_modules``."""
        name = self.data.get("name", "")
        try:
            return check_name(name) if isinstance(name, str) and name else ""
        except GraftError:
            return ""


def read_manifest(project: str) -> ProjectManifest:
    """Raises ``manifest-missing``, ``manifest-unreadable`` or ``manifest-invalid``; the last lists
    everything that is wrong, not the first thing alone."""
    path = os.path.join(project, MANIFEST_NAME)
    raw = read_file(path)
    if raw is None:
        raise GraftError(
            "manifest-missing",
            f"there is no {MANIFEST_NAME} here",
            where=project,
            fix="go to the project's folder, or start one with 'graft add <package>'",
        )
    return parse_manifest(raw, path)


def parse_manifest(raw: bytes, path: str) -> ProjectManifest:
    data = _parse(raw, path)
    wrong: list[str] = []
    found: dict[str, Requirement] = {}
    for section, kind in SECTIONS.items():
        for local, specifier in _section(data, section, wrong).items():
            optional = kind is Kind.OPTIONAL or (
                kind is Kind.PEER and is_optional_peer(data, local)
            )
            if optional and kind is Kind.PEER:
                continue  # a library's optional peer is its user's choice, not its own need
            found[local] = Requirement(
                local=local, specifier=specifier, kind=kind, optional=optional
            )
    fields = ("overrides", "resolutions", "pnpm", "packageExtensions", "graft")
    wrong += _no_objects(data, fields)
    if isinstance(data.get("pnpm"), dict):
        named = _no_objects(data["pnpm"], ("overrides", "packageExtensions"))
        wrong += [f"pnpm.{reason}" for reason in named]
    if "graft" in data or "resolution" in data:
        from graft.project.choices import wrong_choices

        wrong += wrong_choices(data)
    if wrong:
        raise GraftError(
            "manifest-invalid",
            f"{MANIFEST_NAME} is not what it should be",
            where=path,
            why=wrong,
            fix="correct the lines above",
        )
    requirements = tuple(sorted(found.values(), key=lambda r: r.local))
    return ProjectManifest(path=path, raw=raw, data=data, requirements=requirements)


def _parse(raw: bytes, path: str) -> dict[str, Any]:
    try:
        data = read_whole_json(raw)
        if not isinstance(data, dict):
            raise ValueError("it is not an object")
        return data
    except (ValueError, RecursionError) as error:
        raise GraftError(
            "manifest-unreadable",
            f"{MANIFEST_NAME} cannot be read: {error}",
            where=path,
            fix="correct the file; nothing was changed",
        ) from None


def _section(data: Mapping[str, Any], section: str, wrong: list[str]) -> dict[str, str]:
    said = data.get(section, {})
    if not isinstance(said, dict):
        wrong.append(f"{section} is not an object of name: version")
        return {}
    good = {}
    for local, specifier in said.items():
        try:
            check_name(local)
        except GraftError:
            wrong.append(f"{section}: '{local}' is not a package name")
            continue
        if not isinstance(specifier, str):
            wrong.append(f"{section}: the version of '{local}' is not a text")
            continue
        good[local] = specifier
    return good


def _no_objects(data: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    return [f"{f} is not an object" for f in fields if not isinstance(data.get(f, {}), dict)]


def is_optional_peer(data: Mapping[str, Any], local: str) -> bool:
    meta = data.get("peerDependenciesMeta", {})
    entry = meta.get(local, {}) if isinstance(meta, dict) else {}
    return isinstance(entry, dict) and entry.get("optional") is True
