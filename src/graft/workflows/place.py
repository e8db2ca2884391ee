"""Folders of files in a project, made from what the store has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from graft.base.clones import Cloner
from graft.base.diagnostics import Diagnostic
from graft.base.mounts import mount_of
from graft.base.pool import Outcome
from graft.link.folders import make_folder, package_in
from graft.link.links import Folder
from graft.model.graph import Graph
from graft.store.admission import required_integrity
from graft.store.objects import distrust_object, holds_just
from graft.store.private import Finished, finished_package
from graft.store.slots import Slot
from graft.workflows.fill import fill_objects

if TYPE_CHECKING:
    from graft.workflows.project import Work

_NOTHING: Mapping[str, str] = {}
Job = tuple[str, Folder]
"""Where a folder is to be made, and what of."""


def place_folders(
    work: Work,
    graph: Graph,
    slots: Mapping[str, Slot],
    jobs: Sequence[Job],
    given: Mapping[str, str] = _NOTHING,
) -> bool:
    """Make them all. Objects that turn out to be damaged are fetched anew, once. What is ``given``,
    by node id, is copied from those folders and has nothing in the store. Whether files were copied
    because the store lies on another file system."""
    work.context.progress.to_link += len(jobs)
    cloners = {False: Cloner(), True: Cloner(shared=False)}
    finished: dict[str, Finished | None] = {
        id: package_in(folder, slots[id].dependencies) for id, folder in given.items()
    }
    left = _make(work, graph, slots, jobs, cloners, finished)
    if left and work.store.frozen:
        from graft.workflows.frozen import damaged

        ids = {id for _, folder in left for id in folder.packages.values()}
        raise damaged(work.store, {graph.nodes[id].manifest.id for id in ids})
    if left:
        fill_objects(work, graph)
        if _make(work, graph, slots, left, cloners, {id: finished[id] for id in given}):
            raise AssertionError("a package that was just stored lacks files")
    return cloners[False].apart


def _make(
    work: Work,
    graph: Graph,
    slots: Mapping[str, Slot],
    jobs: Iterable[Job],
    cloners: Mapping[bool, Cloner],
    finished: dict[str, Finished | None],
) -> list[Job]:
    """The jobs for which objects are missing or damaged; those are no longer trusted. ``cloners``
    are one for folders that share files with the store, and one for those of own files;
    ``finished`` has the packages that are known."""
    store, progress, pool = work.store, work.context.progress, work.pool
    left: list[Job] = []

    def package(id: str) -> Finished | None:
        if id not in finished:
            finished[id] = finished_package(store, slots[id])
        return finished[id]

    def make(root: str, folder: Folder) -> bool:
        """Runs in a thread of the pool."""
        ids = {*folder.packages.values()}
        found = {id: its for id in ids if (its := package(id)) is not None}
        try:
            if len(found) == len(ids):
                make_folder(root, folder, found, cloners[folder.own])
                return True
        except FileNotFoundError:
            if all(holds_just(its.folder, its.files) for its in found.values()):
                raise
        for id in () if store.frozen else ids:
            if id not in graph.nodes:
                continue  # it is given
            if id not in found or not holds_just(found[id].folder, found[id].files):
                distrust_object(store, required_integrity(graph.nodes[id].manifest))
        return False

    def made(job: Job, outcome: Outcome[bool]) -> None:
        if outcome.get():
            progress.linked += 1
            progress.changed()
        else:
            left.append(job)

    for job in jobs:
        pool.submit(partial(make, *job), partial(made, job))
    try:
        work.finish()
    except BaseException:
        pool.close()  # nobody may write any more in what is about to be removed
        raise
    return left


def copied_note(work: Work) -> Diagnostic:
    """What is said once, where hard links would cost no room."""
    return Diagnostic(
        code="copied",
        message="files are copied, and none are hard links: the store lies on another file system "
        f"or mount than the project ({mount_of(work.store.root)}, {mount_of(work.context.folder)})",
        fix="to have hard links, set GRAFT_HOME to a folder on the project's file system",
    )
