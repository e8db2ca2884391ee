"""Patches and approved builds: both change drafts of private slots, which are published if all goes
well.

What lies below a package is built before it; what does not wait for each other runs side by side. A
slot that is there already, from this project or another, is used as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.locks import FileLock
from graft.base.pool import Outcome
from graft.base.records import Record, replace
from graft.git.program import GitProgram
from graft.model.graph import Graph, Importer
from graft.resolve.prune import below, leave_out
from graft.store.admission import required_integrity
from graft.store.complete import lacking_slots
from graft.store.objects import find_object
from graft.store.private import draft_of, publish_draft
from graft.store.slots import Slot, slots_of
from graft.workflows.builds import Builds, check_approved, phases_of_object, preparing_phases
from graft.workflows.fill import fill_store
from graft.workflows.patching import PATCH_FAILED, apply_patch
from graft.workflows.phases import Runner, Site
from graft.workflows.prepare import Workshop, put_packed, workshop
from graft.workflows.project import Work
from graft.workflows.report import InstallOptions


class Built(Record):
    """The graph with what could be built, its slots, the packages whose scripts ran, by id, and
    what there is to say."""

    graph: Graph
    slots: Mapping[str, Slot]
    ids: tuple[str, ...]
    notes: tuple[Diagnostic, ...]


def build_slots(
    work: Work, builds: Builds, graph: Graph, slots: Mapping[str, Slot], options: InstallOptions
) -> Built:
    """See to it that every slot with a salt is there; all others are. Optional packages that cannot
    be built are left out, with what needs them, as in npm.

    Raises ``build-failed``, ``build-unapproved`` or ``sandbox-missing``.
    """
    builder = _Builder(work, builds, options)
    left_out: list[Diagnostic] = []
    while failed := builder.build(graph, slots):
        smaller = leave_out(graph, failed.keys(), partial(_required, graph, failed))
        left_out += [_left_out(error.diagnostic) for error in failed.values()]
        graph = smaller
        slots = slots_of(graph, builds.salts(graph), root=work.context.folder)
        fill_store(work, graph, slots)
    ids = tuple(sorted(builder.ran))
    notes = builder.runner.confinement.note(", ".join(ids)) if ids else ()
    return Built(graph=graph, slots=slots, ids=ids, notes=(*left_out, *notes))


class _Builder:
    def __init__(self, work: Work, builds: Builds, options: InstallOptions) -> None:
        self._work = work
        self._builds = builds
        self._again = set(options.rebuild or ())
        self.runner = Runner(work.context, work.store, builds.node, show=options.show_scripts)
        self.ran: set[str] = set()
        self._workshops: dict[str, Workshop] = {}

    def build(self, graph: Graph, slots: Mapping[str, Slot]) -> dict[str, GraftError]:
        """Build what is lacking; what failed, by node id. What needs that is not begun."""
        store = self._work.store
        absent = lacking_slots(store, {slot.name for slot in slots.values() if slot.salt})
        lacking: dict[str, str] = {}
        for id, slot in sorted(slots.items()):
            if slot.salt and (self._is_again(graph, id) or slot.name in absent):
                lacking.setdefault(slot.name, id)
        if not lacking:
            return {}
        ids = set(lacking.values())
        if any(self._builds.approvals.of(graph.nodes[id].manifest) for id in ids):
            _ = self.runner.confinement
        waits = {
            id: below(graph, graph.nodes[id].edges.values()) & ids - {id} for id in sorted(ids)
        }
        try:
            with ExitStack() as open_ones:
                unready = self._make_ready(graph, slots, ids, open_ones)
                return unready or self._carry_out(graph, slots, waits)
        except BaseException:
            self.runner.stop()
            raise

    def _make_ready(
        self, graph: Graph, slots: Mapping[str, Slot], ids: Iterable[str], open_ones: ExitStack
    ) -> dict[str, GraftError]:
        """Open a workshop for each that has to be prepared: here, not in a thread of the pool,
        because it is an install that has a pool of its own and that Ctrl-C has to end."""
        for id in sorted(ids):
            manifest = graph.nodes[id].manifest
            approval = self._builds.approvals.of(manifest)
            stored = find_object(self._work.store, required_integrity(manifest))
            if approval is None or stored is None or not preparing_phases(manifest, stored):
                continue
            try:
                check_approved(manifest, phases_of_object(manifest, stored), approval.scripts)
                shop = open_ones.enter_context(workshop(self._work, manifest, slots[id].name))
            except GraftError as error:
                return {id: error}
            self._workshops[id] = shop
        return {}

    def _carry_out(
        self, graph: Graph, slots: Mapping[str, Slot], waits: dict[str, set[str]]
    ) -> dict[str, GraftError]:
        """``waits`` has what each has to wait for, and is used up."""
        pool = self._work.pool
        failed: dict[str, GraftError] = {}
        running: set[str] = set()

        def finish(id: str, outcome: Outcome[None]) -> None:
            running.discard(id)
            del waits[id]
            try:
                outcome.get()
            except GraftError as error:
                if error.diagnostic.code == PATCH_FAILED:
                    raise  # also where the package is optional: somebody wants it changed
                failed[id] = error
                return
            self._again.discard(graph.nodes[id].manifest.id)
            for others in waits.values():
                others.discard(id)

        while waits and not failed:
            ready = [id for id, others in waits.items() if not others and id not in running]
            if not (ready or running):  # packages that need each other: somebody has to begin
                ready = [min(waits, key=lambda id: (len(waits[id]), id))]
            for id in ready:
                running.add(id)
                pool.submit(partial(self._make, graph, id, slots[id]), partial(finish, id))
            pool.settle(wait=True)
        while pool.pending:
            pool.settle(wait=True)
        return failed

    def _is_again(self, graph: Graph, id: str) -> bool:
        return graph.nodes[id].manifest.id in self._again

    def _make(self, graph: Graph, id: str, slot: Slot) -> None:
        """Runs in a thread of the pool."""
        store, manifest = self._work.store, graph.nodes[id].manifest
        again = self._is_again(graph, id)
        with FileLock(store.slot_lock(slot.name), exclusive=True):
            if not (again or lacking_slots(store, [slot.name])):
                return  # another process was building it
            stored = find_object(store, required_integrity(manifest))
            assert stored is not None
            patch = self._builds.patches.of(manifest)
            approval = self._builds.approvals.of(manifest)
            # What the archive holds was approved; what a patch makes of its scripts was not.
            phases = phases_of_object(manifest, stored) if approval else ()
            preparing = preparing_phases(manifest, stored) if approval else ()
            if approval:
                check_approved(manifest, phases, approval.scripts)
            with draft_of(store, slot, stored) as draft:
                site = Site(
                    id=manifest.id,
                    package=draft.package,
                    modules=draft.modules,
                    scratch=draft.scratch,
                    network=approval is not None and approval.network,
                )
                if preparing:
                    shop = self._workshops[id]
                    there = replace(site, package=shop.package, modules=shop.modules)
                    for phase in preparing:
                        self.runner.run(there, phase)
                    put_packed(shop.package, draft.package, subject=manifest.id)
                if patch:
                    apply_patch(GitProgram(os.environ), draft.package, patch)
                for phase in phases[len(preparing) :]:
                    self.runner.run(site, phase)
                publish_draft(store, slot, draft, replace=again)
            if approval:
                self.ran.add(manifest.id)


def _required(
    graph: Graph, failed: Mapping[str, GraftError], importer: Importer, local: str
) -> GraftError:
    """The failure that the importer's requirement leads to."""
    return failed[min(below(graph, [importer.edges[local]]) & failed.keys())]


def _left_out(failure: Diagnostic) -> Diagnostic:
    return Diagnostic(
        code="build-left-out",
        message=f"{failure.message}; it is optional, and left out",
        where=failure.where,
        why=failure.why,
        fix=failure.fix,
    )
