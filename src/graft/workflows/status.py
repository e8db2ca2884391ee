"""``status``: whether what is installed is what the lock says, and what came from elsewhere."""

from __future__ import annotations

import hashlib
import os

from graft.base.records import Record
from graft.donors.lent import entries_in, with_lent
from graft.donors.mirrors import OK as AS_IT_SHOULD
from graft.donors.mirrors import Mirror, mirrors_of
from graft.donors.trust import is_trusted, places
from graft.link.importers import present_modules
from graft.model.graph import Graph
from graft.project.checkout import Checkout
from graft.project.editables import Editable, editables
from graft.store.paths import path_digest, store_below
from graft.store.projects import read_project
from graft.store.slots import slots_of
from graft.workflows.check import FAIL, OK, Check
from graft.workflows.editables import working_tree
from graft.workflows.inputs import builds_for
from graft.workflows.install import local_graph
from graft.workflows.project import Context
from graft.workflows.project_checkup import project_checks
from graft.workflows.report import InstallOptions


class Clone(Record):
    """An editable package: ``branch`` is the one that is checked out, ``work`` what is nowhere
    else, a line each."""

    name: str
    path: str
    is_there: bool
    branch: str = ""
    work: tuple[str, ...] = ()


class Status(Record):
    checks: tuple[Check, ...]
    mirrors: tuple[Mirror, ...]
    clones: tuple[Clone, ...]

    @property
    def is_well(self) -> bool:
        return (
            all(check.state != FAIL for check in self.checks)
            and all(mirror.state == AS_IT_SHOULD for mirror in self.mirrors)
            and all(clone.is_there for clone in self.clones)
        )


def status(context: Context) -> Status:
    """Changes nothing, and asks nobody."""
    checkout, graph, checks = project_checks(context)
    checks.append(_installed(context))
    return Status(
        checks=tuple(checks),
        mirrors=tuple(_mirrors(context, checkout, graph)) if checkout and graph else (),
        clones=tuple(_clone(context, each) for each in editables(checkout.manifests))
        if checkout
        else (),
    )


def _installed(context: Context) -> Check:
    """Whether the links were made from the lock as it is now."""
    known = read_project(store_below(context.settings.store_root), path_digest(context.folder))
    lock = context.lock_bytes()
    if known and known.lock and lock and hashlib.sha256(lock).hexdigest() != known.lock:
        message = "the lock has changed since the last install"
        return Check(name="installed", state=FAIL, message=message, fix="run 'graft install'")
    return Check(name="installed", state=OK, message="nothing has changed since")


def _mirrors(context: Context, checkout: Checkout, graph: Graph) -> list[Mirror]:
    entries = entries_in(context.folder)
    store = store_below(context.settings.store_root)
    graph = with_lent(graph, context.folder, entries, store.root)
    if all(node.provenance is None for node in graph.nodes.values()):
        return []
    local = local_graph(graph, context)
    builds = builds_for(context, checkout, InstallOptions())
    slots = slots_of(local, builds.salts(local) if builds else {}, root=context.folder)
    trusts = any(is_trusted(node.provenance) for node in graph.nodes.values())
    modules = {path: present_modules(context.folder, path) for path in graph.importers}
    where = places(graph, modules) if trusts else {}
    return mirrors_of(graph, slots, entries, where, store.root, context.settings.cache_root)


def _clone(context: Context, editable: Editable) -> Clone:
    tree = working_tree(context, editable)
    if not os.path.lexists(tree.folder):
        return Clone(name=editable.name, path=editable.path, is_there=False)
    seen = tree.look() if tree.is_there else None
    return Clone(
        name=editable.name,
        path=editable.path,
        is_there=True,
        branch=seen.branch if seen else "",
        work=tuple(tree.own_work()),
    )
