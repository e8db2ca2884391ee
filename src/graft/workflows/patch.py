"""``patch``, ``patch-commit`` and ``patch-remove``: a project's own changes to packages, kept as
diffs beside its manifest."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_file, remove_tree, temporary_sibling
from graft.base.records import Record
from graft.donors.lent import entries_in, foreign_shelves
from graft.donors.parent import store_at
from graft.git.program import GitProgram
from graft.link.commit import Staging
from graft.link.importers import MODULES, owned, refuse_strange
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import canonical_name, file_name
from graft.project.edit import set_section
from graft.project.manifest import MANIFEST_NAME, ProjectManifest, parse_manifest, read_manifest
from graft.project.patches import FIELD, FOLDER, Patch, patch_id, patch_path, read_patches
from graft.store.admission import required_integrity
from graft.store.check import object_is_intact
from graft.store.objects import StoredObject, find_object
from graft.store.private import copy_package
from graft.workflows.builds import package_data
from graft.workflows.install import install
from graft.workflows.look import locked_graph
from graft.workflows.names import not_a_dependency
from graft.workflows.patching import PATCH_FAILED, apply_patch
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport

# Where packages are edited: out of the way of version control, and nothing that graft replaces.
_EDITS = f"{MODULES}/.graft-patches"
_DIFF = (
    *("-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "-c", "core.quotePath=true"),
    *("diff", "--no-index", "--no-prefix", "--no-renames", "--no-ext-diff", "--no-textconv"),
    *("--no-color", "--binary", "--full-index"),
)


class Begun(Record):
    """``folder`` holds the files to edit, absolute; ``patched`` says that they have the changes of
    the patch that is in force."""

    id: str
    folder: str
    patched: bool


class Committed(Record):
    """``path`` is that of the patch, relative to the project; ``report`` is None if nothing was
    changed in the folder."""

    id: str
    path: str
    report: InstallReport | None


def begin_patch(context: Context, text: str, folder: str = "") -> Begun:
    """Put the files of a package, as the project has them, into ``folder`` to be edited.

    ``text`` is ``name``, or ``name@version`` where there are several. Raises ``not-a-dependency``,
    ``bad-specifier`` for several, and ``patch-exists`` where the folder is there already.
    """
    with at_work(context) as work:
        package = _one(locked_graph(context), text, context.lock_path)
        id = patch_id(package)
        patch = _patch_of(read_manifest(context.folder), package)
        target = folder or os.path.join(context.folder, _EDITS, file_name(id))
        refuse_strange(context.folder, target)
        if os.path.lexists(target):
            raise GraftError(
                "patch-exists",
                f"{id} is being edited already, or something else lies there",
                where=target,
                fix="finish with 'graft patch-commit' and the folder, or remove it",
            )
        stored = _stored(work, package)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        staged = temporary_sibling(target)
        try:
            os.mkdir(staged)
            copy_package(stored, staged)
            if patch is not None:
                apply_patch(GitProgram(os.environ), staged, patch)
            os.rename(staged, target)
        finally:
            if os.path.lexists(staged):
                remove_tree(staged)
        return Begun(id=id, folder=target, patched=patch is not None)


def commit_patch(context: Context, folder: str, options: InstallOptions) -> Committed:
    """Keep what was changed in ``folder`` as a patch, and install.

    ``folder`` is one that ``begin_patch`` made. Raises ``not-a-dependency`` where the
    package is not in the graph, ``patch-failed``, and what ``install`` does; then nothing is
    changed.
    """
    with at_work(context) as work:
        manifest = read_manifest(context.folder)
        package = _edited_package(locked_graph(context), folder, context.lock_path)
        id = patch_id(package)
        before = _patch_of(manifest, package)
        data = _difference(_stored(work, package), folder)
        if data == (before.data if before else b""):
            return Committed(id=id, path=before.path if before else "", report=None)
        if not data:
            after = _without(manifest, {id})
            report = _install(work, manifest, after, options)
            _discard(context.folder, [before.path] if before else [])
            _forget(context.folder, folder)
            return Committed(id=id, path="", report=report)
        path = before.path if before else patch_path(id)
        refuse_strange(context.folder, path)
        full = os.path.join(context.folder, path)
        had = read_file(full)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        _put(work, path, data)
        try:
            after = _with(manifest, {id: path})
            report = _install(work, manifest, after, options)
        except BaseException:
            if had is None:
                remove_file(full)
            else:
                _put(work, path, had)
            raise
        _forget(context.folder, folder)
        return Committed(id=id, path=path, report=report)


def remove_patches(
    context: Context, texts: Sequence[str], options: InstallOptions
) -> InstallReport:
    """Take patches out, by ``name`` or ``name@version``, and delete those that lie in ``patches``.

    Raises ``not-a-dependency`` for what has none.
    """
    with at_work(context) as work:
        manifest = read_manifest(context.folder)
        said = _entries(manifest)
        gone: dict[str, str] = {}
        for text in map(canonical_name, texts):
            found = {id: path for id, path in said.items() if text in (id, id.rpartition("@")[0])}
            if not found:
                raise not_a_dependency(text, said, manifest.path)
            gone |= found
        after = _without(manifest, gone.keys())
        report = _install(work, manifest, after, options)
        kept = set(_entries(after).values())
        _discard(context.folder, [path for path in gone.values() if path not in kept])
        return report


def _put(work: Work, path: str, data: bytes) -> None:
    """Write a file of the project by way of its staging folder: whoever is killed leaves nothing
    that the next command does not take away."""
    folder = work.context.folder
    staging = Staging(folder, work.store.project_journal(folder))
    try:
        staging.add_file(path, data)
        staging.commit()
    finally:
        staging.abandon()


def _patch_of(manifest: ProjectManifest, package: Manifest) -> Patch | None:
    folder = os.path.dirname(manifest.path)
    return read_patches(manifest.data, folder, manifest.path).of(package)


def _install(
    work: Work, before: ProjectManifest, after: ProjectManifest, options: InstallOptions
) -> InstallReport:
    edited = {MANIFEST_NAME: after.raw} if after.raw != before.raw else {}
    return install(work, work.context.checkout(edited), options)


def _difference(stored: StoredObject, folder: str) -> bytes:
    """What makes the files of ``folder`` from those of the archive, as a diff of git's."""
    git = GitProgram(os.environ)
    with tempfile.TemporaryDirectory(prefix="graft-patch-") as place:
        os.mkdir(f"{place}/a")
        copy_package(stored, f"{place}/a")
        bundled = any(file.path.startswith(f"{MODULES}/") for file in stored.files)
        left_out = () if bundled else (MODULES, ".git")
        shutil.copytree(
            folder, f"{place}/b", symlinks=True, ignore=shutil.ignore_patterns(*left_out)
        )
        done = git.run_outside(place, [*_DIFF, "a", "b"])
    # Exit status 1 means that they differ; what git could not do, it says.
    if done.said and not done.data:
        raise GraftError(
            PATCH_FAILED,
            "git could not compare the folder with the package",
            where=folder,
            why=done.said,
        )
    return done.data


