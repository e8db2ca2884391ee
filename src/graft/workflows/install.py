"""``install``: the road from what is asked to code that runs.

    requirements -> graph -> lock -> objects -> slots -> links

Archives are on their way while the graph is still being resolved. Nothing in the project changes
before everything that can fail is behind us.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from graft.base.diagnostics import Diagnostic, GraftError
from graft.link.links import Plan
from graft.lockfile.check import Unmet, unmet
from graft.lockfile.format import LOCK_NAME, write_lock
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.requirement import Kind
from graft.project.manifest import ProjectManifest
from graft.resolve.locked import Locked
from graft.resolve.nested import resolve
from graft.resolve.overrides import Overrides, read_overrides
from graft.resolve.prune import for_kinds, for_platform
from graft.sources.archives import Archives, weak_integrity_note
from graft.store.paths import Store
from graft.store.slots import slots_of
from graft.workflows.change import (
    ROOT,
    Change,
    changed_files,
    displaced_notes,
    links_are_current,
    refuse_linked_modules,
)
from graft.workflows.fill import fill_store
from graft.workflows.host import this_platform
from graft.workflows.project import Context, Work, inputs_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallOptions:
    """``frozen`` refuses to change the lock; ``lock_only`` changes nothing else; ``force`` trusts
    nothing that lies in the store or the project. ``update`` names packages whose locked versions
    are not preferred; None is all of them."""

    frozen: bool = False
    lock_only: bool = False
    force: bool = False
    dry_run: bool = False
    update: Collection[str] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallReport:
    """What was done, or with ``dry_run`` would be. ``added`` and ``removed`` are node ids compared
    with the lock before; ``direct`` maps local names to versions; ``steps`` are changes in
    ``node_modules``; ``fetched`` counts archives, ``slots`` those that the store lacked."""

    up_to_date: bool = False
    dry_run: bool = False
    packages: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    direct: Mapping[str, str] = field(default_factory=dict)
    fetched: int = 0
    fetched_bytes: int = 0
    slots: int = 0
    steps: tuple[Mapping[str, str], ...] = ()
    lock_changed: bool = False
    notes: tuple[Diagnostic, ...] = ()
    milliseconds: Mapping[str, int] = field(default_factory=dict)


class _Clock:
    """Wall time by phase."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, int] = {}
        self._start = self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.milliseconds[phase] = round((now - self._last) * 1000)
        self._last = now

    def total(self) -> dict[str, int]:
        return self.milliseconds | {"total": round((time.perf_counter() - self._start) * 1000)}


def install(
    work: Work, manifest: ProjectManifest, options: InstallOptions, *, manifest_before: bytes | None
) -> InstallReport:
    """Bring the project to what ``manifest`` asks for. Call it within ``at_work``.

    ``manifest_before`` is what the file holds now: where it differs, the file is written together
    with the rest.
    """
    context, store = work.context, work.store
    clock = _Clock()
    refuse_linked_modules(context.folder)
    lock_before = context.lock_bytes()
    plain = not (options.force or options.lock_only) and options.update == ()
    if plain and lock_before is not None and manifest.raw == manifest_before:
        state = links_are_current(context.folder, _inputs(context, store, manifest, lock_before))
        if state is not None:
            return InstallReport(
                up_to_date=True, dry_run=options.dry_run, milliseconds=clock.total()
            )
    previous = context.graph()
    archives = Archives(store, lambda: (work.source, work.client), context.progress)
    try:
        graph, notes = _resolved(work, manifest, previous, options, _early(archives, work, options))
        notes = [*context.settings.notes, *notes]
        clock.lap("resolve")
        local = local_graph(graph, context)
        slots = slots_of(local)
        change = _change(work, manifest, manifest_before, write_lock(graph), lock_before)
        plan = change.plan(local, slots, manifest.name)
        report = _report(graph, local, previous, change, plan)
        if options.dry_run or options.lock_only:
            if options.lock_only and not options.dry_run:
                change.write_files()
            return replace(
                report,
                dry_run=options.dry_run,
                steps=report.steps if options.dry_run else (),
                notes=tuple(notes),
                milliseconds=clock.total(),
            )
        made = fill_store(store, archives, local, slots, context.progress, distrust=options.force)
        clock.lap("fetch")
    finally:
        archives.close()
    change.apply(plan, slots)
    clock.lap("link")
    notes += weak_integrity_note(node.manifest for node in local.nodes.values())
    return replace(
        report,
        fetched=len(archives.fetched),
        fetched_bytes=context.progress.fetched_bytes,
        slots=made,
        notes=(*notes, *displaced_notes(plan)),
        milliseconds=clock.total(),
    )


