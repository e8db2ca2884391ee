"""``add``, ``remove`` and ``update``: an edit of the manifest and the install that goes with it.

The edit is made in memory and written together with the lock and the links, so a failure leaves
the project as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic
from graft.base.records import replace
from graft.model.graph import Graph
from graft.model.names import shown_name
from graft.model.requirement import Kind, Requirement
from graft.project.manifest import ProjectManifest
from graft.project.settings import Settings
from graft.versions.specifier import ELSEWHERE, parse_specifier
from graft.workflows.install import install
from graft.workflows.manifest_edit import ManifestEdit
from graft.workflows.names import meant_name, not_a_dependency
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport
from graft.workflows.wishes import Wish, named, of_member, saved_specifier

if TYPE_CHECKING:
    from graft.project.editables import Editable


def add(
    context: Context,
    wishes: Sequence[Wish],
    options: InstallOptions,
    *,
    kind: Kind | None = None,
    exact: bool = False,
    members_only: bool = False,
    editable: bool = False,
) -> InstallReport:
    """Add or change requirements. Without ``kind`` a package stays in the section it is in; a
    member of the workspace is asked for as one. Raises ``member-unknown`` where it has to be one.
    With ``editable`` repositories become clones to work in.
    """
    with at_work(context, fresh=frozenset(wish.package for wish in wishes)) as work:
        edit = ManifestEdit(context)
        settings = replace(context.settings, save_exact=context.settings.save_exact or exact)
        members = context.checkout().links.members if edit.before else {}
        typed = wishes
        wishes = [Wish(_meant(wish.local, edit), wish.specifier) for wish in wishes]
        notes = [
            _joined_by_dot(before.local, now.local)
            for before, now in zip(typed, wishes, strict=True)
            if before.local != now.local
        ]
        if members or members_only:
            wishes = [of_member(wish, members, edit.where, members_only) for wish in wishes]
        for wish in wishes:
            is_foreign = parse_specifier(wish.local, wish.specifier).foreign
            if not is_foreign and not _is_of_index(wish, edit):
                work.source.prefetch(wish.package)
        work.advance()
        wishes = [
            named(wish, work.elsewhere, context.importer) if _is_source(wish) else wish
            for wish in wishes
        ]
        for wish in wishes:
            if editable:
                edit.set_editable(wish.local, wish.specifier, kind)
                continue
            if _is_of_index(wish, edit):
                specifier = _saved_of_index(work, edit, wish, settings)
            else:
                specifier = saved_specifier(wish, work.source, settings)
            edit.set(wish.local, specifier, kind)
        # A branch that is asked for again may have moved.
        sources = {wish.local for wish in wishes if _is_source(wish)}
        moved = _behind_names(context, sources) if sources else frozenset()
        report = install_edited(work, edit, replace(options, update=moved))
    return replace(report, notes=(*notes, *report.notes))


def _meant(typed: str, edit: ManifestEdit) -> str:
    return meant_name(typed, edit.names, lambda: edit.namespaces)


def _joined_by_dot(typed: str, name: str) -> Diagnostic:
    return Diagnostic(
        code="namespace-dotted",
        message=f"'{typed}' is read as {shown_name(name)}; that spelling goes away",
        fix=f"write {shown_name(name)}",
    )


def _saved_of_index(work: Work, edit: ManifestEdit, wish: Wish, settings: Settings) -> str:
    from graft.workflows.index_trees import locked_trees
    from graft.workflows.index_wishes import index_specifier

    trees = locked_trees(work.context, work.store)
    npm = not edit.is_in_toml(wish.local)
    return index_specifier(wish, trees.descriptor, exact=settings.save_exact, npm=npm)


def remove(
    context: Context, names: Sequence[str], options: InstallOptions, *, force: bool = False
) -> InstallReport:
    """Take requirements out of all sections. Clones that were made for them go with them: where one
    has work in it that is nowhere else, only by ``force``. Raises ``not-a-dependency`` and
    ``editable-has-work``."""
    with at_work(context) as work:
        edit = ManifestEdit(context)
        where = edit.needed.path
        chosen = [_meant(name, edit) for name in names]
        for name in chosen:
            if name not in edit.names:
                raise not_a_dependency(name, edit.names, where)
        clones = _clones_of(context, edit, chosen)
        if clones and not force:
            from graft.workflows.editables import refuse_losing_work

            refuse_losing_work(context, clones)
        edit.remove(chosen)
        report = install_edited(work, edit, options)
        if clones and not (options.dry_run or options.lock_only):
            from graft.workflows.editables import remove_clones

            remove_clones(context, clones)
        return report


def _clones_of(context: Context, edit: ManifestEdit, names: Collection[str]) -> list[Editable]:
    """Those that are made for these lines."""
    if edit.before is None or edit.before.toml is None:
        return []
    from graft.project.editables import editables

    found = editables({context.importer: edit.before})
    return [each for each in found if each.name in names]


def update(
    context: Context, names: Sequence[str], options: InstallOptions, *, latest: bool = False
) -> InstallReport:
    """Take the newest versions that the manifest allows, of the named packages (wherever in the
    graph they are) or of all. With ``latest``, move direct requirements to the latest version."""
    with at_work(context, fresh="all") as work:
        edit = ManifestEdit(context)
        manifest = edit.needed
        chosen = frozenset(_meant(name, edit) for name in names) or None
        _check_known(context.graph(), manifest, chosen or ())
        packages = chosen and (_behind_aliases(manifest, chosen) | _behind_names(context, chosen))
        work.fresh = packages or "all"
        if latest:
            for requirement in manifest.requirements:
                if chosen is None or requirement.local in chosen:
                    _move_to_latest(work, edit, requirement)
        return install_edited(work, edit, replace(options, update=packages))


def _move_to_latest(work: Work, edit: ManifestEdit, requirement: Requirement) -> None:
    local, settings = requirement.local, work.context.settings
    if parse_specifier(local, requirement.specifier).foreign:
        return
    wish = Wish(local, "")
    if _is_of_index(wish, edit):
        specifier = _saved_of_index(work, edit, wish, settings)
    else:
        specifier = saved_specifier(_latest(requirement), work.source, settings)
    edit.set(local, specifier, None)


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


def _is_of_index(wish: Wish, edit: ManifestEdit) -> bool:
    """Whether an index has the versions of what is asked for by a version."""
    is_version = not parse_specifier(wish.local, wish.specifier).foreign
    return is_version and edit.namespaces.is_of_index(wish.local)


def install_edited(work: Work, edit: ManifestEdit, options: InstallOptions) -> InstallReport:
    return install(work, work.context.checkout(edit.edited), options)


def _check_known(graph: Graph | None, manifest: ProjectManifest, names: Iterable[str]) -> None:
    known = {requirement.local for requirement in manifest.requirements}
    if graph:
        known |= {node.manifest.name for node in graph.nodes.values()}
        known |= {name for importer in graph.importers.values() for name in importer.edges}
    for name in names:
        if name not in known:
            raise not_a_dependency(name, known, manifest.path)
