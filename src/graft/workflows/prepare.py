"""Packages from git, made what their authors would publish.

A ``prepare`` script needs more than a package has: sources, settings of tools, development
dependencies. So it gets a workshop: a folder with all files of the commit, in which graft installs
as in any project. What the script leaves there is packed by the rules for publishing.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from graft.base import trees
from graft.base.diagnostics import GraftError
from graft.base.files import remove_file, remove_tree, temporary_sibling
from graft.base.progress import Progress
from graft.base.records import Record, replace
from graft.link.layouts import VIRTUAL
from graft.model.manifest import Manifest
from graft.project.checkout import read_checkout
from graft.project.choices import NESTED, Choice
from graft.project.manifest import MANIFEST_NAME
from graft.project.manifests import Declared
from graft.sources.package_tree import FolderTree, document_of, paths_of
from graft.store.paths import Store
from graft.store.unpack import bin_targets
from graft.workflows.install import install
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions


class Workshop(Record):
    """``package`` is the folder of the package in the checked out commit, ``modules`` the
    ``node_modules`` with what it needs there."""

    package: str
    modules: str


@contextmanager
def workshop(work: Work, manifest: Manifest, slot: str) -> Iterator[Workshop]:
    """Open one for a package of git, beside its slot-to-be; it is gone in the end. Scripts of what
    is installed in it do not run. Raises ``build-failed``."""
    store = work.store
    root = temporary_sibling(store.slot(slot))
    os.mkdir(root)
    project = root
    try:
        work.context.progress.say(f"{manifest.id}: installing what it is prepared with")
        try:
            package = work.check_out(manifest, root)
            project = _project_of(root, package, work.context.declared)
            _install(work.context, project, root)
        except GraftError as error:
            raise _unprepared(manifest, error) from None
        yield Workshop(package=package, modules=os.path.join(project, "node_modules"))
    finally:
        _forget(store, project)
        remove_tree(root)


def put_packed(source: str, target: str, *, subject: str) -> None:
    """Have in ``target`` just the files that npm would publish of the package in ``source``."""
    tree = FolderTree(source)
    document = document_of(tree, subject=subject, where=subject)
    commands = bin_targets(document)
    folders = trees.Folders()
    paths = paths_of(tree, document)
    for path in paths:
        folders.add_parents(path)
    remove_tree(target)
    os.mkdir(target)
    trees.build(target, folders.paths, (), ())
    for path in paths:
        made = os.path.join(target, path)
        shutil.copyfile(os.path.join(source, path), made)
        is_run = path in commands or os.stat(os.path.join(source, path)).st_mode & 0o100
        os.chmod(made, 0o755 if is_run else 0o644)


def _project_of(root: str, package: str, declared: Declared) -> str:
    """Where to install: the repository's root if the package is a member of its workspace."""
    if package == root or not os.path.isfile(os.path.join(root, MANIFEST_NAME)):
        return package
    members = read_checkout(root, declared).members
    return root if posixpath.relpath(package, root) in members else package


def _install(context: Context, project: str, within: str) -> None:
    """With the settings of whoever installs, not with those that the repository holds; but with
    development dependencies, resolved as its authors did, and by links alone: copies might be hard
    links into the store."""
    settings = replace(
        context.settings,
        omit=frozenset(),
        layout=Choice(flag=VIRTUAL),
        resolution=Choice(flag=NESTED),
        notes=(),
    )
    context = Context(
        folder=project,
        settings=settings,
        progress=Progress(),
        command=context.command,
        within=within,
    )
    with at_work(context) as work:
        install(work, context.checkout(), InstallOptions(ignore_scripts=True))


def _forget(store: Store, project: str) -> None:
    """The store's record of a project that will not be there again."""
    for path in (store.project_record(project), store.project_lock(project)):
        remove_file(path)


def _unprepared(manifest: Manifest, error: GraftError) -> GraftError:
    cause = error.diagnostic
    return GraftError(
        "build-failed",
        f"{manifest.id} cannot be prepared: what it takes is not to be had",
        where=manifest.id,
        why=[f"{cause.code}: {cause.message}", *cause.why],
        fix=f"mend the cause, or do without: 'graft approve-builds --deny {manifest.id}'",
    )
