"""Patches and approved builds: both change drafts of private slots, which are published if all goes
well.

What lies below a package is built before it; what does not wait for each other runs side by side. A
slot that is there already, from this project or another, is used as it is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import BinaryIO

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.locks import FileLock
from graft.base.pool import Outcome
from graft.base.processes import Group
from graft.base.programs import find_program
from graft.base.records import Record, replace
from graft.model.graph import Graph, Importer
from graft.resolve.prune import leave_out
from graft.scripts.approvals import Approval
from graft.scripts.build_environment import Addons, build_environment
from graft.scripts.package import Package
from graft.scripts.phases import Phase
from graft.scripts.sandbox import confined
from graft.sources.git_program import GitProgram
from graft.store.admission import required_integrity
from graft.store.objects import find_object
from graft.store.paths import has_slot
from graft.store.private import Draft, draft_of, publish_draft
from graft.store.slots import Slot, slots_of
from graft.workflows.builds import Builds, check_approved, package_data, phases_of_object
from graft.workflows.confinement import Confinement, confinement
from graft.workflows.fill import fill_store
from graft.workflows.jobs import Place, tools_at
from graft.workflows.node import find_npm, gyp_commands, gyp_script, npm_script
from graft.workflows.patching import PATCH_FAILED, apply_patch
from graft.workflows.project import Work
from graft.workflows.report import InstallOptions

_SHOWN_LINES = 20
_SHOWN_BYTES = 64 * 1024


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
    notes = builder.confinement.note(", ".join(ids)) if ids else ()
    return Built(graph=graph, slots=slots, ids=ids, notes=(*left_out, *notes))


class _Builder:
    def __init__(self, work: Work, builds: Builds, options: InstallOptions) -> None:
        self._work = work
        self._builds = builds
        self._options = options
        self._again = set(options.rebuild or ())
        self._groups: set[Group] = set()
        self._lock = Lock()
        self._stopped = False
        self._confinement: Confinement | None = None
        self.ran: set[str] = set()

    @property
    def confinement(self) -> Confinement:
        """Looked for once there is something to run."""
        if self._confinement is None:
            wanted = self._work.context.settings.builds.sandbox
            self._confinement = confinement(wanted, os.environ)
        return self._confinement

    def build(self, graph: Graph, slots: Mapping[str, Slot]) -> dict[str, GraftError]:
        """Build what is lacking; what failed, by node id. What needs that is not begun."""
        store, pool = self._work.store, self._work.pool
        todo: dict[str, str] = {}
        for id, slot in sorted(slots.items()):
            if slot.salt and (self._is_again(graph, id) or not has_slot(store, slot.name)):
                todo.setdefault(slot.name, id)
        if not todo:
            return {}
        ids = set(todo.values())
        if any(self._builds.approvals.of(graph.nodes[id].manifest) for id in ids):
            assert self.confinement
        waits = {id: _below(graph, id) & ids - {id} for id in sorted(ids)}
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

        def begin(id: str) -> None:
            running.add(id)
            pool.submit(partial(self._make, graph, id, slots[id]), partial(finish, id))

        try:
            while waits and not failed:
                ready = [id for id, others in waits.items() if not others and id not in running]
                if not (ready or running):  # packages that need each other: somebody has to begin
                    ready = [min(waits, key=lambda id: (len(waits[id]), id))]
                for id in ready:
                    begin(id)
                pool.settle(wait=True)
            while pool.pending:
                pool.settle(wait=True)
        except BaseException:
            self._stop()
            raise
        return failed

    def _is_again(self, graph: Graph, id: str) -> bool:
        return graph.nodes[id].manifest.id in self._again

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for group in self._groups:
                group.kill()

    def _make(self, graph: Graph, id: str, slot: Slot) -> None:
        """Runs in a thread of the pool."""
        store, manifest = self._work.store, graph.nodes[id].manifest
        again = self._is_again(graph, id)
        with FileLock(store.slot_lock(slot.name), exclusive=True):
            if has_slot(store, slot.name) and not again:
                return  # another process was building it
            stored = find_object(store, required_integrity(manifest))
            assert stored is not None
            patch = self._builds.patches.of(manifest)
            approval = self._builds.approvals.of(manifest)
            # What the archive holds was approved; what a patch makes of its scripts was not.
            phases = phases_of_object(stored) if approval else ()
            if approval:
                check_approved(manifest, phases, approval.scripts)
            with draft_of(store, slot, stored) as draft:
                if patch:
                    apply_patch(GitProgram(os.environ), draft.package, patch)
                for phase in phases:
                    assert approval is not None
                    self._run(manifest.id, draft, phase, approval)
                publish_draft(store, slot, draft, replace=again)
            if approval:
                self.ran.add(manifest.id)

    def _run(self, id: str, draft: Draft, phase: Phase, approval: Approval) -> None:
        context = self._work.context
        context.progress.say(
            f"{id} {phase.event}: {phase.line}{' (network allowed)' if approval.network else ''}"
        )
        network = approval.network or not self.confinement.bubblewrap
        for folder in ("home", "tmp"):
            os.makedirs(f"{draft.scratch}/{folder}", exist_ok=True)
        place = Place(
            folder=draft.package,
            called_in=context.folder,
            environ=os.environ,
            home=f"{draft.scratch}/home",
        )
        node = self._builds.node
        npm = find_npm(os.environ, node)
        addons = Addons(
            commands=gyp_commands(npm) if npm else "",
            script=gyp_script(npm) if npm else "",
            headers=node.prefix,
        )
        tools = replace(tools_at(place), node=node.program)
        if npm:
            tools = replace(tools, graft=npm_script(npm))
        environ = build_environment(
            os.environ,
            Package(
                path=f"{draft.package}/package.json", data=package_data(draft.package), scripts={}
            ),
            phase,
            tools,
            addons,
            modules=draft.modules,
            called_in=context.folder,
            home=place.home,
            temporary=f"{draft.scratch}/tmp",
            network=network,
        )
        readable = [node.program, npm, f"{node.prefix}/include/node" if node.prefix else ""]
        store = self._work.store
        command = self._confined(
            (find_program("sh", place.path) or "/bin/sh", "-c", phase.line),
            draft,
            [*filter(None, readable), store.objects, store.slots],
            network=network,
        )
        with tempfile.TemporaryFile() as output:
            timeout = context.settings.builds.timeout
            status = self._attend(command, draft.package, environ, output, timeout)
            if status == 0 and not self._options.show_scripts:
                return
            said = _last_lines(output)
        if status != 0:
            raise self._failure(id, phase, status, said, approval, has_gyp=bool(npm))
        for line in said:
            context.progress.say(f"  {line}")

    def _confined(
        self, command: tuple[str, ...], draft: Draft, readable: list[str], *, network: bool
    ) -> list[str]:
        if not self.confinement.bubblewrap:
            return [*self.confinement.prefix, *command]
        return confined(
            self.confinement.bubblewrap,
            command,
            folder=draft.package,
            scratch=draft.scratch,
            readable=readable,
            network=network,
        )

    def _attend(
        self,
        command: list[str],
        folder: str,
        environ: Mapping[str, str],
        output: BinaryIO,
        timeout: float,
    ) -> int | None:
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            group = Group(command, cwd=folder, environ=environ, output=output)
            self._groups.add(group)
        try:
            return group.wait(timeout)
        finally:
            with self._lock:
                self._groups.discard(group)

    def _failure(
        self,
        id: str,
        phase: Phase,
        status: int | None,
        said: list[str],
        approval: Approval,
        *,
        has_gyp: bool,
    ) -> GraftError:
        timeout = self._work.context.settings.builds.timeout
        how = f"exit code {status}"
        fix = f"mend the cause, or do without: 'graft approve-builds --deny {id}'"
        if status is None:
            how = f"it took longer than {timeout:g} seconds, and was ended"
            fix = "give it more with build-timeout=<seconds> in .npmrc"
        elif status < 0:
            how = f"signal {-status}"
        elif self.confinement.bubblewrap and not approval.network:
            fix = f"if it needs the network: 'graft approve-builds --network {id}'; else {fix}"
        why = [f"{phase.event} is: {phase.line}"]
        if "node-gyp" in phase.line and not has_gyp:
            why.append("there is no node-gyp: it comes with npm, which is not on the path")
        if not self._builds.node.program:
            why.append("there is no node on the path")
        return GraftError(
            "build-failed",
            f"the {phase.event} script of {id} failed: {how}",
            where=id,
            why=[*why, *said],
            fix=fix,
        )


def _below(graph: Graph, id: str) -> set[str]:
    """Every node that code of this one may reach."""
    found: set[str] = set()
    queue = list(graph.nodes[id].edges.values())
    while queue:
        child = queue.pop()
        if child not in found:
            found.add(child)
            queue.extend(graph.nodes[child].edges.values())
    return found


def _required(
    graph: Graph, failed: Mapping[str, GraftError], importer: Importer, local: str
) -> GraftError:
    """The failure that the importer's requirement leads to."""
    below = _below(graph, importer.edges[local]) | {importer.edges[local]}
    return failed[min(below & failed.keys())]


def _left_out(failure: Diagnostic) -> Diagnostic:
    return Diagnostic(
        code="build-left-out",
        message=f"{failure.message}; it is optional, and left out",
        where=failure.where,
        why=failure.why,
        fix=failure.fix,
    )


def _last_lines(output: BinaryIO) -> list[str]:
    """The end of what was printed, without control characters."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _SHOWN_BYTES))
    text = output.read().decode("utf-8", "replace")
    lines = ["".join(c for c in line if c.isprintable() or c == "\t") for line in text.splitlines()]
    return [line for line in lines if line.strip()][-_SHOWN_LINES:]
