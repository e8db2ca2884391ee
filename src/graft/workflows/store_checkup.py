"""What ``doctor`` looks at between a project and its store: whether they know each other, whether
a change is left half done, and whether what the project uses is whole. Each check names the one
command that mends it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from graft.link.importers import ROOT, STAGING, present_modules
from graft.link.layouts import VIRTUAL
from graft.link.state import State, read_state
from graft.store.complete import lacking_slots
from graft.store.graphs import read_graph
from graft.store.paths import Store
from graft.store.projects import claimed_graphs
from graft.store.sweep import leftovers
from graft.workflows.check import FAIL, NOTE, OK, Check

_INSTALL = "run 'graft install'"
_FORCE = "run 'graft install --force'"
_MOST = 3


def store_checks(store: Store) -> Iterator[Check]:
    """Of the store by itself."""
    owner = os.stat(store.root).st_uid
    if os.geteuid() not in (0, owner):
        yield Check(
            name="owner",
            state=NOTE,
            message=f"the store belongs to another user ({owner}), who can change what you run",
            fix="set GRAFT_HOME to a folder of your own, unless the store is meant to be shared",
        )
    junk = len(leftovers(store))
    if junk:
        message = f"{junk} in the store, of commands that died or still run"
        yield Check(name="leftovers", state=NOTE, message=message, fix="run 'graft store gc'")


def project_checks(store: Store, folder: str) -> Iterator[Check]:
    """Of a project and the store together."""
    yield _change(store, folder)
    state = read_state(present_modules(folder, ROOT))
    if not state.inputs:
        return
    others = sorted(_other_stores(store, folder, state))
    if others:
        message = f"links lead to another store: {others[0]}"
        yield Check(name="slots", state=FAIL, message=message, fix=_INSTALL)
        return
    yield _register(store, folder, state)
    yield _slots(store, state)


def _change(store: Store, folder: str) -> Check:
    journals = [path for path in store.project_journals(folder) if os.path.lexists(path)]
    if journals:
        message = "a change of the project was decided, and is not finished"
        return Check(name="change", state=FAIL, message=message, fix=_INSTALL)
    if os.path.lexists(os.path.join(folder, STAGING)):
        message = f"{STAGING} is there: a command was ended, or is at work"
        return Check(name="change", state=FAIL, message=message, fix=_INSTALL)
    return Check(name="change", state=OK, message="none is left half done")


def _other_stores(store: Store, folder: str, state: State) -> Iterator[str]:
    """The folders of slots that links lead to and that are not this store's, nor of a workspace
    that packages were taken from."""
    record = read_graph(store, state.inputs)
    mirrors = frozenset(record.mirrors if record else ())
    for importer in (ROOT, *state.members):
        for path, target in read_state(present_modules(folder, importer)).entries.items():
            if target in mirrors:
                continue
            if not os.path.isabs(target) or target.startswith(f"{store.slots}/"):
                continue
            local = path.count("/") + 1
            yield target.rsplit("/", local + 2)[0]


def _register(store: Store, folder: str, state: State) -> Check:
    if state.inputs not in (claimed_graphs(store, folder) or ()):
        message = "the store does not know that this project uses it, and may collect what it needs"
        return Check(name="register", state=FAIL, message=message, fix=_INSTALL)
    return Check(name="register", state=OK, message="the store knows this project")


def _slots(store: Store, state: State) -> Check:
    graph = read_graph(store, state.inputs)
    if graph is None:
        message = "the store has lost the graph that this project is linked to"
        return Check(name="slots", state=FAIL, message=message, fix=_INSTALL)
    lacking = sorted(lacking_slots(store, graph.slots))
    if lacking:
        message = f"{len(lacking)} not there, or not whole: " + "; ".join(lacking[:_MOST])
        return Check(name="slots", state=FAIL, message=message, fix=_FORCE)
    what = f"{len(graph.slots)} have all their files" if state.layout == VIRTUAL else "none in use"
    return Check(name="slots", state=OK, message=what)
