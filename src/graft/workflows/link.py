"""``link`` and ``unlink``: a folder beside the project in a package's place, and back again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.link.importers import folder_of
from graft.model.requirement import Kind
from graft.project.checkout import Checkout
from graft.project.folders import link_manifest
from graft.project.manifest import MANIFEST_NAME, SECTIONS, ProjectManifest, read_manifest
from graft.resolve.pick import pick
from graft.versions.specifier import parse_specifier
from graft.workflows.edit import install_edited
from graft.workflows.linked import Replaced, read_replaced, write_replaced
from graft.workflows.manifest_edit import ManifestEdit
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport
from graft.workflows.wishes import Wish, folder_name, saved_specifier

_LINKS = ("link:", "portal:")


class Linked(Record):
    """``lines`` are those of package.json that changed, by name; None is one that is gone."""

    lines: Mapping[str, str | None]
    report: InstallReport


def link(context: Context, folders: Sequence[str], options: InstallOptions) -> Linked:
    """Ask for folders, given as absolute paths, where they lie: each as the package whose name it
    has, in the section that has it already. A peer is linked as a development dependency, since
    what a library asks of others is no folder.

    Raises ``source-missing``, and ``usage`` for what is part of this project already.
    """
    with at_work(context) as work:
        edit = ManifestEdit(context)
        manifest, checkout = edit.needed, context.checkout()
        lines: dict[str, str | None] = {}
        for folder in folders:
            _refuse_own(context, checkout, folder)
            name = folder_name(folder)
            if name in lines:
                raise GraftError(
                    "usage", f"two of these folders are '{name}'", where=folder, fix="name one"
                )
            path = os.path.relpath(folder, folder_of(context.folder, context.importer))
            lines[name] = line = f"link:{path.replace(os.sep, '/')}"
            kind = Kind.DEV if _sections(manifest, name) == ["peerDependencies"] else None
            edit.set(name, line, kind)
        if not options.dry_run:
            # Before anything changes. One that is never used does no harm: it holds only for a
            # line that says the same.
            replaced = read_replaced(context)
            for name in lines:
                before = _line(manifest, name)
                known = replaced.get(name)
                if known and known.link == before:
                    before = known.before
                if before is None or not before.startswith(_LINKS):
                    replaced[name] = Replaced(link=str(lines[name]), before=before)
            write_replaced(context, replaced)
        report = install_edited(work, edit, options)
    return Linked(lines=lines, report=report)


def unlink(context: Context, names: Sequence[str], options: InstallOptions) -> Linked:
    """Put packages back in the places of folders: by name, or all that ``link`` has linked here.

    A line says again what it said before ``link``, and is gone if there was none. Where that is not
    known, it gets a range that the folder's own version is in, if the registry has a version for
    that, else the latest version. Raises ``not-a-dependency``, and ``usage`` for what is no link.
    """
    with at_work(context) as work:
        edit = ManifestEdit(context)
        manifest = edit.needed
        remembered = read_replaced(context)
        known = {
            name: entry for name, entry in remembered.items() if _line(manifest, name) == entry.link
        }
        chosen = [_linked_name(manifest, name) for name in names] or list(known)
        if not chosen:
            raise GraftError(
                "usage",
                "nothing here was linked by 'graft link'",
                where=manifest.path,
                fix="name the package: graft unlink <package>",
            )
        lines: dict[str, str | None] = {}
        for name in chosen:
            line = known[name].before if name in known else _published(work, manifest, name)
            lines[name] = line
            if line is None:
                edit.remove({name}, keep_peers=True)
            else:
                edit.set(name, line, None)
        report = install_edited(work, edit, options)
        if not options.dry_run:
            left = {name: entry for name, entry in known.items() if name not in chosen}
            if left != remembered:
                write_replaced(context, left)
    return Linked(lines=lines, report=report)


def suggestion(typed: str, folder: str) -> str:
    """The folder that somebody may have meant who typed ``typed`` in ``folder``: one beside it, by
    its own name or by that of the package in it. Empty if there is none."""
    from graft.base.suggestions import nearest

    near = os.path.dirname(folder)
    beside = {}
    for entry in os.scandir(near):
        if os.path.isfile(os.path.join(entry.path, MANIFEST_NAME)):
            beside[entry.name] = entry.name
            try:
                beside[folder_name(entry.path)] = entry.name
            except GraftError:
                continue
    found = nearest(typed if typed in beside else os.path.basename(typed), beside)
    return f"../{beside[found]}" if found else ""


def _refuse_own(context: Context, checkout: Checkout, folder: str) -> None:
    """What the project has already is not linked to by a path."""
    root, real = os.path.realpath(context.folder), os.path.realpath(folder)
    members = {os.path.normpath(os.path.join(root, path)): path for path in checkout.members}
    path = members.get(real)
    if path is None:
        return
    if path == context.importer:
        raise GraftError(
            "usage",
            "this is the project itself",
            where=folder,
            fix=f"in the project that shall use it, run: graft link {folder}",
        )
    manifest = checkout.manifests[path]
    name = link_manifest(path, manifest).name
    raise GraftError(
        "usage",
        f"'{name}' is a member of this workspace, and linked wherever another asks for it",
        where=manifest.path,
        fix=f"run 'graft add {name}', which saves workspace:^",
    )


def _linked_name(manifest: ProjectManifest, typed: str) -> str:
    """The name of a line that is a link, from that name or from the path that the line has."""
    lines = ((name, _line(manifest, name)) for name in _names(manifest))
    linked = {name: line for name, line in lines if line and line.startswith(_LINKS)}
    for name, line in linked.items():
        if typed == name or os.path.normpath(typed) == os.path.normpath(line.partition(":")[2]):
            return name
    said = _line(manifest, typed)
    if said is None:
        raise not_a_dependency(typed, linked or _names(manifest), manifest.path)
    raise GraftError(
        "usage",
        f"'{typed}' is not linked: package.json asks for {typed}@{said}",
        where=manifest.path,
        fix=f"linked are {', '.join(sorted(linked))}" if linked else "nothing here is linked",
    )


def _published(work: Work, manifest: ProjectManifest, name: str) -> str:
    """What to ask a registry for in place of a folder."""
    path = str(_line(manifest, name)).partition(":")[2]
    folder = os.path.join(os.path.dirname(manifest.path), path)
    if os.path.isfile(os.path.join(folder, MANIFEST_NAME)):
        version = link_manifest(path, read_manifest(folder)).version
        line = f"^{version}"
        packument = work.source.packument(name)
        if pick(packument, parse_specifier(name, line), work.context.settings.tag):
            return line
    return saved_specifier(Wish(name, ""), work.source, work.context.settings)


def _line(manifest: ProjectManifest, name: str) -> str | None:
    """What the project itself asks for behind a name; what it asks of others does not count."""
    if manifest.toml and name in manifest.toml.keys:
        return next(r.specifier for r in manifest.toml.requirements if r.local == name)
    present = [s for s in _sections(manifest, name) if s != "peerDependencies"]
    return str(manifest.data[present[-1]][name]) if present else None


def _sections(manifest: ProjectManifest, name: str) -> list[str]:
    return [section for section in SECTIONS if name in manifest.data.get(section, {})]


def _names(manifest: ProjectManifest) -> Iterable[str]:
    return (requirement.local for requirement in manifest.requirements)
