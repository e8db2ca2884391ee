"""``add``, ``remove`` and ``update``: an edit of the manifest and the install that goes with it.

The edit is made in memory and written together with the lock and the links, so a failure leaves
the project as it was.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.model.graph import Graph
from graft.model.names import canonical_name, check_name
from graft.model.requirement import Kind
from graft.project.edit import remove_dependencies, set_dependencies
from graft.project.manifest import (
    MANIFEST_NAME,
    SECTIONS,
    ProjectManifest,
    parse_manifest,
    read_manifest,
)
from graft.project.settings import Settings
from graft.resolve.pick import pick
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier
from graft.workflows.change import ROOT
from graft.workflows.install import install
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport

_EMPTY_MANIFEST = b"{}\n"


@dataclass(frozen=True, slots=True)
class Wish:
    """``lodash@^4``: a local name and what was written behind it, which may be nothing."""

    local: str
    specifier: str


def read_wish(text: str) -> Wish:
    """``name``, ``name@range``, ``@scope/name@tag``, ``scope:name``, ``alias@npm:name@range``.

    Raises ``bad-specifier``.
    """
    name, at, specifier = text[1:].partition("@")
    return Wish(check_name(canonical_name(text[:1] + name)), specifier if at else "")


def add(
    context: Context,
    wishes: Sequence[Wish],
    options: InstallOptions,
    *,
    kind: Kind | None = None,
    exact: bool = False,
) -> InstallReport:
    """Add or change requirements. Without ``kind`` a package stays in the section it is in."""
    with at_work(context, fresh=frozenset(wish.local for wish in wishes)) as work:
        before = read_file(os.path.join(context.folder, MANIFEST_NAME))
        manifest = _parse(context, before or _EMPTY_MANIFEST)
        settings = replace(context.settings, save_exact=context.settings.save_exact or exact)
        for wish in wishes:
            work.source.prefetch(_package(wish))
        raw = manifest.raw
        for wish in wishes:
            section = _section(manifest, wish.local, kind)
            for other in SECTIONS.keys() - {section}:
                # A library may well ask for its peer in development too.
                if {section, other} != {"peerDependencies", "devDependencies"}:
                    raw = remove_dependencies(raw, other, {wish.local})
            raw = set_dependencies(raw, section, {wish.local: _saved(wish, work.source, settings)})
        return install(work, _parse(context, raw), options, manifest_before=before)


def remove(context: Context, names: Sequence[str], options: InstallOptions) -> InstallReport:
    """Take requirements out of all sections. Raises ``not-a-dependency``."""
    with at_work(context) as work:
        manifest = read_manifest(context.folder)
        asked = {requirement.local for requirement in manifest.requirements}
        raw = manifest.raw
        for name in map(canonical_name, names):
            if name not in asked:
                raise _unknown(name, asked, manifest.path)
        for section in SECTIONS:
            raw = remove_dependencies(raw, section, set(map(canonical_name, names)))
        return install(work, _parse(context, raw), options, manifest_before=manifest.raw)


def update(
    context: Context, names: Sequence[str], options: InstallOptions, *, latest: bool = False
) -> InstallReport:
    """Take the newest versions that the manifest allows, of the named packages (wherever in the
    graph they are) or of all. With ``latest``, move direct requirements to the latest version."""
    chosen = frozenset(map(canonical_name, names)) or None
    with at_work(context, fresh=chosen or "all") as work:
        manifest = read_manifest(context.folder)
        raw = manifest.raw
        _check_known(context.graph(), manifest, chosen or ())
        if latest:
            for section in SECTIONS:
                moved = {
                    r.local: _saved(_latest(r.local, r.specifier), work.source, context.settings)
                    for r in manifest.requirements
                    if (chosen is None or r.local in chosen)
                    and r.kind is SECTIONS[section]
                    and not parse_specifier(r.local, r.specifier).foreign
                }
                if moved:
                    raw = set_dependencies(raw, section, moved)
        return install(
            work,
            _parse(context, raw),
            replace(options, update=chosen),
            manifest_before=manifest.raw,
        )


def _latest(local: str, specifier: str) -> Wish:
    package = parse_specifier(local, specifier).package
    return Wish(local, "latest" if package == local else f"npm:{package}@latest")


def _parse(context: Context, raw: bytes) -> ProjectManifest:
    return parse_manifest(raw, os.path.join(context.folder, MANIFEST_NAME))


def _package(wish: Wish) -> str:
    return parse_specifier(wish.local, wish.specifier).package


def _section(manifest: ProjectManifest, local: str, kind: Kind | None) -> str:
    present = next((r.kind for r in manifest.requirements if r.local == local), Kind.PROD)
    wanted = kind or present
    return next(section for section, of in SECTIONS.items() if of is wanted)


def _saved(wish: Wish, source: RegistrySource, settings: Settings) -> str:
    """What is written to the manifest: a range as it was asked for, a tag as the version that it
    names today, behind the prefix that the settings ask for."""
    wanted = parse_specifier(wish.local, wish.specifier or settings.tag)
    if wanted.foreign or (wanted.range is not None and wish.specifier):
        return wish.specifier
    packument = source.packument(wanted.package)
    version = pick(packument, wanted, settings.tag)
    if version is None:
        raise GraftError(
            "no-matching-version",
            f"{wanted.package} has no dist-tag '{wanted.tag}'",
            where=wanted.package,
            why=[f"its tags are {', '.join(sorted(packument.tags)) or 'none'}"],
            fix=f"ask for a version: graft add {wish.local}@<version>",
        )
    saved = version if settings.save_exact else f"{settings.save_prefix}{version}"
    return saved if wanted.package == wish.local else f"npm:{wanted.package}@{saved}"


def _check_known(graph: Graph | None, manifest: ProjectManifest, names: Iterable[str]) -> None:
    known = {requirement.local for requirement in manifest.requirements}
    if graph:
        known |= {node.manifest.name for node in graph.nodes.values()}
        known |= graph.importers[ROOT].edges.keys()
    for name in names:
        if name not in known:
            raise _unknown(name, known, manifest.path)


def _unknown(name: str, known: Iterable[str], where: str) -> GraftError:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return GraftError(
        "not-a-dependency",
        f"'{name}' is not a dependency here",
        where=where,
        fix=f"did you mean '{near[0]}'?" if near else "'graft ls' shows what is",
    )