def _one(graph: Graph, text: str, where: str) -> Manifest:
    """The package of the graph that is meant."""
    name = canonical_name(text)
    packages = {patch_id(node.manifest): node.manifest for node in graph.nodes.values()}
    found = [m for id, m in sorted(packages.items()) if name in (id, m.name) and m.integrity]
    if not found:
        raise not_a_dependency(name, {m.name for m in packages.values()}, where)
    if len(found) > 1:
        raise GraftError(
            "bad-specifier",
            f"there are {len(found)} versions of {name}",
            where=where,
            fix=f"name one of {', '.join(patch_id(m) for m in found)}",
        )
    return found[0]


def _edited_package(graph: Graph, folder: str, where: str) -> Manifest:
    """The package that an edited folder is of: as its package.json says, or if that was changed,
    the folder's name."""
    said = package_data(folder)
    ids = (f"{said.get('name')}@{said.get('version')}", os.path.basename(folder))
    for node in graph.nodes.values():
        id = patch_id(node.manifest)
        if node.manifest.integrity and (id == ids[0] or file_name(id) == ids[1]):
            return node.manifest
    if not os.path.isdir(folder):
        raise GraftError(
            "not-a-dependency",
            "there is no folder that was edited",
            where=folder,
            fix="begin with 'graft patch <package>', which says where it is",
        )
    raise not_a_dependency(ids[0], {node.manifest.name for node in graph.nodes.values()}, where)


def _stored(work: Work, package: Manifest) -> StoredObject:
    """The files of a package: in the store, or where the project's links lead, as they should be;
    else they are fetched."""
    integrity = required_integrity(package)
    stored = find_object(work.store, integrity)
    if stored is not None:
        return stored
    for shelf in foreign_shelves(entries_in(work.context.folder), work.store.root):
        for root in shelf.stores:
            stored = find_object(store_at(root), integrity)
            if stored is not None and object_is_intact(stored):
                return stored
    found: list[StoredObject] = []
    work.archives.need(package, found.append)
    work.finish()
    return found[0]


def _entries(manifest: ProjectManifest) -> dict[str, str]:
    return {**_section(manifest, beside=True), **_section(manifest, beside=False)}


def _section(manifest: ProjectManifest, *, beside: bool) -> dict[str, str]:
    """What stands in ``pnpm.patchedDependencies``, or in the field of graft's own."""
    holder = manifest.data.get("pnpm", {}) if beside else manifest.data
    said = holder.get(FIELD, {}) if isinstance(holder, dict) else {}
    return dict(said) if isinstance(said, dict) else {}


def _with(manifest: ProjectManifest, entries: dict[str, str]) -> ProjectManifest:
    """Where the project has its patches already, there go new ones as well."""
    beside = bool(_section(manifest, beside=True))
    return _set(manifest, {**_section(manifest, beside=beside), **entries}, beside=beside)


def _without(manifest: ProjectManifest, ids: Iterable[str]) -> ProjectManifest:
    gone = set(ids)
    for beside in (True, False):
        before = _section(manifest, beside=beside)
        kept = {id: path for id, path in before.items() if id not in gone}
        if kept != before:
            manifest = _set(manifest, kept, beside=beside)
    return manifest


def _set(manifest: ProjectManifest, entries: dict[str, str], *, beside: bool) -> ProjectManifest:
    ordered = dict(sorted(entries.items()))
    if beside:
        section = {k: v for k, v in manifest.data["pnpm"].items() if k != FIELD}
        raw = set_section(manifest.raw, "pnpm", section | ({FIELD: ordered} if ordered else {}))
    else:
        raw = set_section(manifest.raw, FIELD, ordered)
    return parse_manifest(raw, manifest.path)


def _discard(project: str, paths: Iterable[str]) -> None:
    """Delete patches that nothing names any more, where graft keeps its own."""
    for path in paths:
        if os.path.dirname(os.path.normpath(path)) == FOLDER and owned(project, FOLDER):
            remove_file(os.path.join(project, path))


def _forget(project: str, folder: str) -> None:
    """Remove a folder that was edited, if it is where graft put it."""
    edits = os.path.join(project, _EDITS)
    if os.path.dirname(folder) != edits or not owned(project, _EDITS):
        return
    remove_tree(folder)
    if not os.listdir(edits):
        os.rmdir(edits)