def local_graph(graph: Graph, context: Context) -> Graph:
    """The part of the graph that this machine and these settings install."""
    omitted = {Kind(kind) for kind in context.settings.omit}
    return for_platform(for_kinds(graph, omitted), this_platform())


def _resolved(
    work: Work,
    manifest: ProjectManifest,
    previous: Graph | None,
    options: InstallOptions,
    on_chosen: Callable[[Manifest], None],
) -> tuple[Graph, list[Diagnostic]]:
    """The lock's graph if it answers everything, else a new one that prefers the lock."""
    asked = {ROOT: manifest.requirements}
    own = {r.local: r.specifier for r in manifest.requirements}
    overrides = read_overrides(manifest.overrides, own, where=manifest.path)
    open_questions = _open_questions(previous, manifest, overrides)
    if previous is not None and not open_questions and options.update == ():
        return previous, []
    if options.frozen:
        raise _frozen(work.context, previous, open_questions)
    update = options.update
    resolved = resolve(
        asked,
        source=work.source,
        locked=Locked(previous, lambda name: update is not None and name not in update),
        overrides=overrides,
        tag=work.context.settings.tag,
        on_chosen=on_chosen,
    )
    left = _open_questions(resolved.graph, manifest, overrides)
    if left:
        raise AssertionError(f"resolved, and yet {left[0]}")
    return resolved.graph, list(resolved.notes)


def _open_questions(
    graph: Graph | None, manifest: ProjectManifest, overrides: Overrides
) -> list[Unmet]:
    if graph is None:
        return []
    return unmet(graph, {ROOT: manifest.requirements}, overrides.rules, overrides.apply)


def _frozen(context: Context, previous: Graph | None, open_questions: list[Unmet]) -> GraftError:
    where = os.path.join(context.folder, LOCK_NAME)
    if previous is None:
        return GraftError(
            "lock-missing",
            "there is no lock to install from",
            where=where,
            fix="run 'graft install' once and commit graft-lock.json",
        )
    return GraftError(
        "lock-stale",
        "the lock does not answer what package.json asks for",
        where=where,
        why=[str(question) for question in open_questions],
        fix="run 'graft install' and commit graft-lock.json",
    )


def _early(archives: Archives, work: Work, options: InstallOptions) -> Callable[[Manifest], None]:
    """Fetch what is surely needed as soon as it is decided."""
    context = work.context
    if options.lock_only or options.dry_run or context.settings.omit:
        return lambda _: None
    platform = this_platform()

    def chosen(manifest: Manifest) -> None:
        context.progress.resolved += 1
        context.progress.changed()
        if manifest.platforms.admit(platform):
            archives.want(manifest)

    return chosen


def _inputs(context: Context, store: Store, manifest: ProjectManifest, lock: bytes) -> str:
    return inputs_digest(store.root, ",".join(sorted(context.settings.omit)), manifest.raw, lock)


def _change(
    work: Work,
    manifest: ProjectManifest,
    before: bytes | None,
    lock: bytes,
    lock_before: bytes | None,
) -> Change:
    return Change(
        folder=work.context.folder,
        store=work.store,
        files=changed_files(
            manifest=manifest.raw, manifest_before=before, lock=lock, lock_before=lock_before
        ),
        inputs=_inputs(work.context, work.store, manifest, lock),
        lock_digest=hashlib.sha256(lock).hexdigest(),
    )


def _report(
    graph: Graph, local: Graph, previous: Graph | None, change: Change, plan: Plan
) -> InstallReport:
    before = previous.nodes.keys() if previous else set()
    direct = graph.importers[ROOT].edges
    return InstallReport(
        packages=len(local.nodes),
        added=tuple(sorted(graph.nodes.keys() - before)),
        removed=tuple(sorted(before - graph.nodes.keys())),
        direct={name: graph.nodes[id].manifest.version for name, id in sorted(direct.items())},
        steps=tuple(
            {"action": step.action, "path": step.path, "reason": step.reason} for step in plan.steps
        ),
        lock_changed=LOCK_NAME in change.files,
    )
