"""What an install changes in its project: manifest, lock and links, in one commit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic
from graft.base.files import read_file
from graft.base.records import Record
from graft.link.commit import Staging
from graft.link.importers import (
    MODULES,
    ROOT,
    is_own_folder,
    modules_of,
    refuse_strange_importer,
)
from graft.link.layouts import VIRTUAL, layout_trees
from graft.link.links import Folder, Plan, Tree, Wanted, plan_tree
from graft.link.stamp import remove_stamp
from graft.link.state import (
    STATE_FOLDER,
    State,
    entries_on_disk,
    is_slot,
    member_inputs,
    read_state,
    state_bytes,
    states_of,
)
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.model.integrity import parse_integrity
from graft.store.graphs import GraphRecord, graph_is_whole, read_graph, write_graph
from graft.store.paths import Store
from graft.store.projects import claim_graph, claimed_graphs, is_settled, settle_graph
from graft.store.slots import Slot
from graft.workflows.report import InstallReport

if TYPE_CHECKING:
    from graft.workflows.children import Kin

Place = Callable[[Sequence[tuple[str, Folder]]], None]
"""Makes folders of files, each where it says."""


class Change(Record):
    """``files`` holds the new contents of the project's files that differ from what is there;
    ``inputs`` is the digest of what decides the links, ``modules`` the name of the folders
    that they are in. ``scanned``, ``manifests`` and ``commands`` are what the graph's record has of
    them. ``mirrors`` are the folders of other workspaces, by node id, that links lead to, and
    ``parents`` those workspaces. ``lent`` are the names of the slots that these are. ``copies`` are
    the nodes whose files may be written, ``unslotted`` those whose slots are only the project's."""

    folder: str
    store: Store
    files: Mapping[str, bytes]
    inputs: str
    modules: str = MODULES
    scanned: Mapping[str, str] = {}
    manifests: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    mirrors: Mapping[str, str] = {}
    parents: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    copies: Collection[str] = frozenset()
    unslotted: Collection[str] = frozenset()

    def plan(
        self, layout: str, graph: Graph, slots: Mapping[str, Slot], names: Mapping[str, str]
    ) -> Plan:
        """``names`` are those by which importers can be met in their own code, by path. Raises
        ``link-refused`` where an importer's folder is not the project's."""
        trees = {}
        places = self.store, names, self.modules, self.mirrors, self.copies
        wanted = layout_trees(layout, graph, slots, *places)
        for importer, its in wanted.items():
            if its.entries or importer == ROOT:
                refuse_strange_importer(self.folder, importer, self.modules)
                trees[importer] = self._plan_tree(importer, its)
        gone = self._made_before(wanted.keys()) - trees.keys()
        return Plan(layout=layout, trees=trees, gone=tuple(sorted(gone)))

    def _plan_tree(self, importer: str, wanted: Wanted) -> Tree:
        modules = self._modules(importer)
        owned = read_state(modules).entries
        present = entries_on_disk(modules, {**owned, **wanted.entries}, owned)
        return plan_tree(wanted, owned, present)

    def _modules(self, importer: str) -> str:
        return modules_of(self.folder, importer, self.modules)

    def _made_before(self, importers: Iterable[str]) -> set[str]:
        """Importers, of these or earlier ones, whose ``node_modules`` was made for this project."""
        known = {*importers, *read_state(self._modules(ROOT)).members} - {ROOT}
        return {
            importer
            for importer in known
            if is_own_folder(self.folder, importer)
            and read_state(self._modules(importer)).inputs == member_inputs(importer)
        }

    def refuse_unwritable(self, plan: Plan, *, anew: bool) -> None:
        """Raises ``project-unwritable`` for what could not be changed in the end."""
        from graft.link.permission import refuse_unwritable

        changed = {
            importer: _is_made_whole(self._state(importer), tree, plan.layout, anew=anew)
            for importer, tree in plan.trees.items()
            if tree.steps
        }
        changed |= dict.fromkeys(plan.gone, True)
        refuse_unwritable(self.folder, self.files, changed, self.modules)

    def write_files(self) -> None:
        """Manifest and lock alone, for ``--lockfile-only``."""
        if self.files:
            self._commit(None, _no_folders)

    def apply(
        self,
        plan: Plan,
        slots: Mapping[str, Slot],
        report: InstallReport,
        place: Place,
        *,
        anew: bool = False,
    ) -> None:
        """Make the change. The store learns of the graph, and that the project needs it, before
        anything is linked, and forgets what the project needed before after.

        ``place`` makes folders of files; ``anew`` has all of them made again. A frozen store learns
        nothing.
        """
        if self.store.frozen:
            remove_stamp(self.folder, self.modules)
            self._commit(plan, place, anew=anew)
            return
        stored = {id: slot for id, slot in slots.items() if id not in self.unslotted}
        names = {slot.name for slot in stored.values()} if plan.layout == VIRTUAL else set()
        apart = slots if plan.layout != VIRTUAL else {id: slots[id] for id in self.unslotted}
        record = GraphRecord(
            layout=plan.layout,
            trees={importer: tree.entries for importer, tree in plan.trees.items()},
            slots=names,
            sources=_sources(apart),
            packages=report.packages,
            direct=report.direct,
            ignored=report.ignored,
            copies=_copies(plan, slots),
            scanned=self.scanned,
            manifests=self.manifests,
            commands=self.commands,
            mirrors=self._mirrored(plan),
        )
        state = read_state(self._modules(ROOT))
        away = [entry for entry in state.entries.values() if self._leads_away(entry)]
        kin = self._kin(record.mirrors) if away or record.mirrors else None
        write_graph(self.store, self.inputs, record)
        remove_stamp(self.folder, self.modules)
        claim_graph(self.store, self.folder, self.inputs, before=state.project)
        if kin is not None:
            kin.claim(self.inputs, record, self.lent, state.project)
        self._commit(plan, place, anew=anew)
        if kin is not None:
            kin.settle(self.inputs, self._lock_digest(), away)
        with suppress(OSError):  # the project is as it should be, and the store keeps too much
            settle_graph(self.store, self.folder, self.inputs, self._lock_digest())

    def _leads_away(self, entry: str) -> bool:
        return entry.startswith("/") and not entry.startswith(f"{self.store.slots}/")

    def _kin(self, mirrors: Sequence[str]) -> Kin:
        from graft.workflows.children import Kin

        return Kin(self.folder, self.store.root, mirrors, self.parents)

    def _mirrored(self, plan: Plan) -> set[str]:
        """The folders of other workspaces that links of the project lead to."""
        linked = {target for tree in plan.trees.values() for target in tree.entries.values()}
        return linked & set(self.mirrors.values())

    def _lock_digest(self) -> str:
        lock = read_file(os.path.join(self.folder, LOCK_NAME))
        return "" if lock is None else hashlib.sha256(lock).hexdigest()

    def _commit(self, plan: Plan | None, place: Place, *, anew: bool = False) -> None:
        staging = Staging(self.folder, self.store.project_journal(self.folder), self.modules)
        try:
            for name, data in self.files.items():
                staging.add_file(name, data)
            if plan is not None:
                place(self._stage(plan, staging, anew=anew))
            staging.commit()
        finally:
            staging.abandon()

    def _stage(self, plan: Plan, staging: Staging, *, anew: bool) -> list[tuple[str, Folder]]:
        """Stage all but the folders of files: where those are to be made, and what of."""
        folders = []
        states = states_of(
            {importer: tree.entries for importer, tree in plan.trees.items()},
            layout=plan.layout,
            inputs=self.inputs,
            project=self.folder,
            store=self.store.root if _has_slots(plan) else "",
        )
        for importer, tree in plan.trees.items():
            before, state = self._state(importer), states[importer]
            new: Mapping[str, str] = {}
            if before is None or tree.steps or (anew and tree.folders):
                if _is_made_whole(before, tree, plan.layout, anew=anew):
                    new = tree.entries
                    goal = staging.add_tree(importer, new, state_bytes(state), tree.displaced)
                else:
                    new = {step.path: step.target for step in tree.steps if step.target}
                    removed = [step.path for step in tree.steps if not step.target]
                    goal = staging.add_entries(importer, new, removed, state_bytes(state))
                folders += [
                    (f"{goal}/{path}", tree.folders[path]) for path in new if path in tree.folders
                ]
            elif before != state:
                staging.add_state(importer, state_bytes(state))
        for importer in plan.gone:
            staging.remove_links(importer, state_bytes(State(inputs=member_inputs(importer))))
        return folders

    def _state(self, importer: str) -> State | None:
        """The record of what is there; None if all of ``node_modules`` has to be made."""
        modules = self._modules(importer)
        if not os.path.isdir(modules) or os.path.islink(os.path.join(modules, STATE_FOLDER)):
            return None
        return read_state(modules)


