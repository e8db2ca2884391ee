"""What an install changes in its project: manifest, lock and links, in one commit."""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.link.commit import MODULES, Staging
from graft.link.links import Plan, make_plan
from graft.link.state import State, links_on_disk, read_state, state_bytes
from graft.link.virtual import virtual_links
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.project.manifest import MANIFEST_NAME
from graft.store.graphs import GraphRecord, graph_is_whole, read_graph, write_graph
from graft.store.paths import Store
from graft.store.projects import claim_graph, claimed_graphs, settle_graph
from graft.store.slots import Slot
from graft.workflows.relink import LAYOUT
from graft.workflows.report import InstallReport

ROOT = "."


class Change(Record):
    """``files`` holds the new contents of the project's files that differ from what is there;
    ``inputs`` is the digest of what decides the links."""

    folder: str
    store: Store
    files: Mapping[str, bytes]
    inputs: str

    @property
    def modules(self) -> str:
        return os.path.join(self.folder, MODULES)

    def plan(self, graph: Graph, slots: Mapping[str, Slot], own_name: str) -> Plan:
        wanted = virtual_links(graph, ROOT, slots, self.store, own_name=own_name)
        owned = read_state(self.modules).links
        present = links_on_disk(self.modules, {**owned, **wanted.links})
        return make_plan(LAYOUT, wanted.links, owned, present, wanted.reasons)

    def write_files(self) -> None:
        """Manifest and lock alone, for ``--lockfile-only``."""
        if self.files:
            self._commit(None)

    def apply(self, plan: Plan, slots: Mapping[str, Slot], report: InstallReport) -> None:
        """Make the change. The store learns of the graph, and that the project needs it, before
        anything is linked, and forgets what the project needed before after."""
        names = {slot.name for slot in slots.values()}
        record = GraphRecord(
            links=plan.links, slots=names, packages=report.packages, direct=report.direct
        )
        write_graph(self.store, self.inputs, record)
        claim_graph(self.store, self.folder, self.inputs)
        self._commit(plan)
        settle_graph(self.store, self.folder, self.inputs)

    def _commit(self, plan: Plan | None) -> None:
        staging = Staging(self.folder, self.store.project_journal(self.folder))
        try:
            for name, data in self.files.items():
                staging.add_file(name, data)
            if plan is not None:
                self._stage(plan, staging)
            staging.commit()
        finally:
            staging.abandon()

    def _stage(self, plan: Plan, staging: Staging) -> None:
        state = State(layout=plan.layout, inputs=self.inputs, links=plan.links)
        if plan.steps or not os.path.isdir(self.modules):
            staging.add_links(plan.links, state_bytes(state), plan.displaced)
        elif read_state(self.modules) != state:
            staging.add_state(state_bytes(state))


def changed_files(
    *, manifest: bytes, manifest_before: bytes | None, lock: bytes, lock_before: bytes | None
) -> dict[str, bytes]:
    files = {}
    if manifest != manifest_before:
        files[MANIFEST_NAME] = manifest
    if lock != lock_before:
        files[LOCK_NAME] = lock
    return files


def current_graph(store: Store, folder: str, inputs: str) -> GraphRecord | None:
    """What is linked, if it was made from the same inputs and is still true: every link is there,
    and the store has the whole graph and knows that this project needs it."""
    modules = os.path.join(folder, MODULES)
    state = read_state(modules)
    if state.inputs != inputs or links_on_disk(modules, state.links) != state.links:
        return None
    if claimed_graphs(store, folder) != [inputs]:
        return None
    record = read_graph(store, inputs)
    return record if record is not None and graph_is_whole(store, record) else None


def displaced_notes(plan: Plan) -> list[Diagnostic]:
    if not plan.displaced:
        return []
    return [
        Diagnostic(
            code="displaced",
            message=f"moved to node_modules/.ignored, as graft did not make them: "
            f"{', '.join(plan.displaced)}",
        )
    ]
