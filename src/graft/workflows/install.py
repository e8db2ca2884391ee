"""``install``: the road from what is asked to code that runs.

    requirements -> graph -> lock -> objects -> slots -> links

Archives are on their way while the graph is still being resolved. Nothing in the project changes
before everything that can fail is behind us.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic
from graft.base.records import replace
from graft.link.importers import ROOT, refuse_strange_modules
from graft.link.layouts import VIRTUAL
from graft.link.links import Folder, Plan
from graft.lockfile.format import LOCK_NAME, write_lock
from graft.model.graph import Graph
from graft.model.requirement import Kind
from graft.project.checkout import Checkout
from graft.project.layout import asked_layout, manifest_layout
from graft.project.manifest import ProjectManifest
from graft.resolve.prune import for_kinds, for_platform
from graft.sources.resolutions import Resolution
from graft.store.admission import weak_integrity_note
from graft.store.paths import Store
from graft.store.slots import Slot, slots_of
from graft.workflows.answer import answer
from graft.workflows.change import (
    Change,
    changed_files,
    current_graph,
    displaced_notes,
)
from graft.workflows.fill import begin_fetching, fill_objects, fill_store
from graft.workflows.host import this_platform
from graft.workflows.project import Context, Work
from graft.workflows.relink import (
    changes_packages,
    inputs_digest,
    may_run_scripts,
    stamp_project,
)
from graft.workflows.report import InstallOptions, InstallReport, Laps

if TYPE_CHECKING:
    from graft.workflows.builds import Builds


def install(work: Work, checkout: Checkout, options: InstallOptions) -> InstallReport:
    """Bring the project to what its manifests ask for; those that were edited are written together
    with the rest. Call it within ``at_work``."""
    laps = Laps()
    context = work.context
    refuse_strange_modules(context.folder)
    lock_before = context.lock_bytes()
    builds = builds_for(context, checkout, options)
    current, local_files = None, b""
    keeps = options.keeps_answers and not (
        options.force or options.lock_only or options.rebuild is not None
    )
    keeps = keeps and not context.settings.peers.at_once
    if keeps and lock_before is not None and not checkout.edited:
        local_files = _local_files(work, lock_before)
        inputs = _inputs(work, checkout, lock_before, local_files, builds)
        current = current_graph(work.store, context.folder, inputs)
    if current is not None:
        ignored_said = _judged(context, current.ignored, options)
        bare = _bare_links(checkout)
        if not local_files and not bare:
            leave_stamp(context, work.store, checkout)
        return InstallReport(
            up_to_date=True,
            packages=current.packages,
            direct=current.direct,
            direct_before=current.direct,
            ignored=current.ignored,
            notes=(*context.settings.notes, *ignored_said, *bare),
            dry_run=options.dry_run,
            milliseconds=laps.total(),
        )

    work.advance()
    previous = context.graph(checkout.links)
    work.advance()
    graph, notes = answer(work, checkout, previous, options)
    work.advance()
    laps.lap("resolve")
    # A frozen lock stays as it was written, also where graft would write the same otherwise.
    lock = lock_before if options.frozen and lock_before is not None else write_lock(graph)
    local_files = _local_files(work, lock)
    if previous is None and not work.asked_elsewhere:
        work.remember(checkout.said, Resolution(lock=lock, nodes=len(graph.nodes), notes=notes))
    work.advance()
    local = local_graph(_complete(work, graph) if local_files else graph, context)
    work.graph = local
    bare = _bare_links(checkout)
    notes = (*notes, *_engine_notes(local, checkout.root, context), *bare)
    if lock == lock_before and not (options.lock_only or options.dry_run):
        begin_fetching(work, local)  # what was resolved is on its way already
    salts = builds.salts(local) if builds else {}
    slots: Mapping[str, Slot] = slots_of(local, salts, root=context.folder)
    change = Change(
        folder=context.folder,
        store=work.store,
        files=changed_files(checkout.edited, lock=lock, lock_before=lock_before),
        inputs=_inputs(work, checkout, lock, local_files, builds),
    )
    work.advance()
    layout, layout_notes = _layout(context, checkout, local)
    names = {importer: manifest.name for importer, manifest in checkout.manifests.items()}
    plan = change.plan(layout, local, slots, names)
    report = replace(
        _report(graph, local, previous, change, plan),
        dry_run=options.dry_run,
        notes=(*context.settings.notes, *notes, *layout_notes, *displaced_notes(plan)),
    )
    if options.dry_run:
        return replace(report, milliseconds=laps.total())
    if options.lock_only:
        change.write_files()
        return replace(report, steps=(), milliseconds=laps.total())

    made = 0
    if layout == VIRTUAL or builds is not None:
        made = fill_store(work, local, slots, distrust=options.force)
    else:
        fill_objects(work, local, distrust=options.force)
    laps.lap("fetch")
    if builds is not None:
        from graft.workflows.build import build_slots

        built = build_slots(work, builds, local, slots, options)
        if built.graph is not local:  # optional packages that could not be built are left out
            local, slots = built.graph, built.slots
            plan = change.plan(layout, local, slots, names)
            report = replace(report, packages=len(local.package_ids), steps=_steps(plan))
        report = replace(report, built=built.ids, notes=(*report.notes, *built.notes))
        laps.lap("build")
    ignored = ignored_packages(local, checkout.root, work.store)
    report = replace(
        report, ignored=ignored, notes=(*report.notes, *_judged(context, ignored, options))
    )
    place = partial(_place, work, local, slots)
    change.apply(plan, slots, report, place, anew=options.force or options.rebuild is not None)
    if not local_files and not bare:
        leave_stamp(context, work.store, checkout)
    laps.lap("link")
    weak = weak_integrity_note(node.manifest for node in local.nodes.values())
    made_here = _made_here(work, local, checkout.root, builds) if work.asked_elsewhere else ()
    return replace(
        report,
        fetched=context.progress.to_fetch,
        fetched_bytes=context.progress.fetched_bytes,
        slots=made,
        notes=(*report.notes, *weak, *made_here),
        milliseconds=laps.total(),
    )


def local_graph(graph: Graph, context: Context) -> Graph:
    """The part of the graph that this machine and these settings install."""
    omitted = {Kind(kind) for kind in context.settings.omit}
    local = for_platform(for_kinds(graph, omitted), this_platform())
    if not any(node.manifest.node for node in local.nodes.values()):
        return local
    from graft.workflows.engines import for_this_node

    return for_this_node(local, context)


def ignored_packages(local: Graph, root: ProjectManifest, store: Store) -> tuple[str, ...]:
    """Those whose scripts nobody decided about, by id."""
    if not any(node.manifest.has_scripts for node in local.nodes.values()):
        return ()
    from graft.scripts.approvals import read_approvals
    from graft.workflows.builds import ignored_builds

    return ignored_builds(local, read_approvals(root.data, root.path), store)


def builds_for(context: Context, checkout: Checkout, options: InstallOptions) -> Builds | None:
    """What is changed in packages before they are used; None where nothing is."""
    if not changes_packages(checkout.root.raw):
        return None
    from graft.workflows.builds import builds_of

    runs = not (options.ignore_scripts or context.settings.builds.ignored)
    return builds_of(context, checkout, runs=runs)


def _judged(
    context: Context, ignored: tuple[str, ...], options: InstallOptions
) -> tuple[Diagnostic, ...]:
    """What is said of scripts that nobody decided about."""
    settings = context.settings.builds
    if not ignored or options.ignore_scripts or settings.ignored:
        return ()
    if settings.strict:
        from graft.workflows.builds import refuse_ignored

        raise refuse_ignored(ignored, context.folder)
    from graft.workflows.ignored import ignored_notes

    return ignored_notes(ignored)


def _engine_notes(local: Graph, root: ProjectManifest, context: Context) -> tuple[Diagnostic, ...]:
    asks = any(field in root.data for field in ("engines", "devEngines"))
    if not asks and not any(node.manifest.node for node in local.nodes.values()):
        return ()
    from graft.workflows.engines import engine_notes

    return engine_notes(local, root, context)


def _bare_links(checkout: Checkout) -> tuple[Diagnostic, ...]:
    """Notes that no stamp may silence: whether they hold is decided outside of the project."""
    if not checkout.beside:
        return ()
    from graft.workflows.bare_links import bare_link_notes

    return bare_link_notes(checkout)


def leave_stamp(context: Context, store: Store, checkout: Checkout) -> None:
    """Let the launcher see next time that there is nothing to do. It does not look at patches, nor
    at the node that builds depend on, and runs no scripts."""
    raw = checkout.root.raw
    if changes_packages(raw) or may_run_scripts(raw):
        return
    if context.is_plain and not context.settings.notes:
        home = os.path.expanduser("~")
        also = (checkout.files, checkout.folders)
        stamp_project(context.folder, store, os.environ, home, *also)


def _made_here(
    work: Work, local: Graph, root: ProjectManifest, builds: Builds | None
) -> tuple[Diagnostic, ...]:
    """What is said of packages that were made in this run, and that nobody decided about."""
    notes = work.elsewhere.notes
    if not notes:
        return ()
    from graft.scripts.approvals import read_approvals

    said, runs = read_approvals(root.data, root.path), builds.approvals if builds else None
    made = [node.manifest for node in local.nodes.values()]
    decided = {each.origin for each in made if said.denies(each) or (runs and runs.of(each))}
    return tuple(notes[origin] for origin in sorted(notes.keys() - decided))


def _local_files(work: Work, lock: bytes) -> bytes:
    """What packages on this machine hold, which nothing else here would notice; mostly none."""
    if b"file:" not in lock:
        return b""
    from graft.workflows.local_sources import local_contents

    return local_contents(work, lock)


def _complete(work: Work, graph: Graph) -> Graph:
    from graft.workflows.local_sources import with_snapshots

    return with_snapshots(work, graph)


def _inputs(
    work: Work, checkout: Checkout, lock: bytes, local_files: bytes, builds: Builds | None
) -> str:
    settings = work.context.settings
    words = sorted(settings.omit)
    words += ["strict-peer-deps"] if settings.peers.strict else []
    words += ["engine-strict"] if settings.engine_strict else []
    layout = asked_layout(settings.layout, checkout.root.data)
    # What the manifest says is said already.
    words += [f"layout={layout}"] if layout != manifest_layout(checkout.root.data) else []
    said = checkout.said + local_files
    if checkout.links.importers:
        # Some of its slots may lead to its own folders, and serve no other checkout.
        said += os.fsencode(work.context.folder)
    made = builds.inputs if builds else ""
    return inputs_digest(work.store.root, ",".join(words), said, lock, builds=made)


def _layout(
    context: Context, checkout: Checkout, graph: Graph
) -> tuple[str, tuple[Diagnostic, ...]]:
    from graft.workflows.layout_choice import chosen_layout

    asked = asked_layout(context.settings.layout, checkout.root.data)
    return chosen_layout(context.folder, asked, graph)


def _place(
    work: Work, graph: Graph, slots: Mapping[str, Slot], jobs: Sequence[tuple[str, Folder]]
) -> None:
    if jobs:
        from graft.workflows.place import place_folders

        place_folders(work, graph, slots, jobs)


def _report(
    graph: Graph, local: Graph, previous: Graph | None, change: Change, plan: Plan
) -> InstallReport:
    before = previous.nodes.keys() if previous else set()
    return InstallReport(
        packages=len(local.package_ids),
        added=tuple(sorted(graph.nodes.keys() - before)),
        removed=tuple(sorted(before - graph.nodes.keys())),
        direct=_direct_versions(graph),
        direct_before=_direct_versions(previous) if previous else {},
        steps=_steps(plan),
        lock_changed=LOCK_NAME in change.files,
    )


def _steps(plan: Plan) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {
            "action": step.action,
            "importer": importer,
            "path": step.path,
            "reason": step.reason,
        }
        for importer, tree in plan.trees.items()
        for step in tree.steps
    )


def _direct_versions(graph: Graph) -> dict[str, str]:
    """By local name; what a member asks for stands behind its path."""
    return {
        name if path == ROOT else f"{path} > {name}": graph.nodes[id].manifest.version
        for path, importer in sorted(graph.importers.items())
        for name, id in sorted(importer.edges.items())
    }