def _is_made_whole(before: State | None, tree: Tree, layout: str, *, anew: bool) -> bool:
    """Whether a ``node_modules`` is made as a new tree, rather than entry by entry."""
    return before is None or anew or not tree.folders or before.layout != layout


def _has_slots(plan: Plan) -> bool:
    """Whether packages lie in the project."""
    return plan.layout != VIRTUAL or any(map(is_slot, plan.trees[ROOT].folders))


def _sources(slots: Mapping[str, Slot]) -> set[str]:
    """What files of the project's own were made from."""
    return {
        f"slots/{slot.name}"
        if slot.salt
        else f"objects/{parse_integrity(slot.integrity).file_name}"
        for slot in slots.values()
    }


def _copies(plan: Plan, slots: Mapping[str, Slot]) -> dict[str, str]:
    """What folders in the project's trees are copies of, where slots lie in the store."""
    if plan.layout != VIRTUAL:
        return {}
    return {
        (path if importer == ROOT else f"{modules_of(importer, ROOT)}/{path}"): (
            f"{slots[id].name}/node_modules/{slots[id].package}"
        )
        for importer, tree in plan.trees.items()
        for path, folder in tree.folders.items()
        if not is_slot(path)
        for id in folder.packages.values()
    }


def _no_folders(jobs: Sequence[tuple[str, Folder]]) -> None:
    assert not jobs


