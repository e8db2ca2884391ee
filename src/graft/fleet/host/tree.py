"""The tree of a release on a host: built beside where it will be, looked at, marked, renamed.

A tree is ``trees/<hash>/`` with ``node_modules``, a ``package.json``, the release itself, and
``.complete``, which is written last. To the store it is a project like any other: what it links to
is kept for as long as it is there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import partial

from graft.base.clones import Cloner
from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_file, remove_tree, temporary_sibling, write_file
from graft.base.lines import one_line, write_lines
from graft.base.renames import exchange
from graft.fleet.host.root import SetRoot
from graft.fleet.host.tree_plan import TreePlan
from graft.fleet.release import Release
from graft.fleet.wire import read_release, release_document
from graft.link.commit import make_links
from graft.link.folders import make_folder
from graft.link.importers import MODULES, ROOT
from graft.link.layouts import VIRTUAL
from graft.link.links import Folder
from graft.link.state import FOLDER, State, state_bytes, state_file
from graft.store.graphs import GraphRecord, write_graph
from graft.store.objects import entries, holds
from graft.store.paths import Store, path_digest
from graft.store.private import Finished, finished_package
from graft.store.projects import claim_graph, is_settled, settle_graph

COMPLETE = ".complete"
RELEASE = "release.json"
PACKAGE = "package.json"
_FIRST_LINE = "graft-tree 1"
_READ_ONLY = 0o555


def build_tree(store: Store, at: SetRoot, plan: TreePlan) -> str:
    """Make the tree, or make it anew, from what the store has; its path. What was there in its
    place stays until the new one is whole. Call it with the set's mutex and the store held."""
    final = at.tree(plan.hash)
    staged = temporary_sibling(final)
    try:
        os.mkdir(staged)
        write_file(f"{staged}/{RELEASE}", _release_bytes(plan.release))
        write_file(f"{staged}/{PACKAGE}", plan.package_json)
        _fill(store, staged, plan)
        # Registered before anything leads there: a collector keeps what it needs.
        write_graph(store, plan.inputs, _graph_record(plan))
        claim_graph(store, staged, plan.inputs)
        fault = tree_fault(store, staged, plan, full=False, marked=False)
        if fault:
            raise tree_damaged(staged, fault)
        write_file(f"{staged}/{COMPLETE}", _mark(store, plan), durable=True)
        _flush(staged)
        real = os.path.realpath(staged)
        _put_in_place(staged, final)
        _flush(at.trees)
        claim_graph(store, final, plan.inputs, before=real)
        register(store, at, plan)
    finally:
        forget(store, staged)
    return final


def register(store: Store, at: SetRoot, plan: TreePlan) -> None:
    """Have the store know the tree, which is in place, whatever interrupted its making."""
    known = os.path.exists(store.graph_record(plan.inputs))
    if not known or not is_settled(store, at.tree(plan.hash), plan.inputs, ""):
        write_graph(store, plan.inputs, _graph_record(plan))
        settle_graph(store, at.tree(plan.hash), plan.inputs, "")


def forget(store: Store, tree: str) -> None:
    """Remove what lies at a path of a tree, if anything does, and the store's record of it."""
    if os.path.lexists(tree):
        remove_tree(tree)
    remove_file(os.path.join(store.projects, path_digest(tree)))


def read_tree_release(at: SetRoot, hash: str) -> Release | None:
    """The release that lies in the tree of that hash, if that is what it is."""
    try:
        release = read_release(json.loads(read_file(f"{at.tree(hash)}/{RELEASE}") or b"{}"))
    except (ValueError, AttributeError, OSError, GraftError):
        return None
    return release if release.hash == hash else None


def tree_damaged(tree: str, fault: str) -> GraftError:
    return GraftError(
        "fleet-tree-damaged",
        "the tree of a release is not what the release says",
        where=tree,
        why=[fault],
        fix="run 'graft fleet agent --once --verify' on this host: it makes the tree anew",
    )


def tree_fault(store: Store, tree: str, plan: TreePlan, *, full: bool, marked: bool = True) -> str:
    """What is wrong with a tree; empty if nothing is. Without ``full``, entries and sizes are
    looked at, with it every byte of what lies in the tree itself. What links lead to is the
    store's (``tree_store``). ``marked`` trees say that they are complete."""
    modules = f"{tree}/{MODULES}"
    expected = [
        (f"{tree}/{RELEASE}", _release_bytes(plan.release)),
        (f"{tree}/{PACKAGE}", plan.package_json),
        (state_file(modules), _state(store, plan)),
    ]
    if marked:
        expected.append((f"{tree}/{COMPLETE}", _mark(store, plan)))
    if os.path.islink(tree):
        return f"{tree} is a link"
    try:
        for path, data in expected:
            if os.path.islink(path) or read_file(path) != data:
                return f"{path} is not as it was made"
        return next(_entry_faults(store, modules, plan, full), "")
    except OSError as error:
        return f"{error.filename or tree}: {error.strerror}"


