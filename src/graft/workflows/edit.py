"""``add``, ``remove`` and ``update``: an edit of the manifest and the install that goes with it.

The edit is made in memory and written together with the lock and the links, so a failure leaves
the project as it was.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from graft.base.files import read_file
from graft.base.records import replace
from graft.link.importers import folder_of
from graft.model.graph import Graph
from graft.model.names import canonical_name
from graft.model.requirement import Kind, Requirement
from graft.project.edit import remove_dependencies, set_dependencies
from graft.project.manifest import (
    MANIFEST_NAME,
    SECTIONS,
    ProjectManifest,
    parse_manifest,
    read_manifest,
)
from graft.versions.specifier import ELSEWHERE, parse_specifier
from graft.workflows.install import install
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport
from graft.workflows.wishes import Wish, named, of_member, saved_specifier

_EMPTY_MANIFEST = b"{}\n"


def add(
    context: Context,
    wishes: Sequence[Wish],
    options: InstallOptions,
    *,
    kind: Kind | None = None,
    exact: bool = False,
    members_only: bool = False,
) -> InstallReport:
    """Add or change requirements. Without ``kind`` a package stays in the section it is in; a
    member of the workspace is asked for as one. Raises ``member-unknown`` where it has to be one.
    """
    with at_work(context, fresh=frozenset(wish.package for wish in wishes)) as work:
        before = read_file(edited_path(context))
        manifest = parse_manifest(before or _EMPTY_MANIFEST, edited_path(context))
        settings = replace(context.settings, save_exact=context.settings.save_exact or exact)
        members = context.checkout().links.members if before is not None else {}
        if members or members_only:
            wishes = [
                of_member(wish, members, edited_path(context), members_only) for wish in wishes
            ]
        for wish in wishes:
            if not parse_specifier(wish.local, wish.specifier).foreign:
                work.source.prefetch(wish.package)
        work.advance()
        wishes = [
            named(wish, work.elsewhere, context.importer) if _is_source(wish) else wish
            for wish in wishes
        ]
        raw = manifest.raw
        for wish in wishes:
            specifier = saved_specifier(wish, work.source, settings)
            raw = with_line(raw, manifest, wish.local, specifier, kind)
        # A branch that is asked for again may have moved.
        sources = {wish.local for wish in wishes if _is_source(wish)}
        moved = _behind_names(context, sources) if sources else frozenset()
        return install_edited(work, raw, before, replace(options, update=moved))


def with_line(
    raw: bytes, manifest: ProjectManifest, local: str, specifier: str, kind: Kind | None
) -> bytes:
    """``raw`` with a line for ``local`` in one section: that of ``kind``, else the one that
    ``manifest`` has it in, else dependencies."""
    section = _section(manifest, local, kind)
    for other in SECTIONS.keys() - {section}:
        # A library may well ask for its peer in development too.
        if {section, other} != {"peerDependencies", "devDependencies"}:
            raw = remove_dependencies(raw, other, {local})
    return set_dependencies(raw, section, {local: specifier})


def remove(context: Context, names: Sequence[str], options: InstallOptions) -> InstallReport:
    """Take requirements out of all sections. Raises ``not-a-dependency``."""
    with at_work(context) as work:
        manifest = read_manifest(os.path.dirname(edited_path(context)))
        present = _named(manifest)
        raw = manifest.raw
        for name in map(canonical_name, names):
            if name not in present:
                raise not_a_dependency(name, present, manifest.path)
        for section in SECTIONS:
            raw = remove_dependencies(raw, section, set(map(canonical_name, names)))
        return install_edited(work, raw, manifest.raw, options)


def update(
    context: Context, names: Sequence[str], options: InstallOptions, *, latest: bool = False
) -> InstallReport:
    """Take the newest versions that the manifest allows, of the named packages (wherever in the
    graph they are) or of all. With ``latest``, move direct requirements to the latest version."""
    chosen = frozenset(map(canonical_name, names)) or None
    with at_work(context, fresh="all") as work:
        manifest = read_manifest(os.path.dirname(edited_path(context)))
        raw = manifest.raw
        _check_known(context.graph(), manifest, chosen or ())
        packages = chosen and (_behind_aliases(manifest, chosen) | _behind_names(context, chosen))
        work.fresh = packages or "all"
        if latest:
            for section in SECTIONS:
                moved = {
                    r.local: saved_specifier(_latest(r), work.source, context.settings)
                    for r in manifest.requirements
                    if (chosen is None or r.local in chosen)
                    and r.kind is SECTIONS[section]
                    and not parse_specifier(r.local, r.specifier).foreign
                }
                if moved:
                    raw = set_dependencies(raw, section, moved)
        return install_edited(work, raw, manifest.raw, replace(options, update=packages))


def _latest(requirement: Requirement) -> Wish:
    local = requirement.local
    package = parse_specifier(local, requirement.specifier).package
    return Wish(local, "latest" if package == local else f"npm:{package}@latest")


def _behind_aliases(manifest: ProjectManifest, names: frozenset[str]) -> frozenset[str]:
    """The packages that the project knows under these names."""
    return frozenset(
        parse_specifier(r.local, r.specifier).package
        for r in manifest.requirements
        if r.local in names
    )


def _behind_names(context: Context, names: Collection[str]) -> frozenset[str]:
    """These names, and what the packages call themselves that the lock has for them."""
    graph = context.graph()
    importer = graph.importers.get(context.importer) if graph else None
    edges = importer.edges if importer else {}
    nodes = [graph.nodes[edges[name]] for name in names if graph and name in edges]
    return frozenset({*names, *(node.manifest.name for node in nodes)})


def _is_source(wish: Wish) -> bool:
    return parse_specifier(wish.local, wish.specifier).foreign in ELSEWHERE


def install_edited(
    work: Work, raw: bytes, before: bytes | None, options: InstallOptions
) -> InstallReport:
    """``raw`` is the manifest as edited, ``before`` what its file holds."""
    context = work.context
    edited = {os.path.relpath(edited_path(context), context.folder): raw} if raw != before else {}
    return install(work, context.checkout(edited), options)


def edited_path(context: Context) -> str:
    """The manifest that is edited."""
    return os.path.join(folder_of(context.folder, context.importer), MANIFEST_NAME)


def _section(manifest: ProjectManifest, local: str, kind: Kind | None) -> str:
    """Where to save: in the section of ``kind``, else where it is, else in dependencies."""
    if kind is not None:
        return next(section for section, of in SECTIONS.items() if of is kind)
    present = [section for section in SECTIONS if local in manifest.data.get(section, ())]
    return present[-1] if present else "dependencies"


def _named(manifest: ProjectManifest) -> set[str]:
    """All names in all sections; optional peers, which no project asks for itself, are among
    them."""
    return {name for section in SECTIONS for name in manifest.data.get(section, ())}


def _check_known(graph: Graph | None, manifest: ProjectManifest, names: Iterable[str]) -> None:
    known = {requirement.local for requirement in manifest.requirements}
    if graph:
        known |= {node.manifest.name for node in graph.nodes.values()}
        known |= {name for importer in graph.importers.values() for name in importer.edges}
    for name in names:
        if name not in known:
            raise not_a_dependency(name, known, manifest.path)