def changed_files(
    edited: Mapping[str, bytes], *, lock: bytes, lock_before: bytes | None
) -> dict[str, bytes]:
    """``edited`` holds the manifests that were edited, by their paths."""
    files = dict(edited)
    if lock != lock_before:
        files[LOCK_NAME] = lock
    return files


def current_graph(store: Store, folder: str, inputs: str, modules: str) -> GraphRecord | None:
    """What is linked, if it was made here from the same inputs and is still true: every link is
    there, and the store has the whole graph and knows that this project needs it."""
    state = read_state(modules_of(folder, ROOT, modules))
    if state.inputs != inputs or not _is_linked(modules_of(folder, ROOT, modules), state):
        return None
    for importer in state.members:
        its = read_state(modules_of(folder, importer, modules))
        place = modules_of(folder, importer, modules)
        if its.inputs != member_inputs(importer) or not _is_linked(place, its):
            return None
    if not store.frozen:
        if inputs not in (claimed_graphs(store, folder) or ()):
            return None
        if state.project not in ("", os.path.realpath(folder)):
            return None  # it was moved, and once more it would not be found by what it says
    record = read_graph(store, inputs)
    return record if record is not None and graph_is_whole(store, inputs, record) else None


def settle_record(store: Store, folder: str, inputs: str, lock: bytes) -> None:
    """Have the store's record of a project that is up to date say just that: a command that was
    killed after it had changed the links has left it as it was before."""
    digest = hashlib.sha256(lock).hexdigest()
    if not store.frozen and not is_settled(store, folder, inputs, digest):
        with suppress(OSError):  # the store keeps too much
            settle_graph(store, folder, inputs, digest)


def _is_linked(modules: str, state: State) -> bool:
    return entries_on_disk(modules, state.entries, state.entries) == state.entries


def displaced_notes(plan: Plan) -> list[Diagnostic]:
    if not plan.displaced:
        return []
    return [
        Diagnostic(
            code="displaced",
            message=f"moved to .ignored beside the others, as graft did not make them: "
            f"{', '.join(plan.displaced)}",
        )
    ]
