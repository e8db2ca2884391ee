"""What an install changes in its project: manifest, lock and links, in one commit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.link.commit import Staging
from graft.link.importers import ROOT, is_own_folder, modules_of, refuse_strange_importer
from graft.link.links import Plan, Tree, Wanted, plan_tree
from graft.link.state import State, links_on_disk, member_inputs, read_state, state_bytes
from graft.link.virtual import virtual_trees
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.project.manifest import MANIFEST_NAME
from graft.store.graphs import GraphRecord, graph_is_whole, read_graph, write_graph
from graft.store.paths import Store
from graft.store.projects import claim_graph, claimed_graphs, settle_graph
from graft.store.slots import Slot
from graft.workflows.relink import LAYOUT
from graft.workflows.report import InstallReport


class Change(Record):
    """``files`` holds the new contents of the project's files that differ from what is there;
    ``inputs`` is the digest of what decides the links."""

    folder: str
    store: Store
    files: Mapping[str, bytes]
    inputs: str

    def plan(self, graph: Graph, slots: Mapping[str, Slot], names: Mapping[str, str]) -> Plan:
        """``names`` are those by which importers can be met in their own code, by path. Raises
        ``link-refused`` where an importer's folder is not the project's."""
        trees = {}
        wanted = virtual_trees(graph, slots, self.store, names)
        for importer, its in wanted.items():
            if its.links or importer == ROOT:
                refuse_strange_importer(self.folder, importer)
                trees[importer] = self._plan_tree(importer, its)
        gone = self._made_before(wanted.keys()) - trees.keys()
        return Plan(layout=LAYOUT, trees=trees, gone=tuple(sorted(gone)))

    def _plan_tree(self, importer: str, wanted: Wanted) -> Tree:
        modules = modules_of(self.folder, importer)
        owned = read_state(modules).links
        return plan_tree(wanted, owned, links_on_disk(modules, {**owned, **wanted.links}))

    def _made_before(self, importers: Iterable[str]) -> set[str]:
        """Importers, of these or earlier ones, whose ``node_modules`` was made for this project."""
        known = {*importers, *read_state(modules_of(self.folder, ROOT)).members} - {ROOT}
        return {
            importer
            for importer in known
            if is_own_folder(self.folder, importer)
            and read_state(modules_of(self.folder, importer)).inputs == member_inputs(importer)
        }

    def write_files(self) -> None:
        """Manifest and lock alone, for ``--lockfile-only``."""
        if self.files:
            self._commit(None)

    def apply(self, plan: Plan, slots: Mapping[str, Slot], report: InstallReport) -> None:
        """Make the change. The store learns of the graph, and that the project needs it, before
        anything is linked, and forgets what the project needed before after."""
        names = {slot.name for slot in slots.values()}
        record = GraphRecord(
            trees={importer: tree.links for importer, tree in plan.trees.items()},
            slots=names,
            packages=report.packages,
            direct=report.direct,
            ignored=report.ignored,
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
        members = plan.trees.keys() - {ROOT}
        for importer, tree in plan.trees.items():
            modules = modules_of(self.folder, importer)
            state = State(
                layout=plan.layout,
                inputs=self.inputs if importer == ROOT else member_inputs(importer),
                links=tree.links,
                members=members if importer == ROOT else (),
            )
            if tree.steps or not os.path.isdir(modules):
                staging.add_links(importer, tree.links, state_bytes(state), tree.displaced)
            elif read_state(modules) != state:
                staging.add_state(importer, state_bytes(state))
        for importer in plan.gone:
            staging.remove_links(importer, state_bytes(State(inputs=member_inputs(importer))))


def changed_files(
    edited: Mapping[str, bytes], *, lock: bytes, lock_before: bytes | None
) -> dict[str, bytes]:
    """``edited`` holds the manifests that were edited, by their importers' paths."""
    files = {
        MANIFEST_NAME if importer == ROOT else f"{importer}/{MANIFEST_NAME}": manifest
        for importer, manifest in edited.items()
    }
    if lock != lock_before:
        files[LOCK_NAME] = lock
    return files


def current_graph(store: Store, folder: str, inputs: str) -> GraphRecord | None:
    """What is linked, if it was made from the same inputs and is still true: every link is there,
    and the store has the whole graph and knows that this project needs it."""
    state = read_state(modules_of(folder, ROOT))
    if state.inputs != inputs or not _is_linked(folder, ROOT, state):
        return None
    for importer in state.members:
        its = read_state(modules_of(folder, importer))
        if its.inputs != member_inputs(importer) or not _is_linked(folder, importer, its):
            return None
    if claimed_graphs(store, folder) != [inputs]:
        return None
    record = read_graph(store, inputs)
    return record if record is not None and graph_is_whole(store, record) else None


def _is_linked(folder: str, importer: str, state: State) -> bool:
    return links_on_disk(modules_of(folder, importer), state.links) == state.links


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
