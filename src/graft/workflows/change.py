"""What an install changes in its project: manifest, lock and links, in one commit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from graft.base.diagnostics import Diagnostic
from graft.link.commit import MODULES, Staging
from graft.link.links import Plan, make_plan
from graft.link.state import State, links_on_disk, read_state, state_bytes
from graft.link.virtual import LAYOUT, virtual_links
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.project.manifest import MANIFEST_NAME
from graft.store.paths import Store
from graft.store.projects import claim_slots, claimed_slots, settle_slots
from graft.store.slots import Slot, has_slot

ROOT = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``files`` holds the new contents of the project's files that differ from what is there;
    ``inputs`` is the text that decides the links."""

    folder: str
    store: Store
    files: Mapping[str, bytes]
    inputs: str
    lock_digest: str

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

    def apply(self, plan: Plan, slots: Mapping[str, Slot]) -> None:
        """Make the change. The store learns of the project's new slots before they are linked, and
        forgets the old ones after."""
        names = {slot.name for slot in slots.values()}
        claim_slots(self.store, self.folder, names, self.lock_digest)
        self._commit(plan)
        settle_slots(self.store, self.folder, names, self.lock_digest)

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


def links_are_current(store: Store, folder: str, inputs: str) -> bool:
    """Whether what is linked was made from the same inputs and is still true: every link is there,
    and the store has the whole graph and knows that this project needs it."""
    modules = os.path.join(folder, MODULES)
    state = read_state(modules)
    if state.inputs != inputs or links_on_disk(modules, state.links) != state.links:
        return False
    slots = claimed_slots(store, folder)
    return slots is not None and all(has_slot(store, name) for name in slots)


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
