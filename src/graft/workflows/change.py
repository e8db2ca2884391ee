"""What an install changes in its project: manifest, lock and links, in one commit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import write_atomic
from graft.link.commit import MODULES, Staging
from graft.link.links import Plan, make_plan
from graft.link.state import State, links_on_disk, read_state, state_bytes, state_file
from graft.link.virtual import LAYOUT, virtual_links
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.project.manifest import MANIFEST_NAME
from graft.store.paths import Store
from graft.store.projects import claim_slots, settle_slots
from graft.store.slots import Slot

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
        if plan.steps or not os.path.isdir(self.modules):
            self._commit(plan)
        else:
            if self.files:
                self._commit(None)
            self._record_inputs(plan)
        settle_slots(self.store, self.folder, names, self.lock_digest)

    def _commit(self, plan: Plan | None) -> None:
        staging = Staging(self.folder)
        try:
            for name, data in self.files.items():
                staging.add_file(name, data)
            if plan is not None:
                state = State(layout=plan.layout, inputs=self.inputs, links=plan.links)
                staging.add_links(plan.links, state_bytes(state), plan.displaced)
            staging.commit()
        finally:
            staging.abandon()

    def _record_inputs(self, plan: Plan) -> None:
        state = State(layout=plan.layout, inputs=self.inputs, links=plan.links)
        path = state_file(self.modules)
        if read_state(self.modules) != state:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_atomic(path, state_bytes(state))


def changed_files(
    *, manifest: bytes, manifest_before: bytes | None, lock: bytes, lock_before: bytes | None
) -> dict[str, bytes]:
    files = {}
    if manifest != manifest_before:
        files[MANIFEST_NAME] = manifest
    if lock != lock_before:
        files[LOCK_NAME] = lock
    return files


def links_are_current(folder: str, inputs: str) -> State | None:
    """The record of what is linked, if it was made from the same inputs and is still true: every
    link is there, and leads to something."""
    modules = os.path.join(folder, MODULES)
    state = read_state(modules)
    if state.inputs != inputs or links_on_disk(modules, state.links) != state.links:
        return None
    if all(os.path.exists(os.path.join(modules, path)) for path in state.links):
        return state
    return None


def refuse_linked_modules(folder: str) -> None:
    """A ``node_modules`` that is a link leads into somebody else's; nothing is written through."""
    modules = os.path.join(folder, MODULES)
    if os.path.islink(modules):
        raise GraftError(
            "link-refused",
            f"node_modules is a link to {os.readlink(modules)}, and graft writes only its own",
            where=modules,
            fix="remove the link (not what it leads to) and run 'graft install'",
        )


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