def _entry_faults(store: Store, modules: str, plan: TreePlan, full: bool) -> Iterator[str]:
    expected = {".graft/state", *plan.wanted.entries}
    names: dict[str, set[str]] = {"": set()}
    for path in expected:
        while path:
            path, _, name = path.rpartition("/")
            names.setdefault(path, set()).add(name)
    for folder, within in names.items():
        there = os.path.join(modules, folder)
        if os.path.islink(there):
            yield f"{there} is a link"
        found = set(os.listdir(there))
        for name in sorted(found ^ within):
            what = "does not belong there" if name in found else "is missing"
            yield f"{os.path.join(there, name)} {what}"
    for path, entry in plan.wanted.entries.items():
        if entry.startswith(FOLDER):
            yield from _folder_faults(
                store, f"{modules}/{path}", plan.wanted.folders[path], plan, full
            )
        elif _target(f"{modules}/{path}") != entry:
            yield f"{modules}/{path} leads elsewhere"


def _folder_faults(
    store: Store, root: str, folder: Folder, plan: TreePlan, full: bool
) -> Iterator[str]:
    files, links = set[str](), dict(folder.links)
    for path, id in folder.packages.items():
        below = f"{path}/" if path else ""
        finished = finished_package(store, plan.slots[id])
        if finished is None:
            yield f"{root}/{path}: the store has lost what it was made from"
            return
        links |= {below + link: target for link, target in finished.links.items()}
        for file in finished.files:
            files.add(below + file.path)
            full_path = f"{root}/{below}{file.path}"
            seen = os.lstat(full_path)
            if seen.st_size != file.size or (full and not holds(full_path, file)):
                yield f"{full_path} is not what was published"
    for path, target in links.items():
        if _target(f"{root}/{path}") != target:
            yield f"{root}/{path} leads elsewhere"
    if full:
        for path in sorted({*entries(root)} - files - links.keys()):
            yield f"{root}/{path} does not belong there"


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _fill(store: Store, staged: str, plan: TreePlan) -> None:
    modules = f"{staged}/{MODULES}"
    os.makedirs(os.path.dirname(state_file(modules)))
    write_file(state_file(modules), _state(store, plan))
    make_links(modules, plan.wanted.entries)
    cloners = {False: Cloner(), True: Cloner(shared=False)}
    package = partial(_package, store, plan)
    for path, folder in plan.wanted.folders.items():
        packages = {id: package(id) for id in folder.packages.values()}
        make_folder(f"{modules}/{path}", folder, packages, cloners[folder.own])
    # Nothing is added to a tree, by a tool or by hand; what is, is taken for damage.
    for place, _, _ in os.walk(modules, topdown=False):
        os.chmod(place, _READ_ONLY)


def _package(store: Store, plan: TreePlan, id: str) -> Finished:
    finished = finished_package(store, plan.slots[id])
    if finished is None:
        raise FileNotFoundError(f"the store lacks {id}")
    return finished


def _put_in_place(staged: str, final: str) -> None:
    """In one step, where there is a tree that is not whole: what runs from it misses nothing."""
    if not os.path.lexists(final):
        os.rename(staged, final)
    elif os.path.islink(final) or not os.path.isdir(final) or not exchange(staged, final):
        aside = temporary_sibling(final)
        os.rename(final, aside)
        os.rename(staged, final)
        remove_tree(aside)


def _release_bytes(release: Release) -> bytes:
    return json.dumps(release_document(release), separators=(",", ":")).encode()


def _mark(store: Store, plan: TreePlan) -> bytes:
    said = [("release", plan.hash), ("tree", plan.inputs), ("store", one_line(store.root))]
    return write_lines(_FIRST_LINE, said)


def _state(store: Store, plan: TreePlan) -> bytes:
    """The record by which collectors see what a folder leads to. It says no path of the tree's
    own, as that has another one while it is made."""
    entries: Mapping[str, str] = plan.wanted.entries
    said = State(layout=plan.layout, inputs=plan.inputs, entries=entries, store=store.root)
    return state_bytes(said)


def _graph_record(plan: TreePlan) -> GraphRecord:
    links = plan.layout == VIRTUAL
    objects = [f"objects/{integrity.file_name}" for integrity in plan.archives]
    return GraphRecord(
        layout=plan.layout,
        trees={ROOT: plan.wanted.entries},
        slots=[slot.name for slot in plan.slots.values()] if links else [],
        packages=len(plan.archives),
        direct=plan.roots,
        sources=objects,
    )


def _flush(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
