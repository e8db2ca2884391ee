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
from graft.base.records import Record, replace
from graft.link.importers import MODULES, ROOT, modules_of, present_modules, refuse_strange_modules
from graft.link.layouts import VIRTUAL
from graft.link.links import Folder, Plan
from graft.link.state import read_state
from graft.lockfile.format import LOCK_NAME, write_lock
from graft.model.graph import Graph
from graft.model.requirement import Kind
from graft.project.checkout import Checkout
from graft.project.choices import manifest_layout
from graft.project.defaults import DONORS, glance, home_folder
from graft.resolve.prune import for_kinds, for_platform, without
from graft.sources.resolutions import remembered
from graft.store.admission import weak_integrity_note
from graft.store.paths import Store
from graft.store.slots import Slot, slots_of
from graft.workflows.answer import answer
from graft.workflows.change import (
    Change,
    changed_files,
    current_graph,
    displaced_notes,
    settle_record,
)
from graft.workflows.fill import begin_fetching, fill_objects, fill_store
from graft.workflows.host import this_platform
from graft.workflows.inputs import builds_for, inputs_of, local_files_of
from graft.workflows.install_notes import (
    bare_links,
    ignored_packages,
    judged,
    made_here,
    said_of_engines,
)
from graft.workflows.project import Context, Work
from graft.workflows.relink import (
    changes_packages,
    may_run_scripts,
    stamp_project,
)
from graft.workflows.report import InstallOptions, InstallReport, Laps

if TYPE_CHECKING:
    from graft.model.difference import Difference
    from graft.workflows.builds import Builds


# What says in a lock that packages were taken from elsewhere.
_TAKEN = b'"from_deps_source"'
_NO_LINKS: Mapping[str, str] = {}


def install(work: Work, checkout: Checkout, options: InstallOptions) -> InstallReport:
    """Bring the project to what its manifests ask for; those that were edited are written together
    with the rest. Call it within ``at_work``."""
    laps = Laps()
    refuse_strange_modules(work.context.folder, checkout.modules)
    if work.store.frozen and (options.force or options.rebuild is not None):
        from graft.workflows.frozen import refuse_changes

        raise refuse_changes("--force" if options.force else "'graft rebuild'")
    if any(manifest.toml for manifest in checkout.manifests.values()) and not options.dry_run:
        from graft.workflows.editables import bring_clones

        checkout = bring_clones(work, checkout)
    builds = builds_for(work.context, checkout, options)
    lock_before = work.context.lock_bytes()
    done = _up_to_date(work, checkout, options, builds, lock_before)
    if done is not None:
        return replace(done, milliseconds=laps.total())
    changes = not options.dry_run
    if changes:
        from graft.link.permission import refuse_unwritable

        refuse_unwritable(work.context.folder)
    if _may_take(work.context, checkout, options, lock_before):
        from graft.workflows.donations import donations_for

        work.donations = donations_for(work, checkout, options)
    wanted = _want(work, checkout, options, builds, lock_before, laps)
    if work.store.frozen and not options.lock_only:
        from graft.workflows.frozen import refuse_lacking

        refuse_lacking(work.store, wanted.local, wanted.slots, wanted.layout)
    if changes:
        wanted.change.refuse_unwritable(wanted.plan, anew=options.force)
    if options.dry_run:
        report = wanted.report
    elif options.lock_only:
        wanted.change.write_files()
        report = replace(wanted.report, steps=())
    else:
        report = _carry_out(work, checkout, options, wanted, laps)
    return replace(report, milliseconds=laps.total())


class _Wanted(Record):
    """What an install comes to: the part of the graph for this machine, its slots, and the plan.
    ``whole`` and ``whole_slots`` have what other workspaces give as well. ``may_stamp`` says that
    all that decided it can be seen by looks."""

    builds: Builds | None
    local: Graph
    slots: Mapping[str, Slot]
    whole: Graph
    whole_slots: Mapping[str, Slot]
    layout: str
    names: Mapping[str, str]
    change: Change
    plan: Plan
    report: InstallReport
    may_stamp: bool


def _may_take(
    context: Context, checkout: Checkout, options: InstallOptions, lock: bytes | None
) -> bool:
    """Whether other workspaces may have a say, as far as a look tells."""
    from graft.donors.worktrees import is_worktree

    toml = checkout.root.toml
    return (
        options.donors is not None
        or (lock is not None and _TAKEN in lock)
        or (toml is not None and DONORS in toml.toml.data)
        or DONORS.encode() in glance(context.settings.user_config)
        or is_worktree(context.folder)
    )


def _up_to_date(
    work: Work,
    checkout: Checkout,
    options: InstallOptions,
    builds: Builds | None,
    lock: bytes | None,
) -> InstallReport | None:
    """The report of a project that is as it should be; None if that has to be looked into."""
    context = work.context
    looks_again = (
        not options.keeps_answers
        or options.force
        or options.lock_only
        or options.rebuild is not None
        or context.settings.peers.at_once
        or (options.donors is not None and bool(options.donors.modes))
    )
    if looks_again or lock is None or checkout.edited:
        return None
    local_files = local_files_of(work, lock)
    has_folders = checkout.links.importers or checkout.beside
    for is_bound in (False, True) if has_folders else (False,):
        inputs = inputs_of(work, checkout, lock, local_files, builds, is_bound=is_bound)
        current = current_graph(work.store, context.folder, inputs, checkout.modules)
        if current is not None:
            break
    else:
        return None
    if not options.dry_run:
        settle_record(work.store, context.folder, inputs, lock)
    ignored_said = judged(context, current.ignored, options)
    bare = bare_links(checkout)
    if not local_files and not bare:
        leave_stamp(context, work.store, checkout)
    return InstallReport(
        up_to_date=True,
        packages=current.packages,
        direct=current.direct,
        ignored=current.ignored,
        notes=(*context.settings.notes, *checkout.notes, *ignored_said, *bare),
        dry_run=options.dry_run,
    )


def _want(
    work: Work,
    checkout: Checkout,
    options: InstallOptions,
    builds: Builds | None,
    lock_before: bytes | None,
    laps: Laps,
) -> _Wanted:
    """Resolve, and plan. Archives of what is resolved are on their way when this returns."""
    context = work.context
    work.advance()
    previous = context.graph(checkout.links)
    work.advance()
    graph, notes = answer(work, checkout, previous, options)
    donations = work.donations
    if donations is not None:
        graph = donations.carried(donations.with_lent(previous), graph)
    work.advance()
    laps.lap("resolve")
    # A frozen lock stays as it was written, also where graft would write the same otherwise.
    lock = lock_before if options.frozen and lock_before is not None else write_lock(graph)
    local_files = local_files_of(work, lock)
    changes = _changes(previous, graph) if lock != lock_before else ()
    if previous is None and not (work.asked_elsewhere or graph.indices or donations):
        work.remember(checkout.said, remembered(lock, changes, notes))
    work.advance()
    local = local_graph(_complete(work, graph) if local_files else graph, context)
    work.graph = local
    salts = builds.salts(local) if builds else {}
    slots: Mapping[str, Slot] = slots_of(local, salts, root=context.folder)
    layout, layout_notes = _layout(context, checkout, local)
    own, links = local, _NO_LINKS
    if donations is not None:
        donations.take(local, slots, layout, donations.with_lent(previous))
        links = donations.links
        own = donations.own_part(local)
        local = donations.seen_part(local, own)
        if not (options.frozen and lock_before is not None):
            lock = write_lock(donations.said_of(graph))
        laps.lap("donors")
    if lock == lock_before and not (options.lock_only or options.dry_run or work.store.frozen):
        begin_fetching(work, own)  # what was resolved is on its way already
    change = Change(
        folder=context.folder,
        store=work.store,
        files=changed_files(checkout.edited, lock=lock, lock_before=lock_before),
        modules=checkout.modules,
        inputs=inputs_of(
            work,
            checkout,
            lock,
            local_files,
            builds,
            is_bound=any(slot.folders for slot in slots.values()),
        ),
        scanned=_scanned(checkout),
        manifests=checkout.files,
        commands=_commands(checkout, local),
        mirrors=links,
        parents=donations.linked_to if donations is not None else (),
        lent=tuple(slots[id].name for id in links if id in slots),
        copies=donations.copies if donations is not None else frozenset(),
        unslotted=donations.unslotted(own) if donations is not None else frozenset(),
    )
    work.advance()
    names = own_names(checkout)
    slots = {id: slot for id, slot in slots.items() if id in local.nodes}
    if donations is not None:
        slots = donations.told_apart(slots)
    plan = change.plan(layout, local, slots, names)
    engines, bare = said_of_engines(local, checkout.root, context), bare_links(checkout)
    said = (
        *context.settings.notes,
        *checkout.notes,
        *notes,
        *engines,
        *bare,
        *layout_notes,
        *displaced_notes(plan),
        *_children_notes(work, plan),
        *(donations.notes if donations else ()),
    )
    return _Wanted(
        builds=builds,
        local=own,
        slots={id: slots[id] for id in own.nodes if id in slots},
        whole=local,
        whole_slots=slots,
        layout=layout,
        names=names,
        change=change,
        plan=plan,
        report=replace(
            _report(graph, local, previous, changes, change, plan),
            dry_run=options.dry_run,
            notes=said,
            donated=donations.donated if donations else None,
        ),
        may_stamp=not (local_files or bare),
    )


def _carry_out(
    work: Work, checkout: Checkout, options: InstallOptions, wanted: _Wanted, laps: Laps
) -> InstallReport:
    """Fetch, build and link."""
    context, progress = work.context, work.context.progress
    made = 0
    if work.store.frozen:
        pass  # all is there
    elif wanted.layout == VIRTUAL or wanted.builds is not None:
        unslotted = wanted.change.unslotted
        stored = {id: slot for id, slot in wanted.slots.items() if id not in unslotted}
        made = fill_store(work, wanted.local, stored, distrust=options.force)
    if wanted.layout != VIRTUAL or wanted.change.unslotted:
        fill_objects(work, wanted.local, distrust=options.force)
    laps.lap("fetch")
    if wanted.builds is not None and not work.store.frozen:
        wanted = _build(work, options, wanted)
        laps.lap("build")
    local, slots, report = wanted.local, wanted.slots, wanted.report
    ignored = ignored_packages(local, checkout.root, work.store)
    report = replace(
        report, ignored=ignored, notes=(*report.notes, *judged(context, ignored, options))
    )
    copied: list[Diagnostic] = []
    modules = modules_of(context.folder, ROOT, checkout.modules)
    place = partial(_place, work, local, {**wanted.whole_slots, **slots}, copied, modules)
    anew = options.force or options.rebuild is not None
    wanted.change.apply(wanted.plan, slots, report, place, anew=anew)
    work.changed = True
    if wanted.change.commands:
        from graft.link.own_bins import make_runnable

        make_runnable(context.folder, wanted.change.commands)
    if wanted.may_stamp:
        leave_stamp(context, work.store, checkout)
    laps.lap("link")
    weak = weak_integrity_note(node.manifest for node in local.nodes.values())
    here = made_here(work, local, checkout.root, wanted.builds) if work.asked_elsewhere else ()
    return replace(
        report,
        fetched=progress.to_fetch,
        fetched_bytes=progress.fetched_bytes,
        slots=made,
        notes=(*report.notes, *weak, *here, *copied),
    )


def _build(work: Work, options: InstallOptions, wanted: _Wanted) -> _Wanted:
    """The same with what could be built: optional packages that could not are left out."""
    from graft.workflows.build import build_slots

    assert wanted.builds is not None
    built = build_slots(work, wanted.builds, wanted.local, wanted.slots, options)
    report = replace(wanted.report, built=built.ids, notes=(*wanted.report.notes, *built.notes))
    if built.graph is wanted.local:
        return replace(wanted, report=report)
    whole = without(wanted.whole, wanted.local.nodes.keys() - built.graph.nodes.keys())
    slots = {**wanted.whole_slots, **built.slots}
    plan = wanted.change.plan(wanted.layout, whole, slots, wanted.names)
    report = replace(report, packages=len(whole.package_ids), steps=_steps(plan))
    return replace(wanted, local=built.graph, slots=built.slots, plan=plan, report=report)


def local_graph(graph: Graph, context: Context) -> Graph:
    """The part of the graph that this machine and these settings install."""
    omitted = {Kind(kind) for kind in context.settings.omit}
    local = for_platform(for_kinds(graph, omitted), this_platform())
    if not any(node.manifest.node for node in local.nodes.values()):
        return local
    from graft.workflows.engines import for_this_node

    return for_this_node(local, context)


def own_names(checkout: Checkout) -> dict[str, str]:
    """By which importers can be met in their own code. Where there is no JavaScript, nobody looks
    for them, and a link that leads to what is around it would only be in the way."""
    if checkout.modules != MODULES:
        return {}
    return {importer: manifest.name for importer, manifest in checkout.manifests.items()}


def leave_stamp(context: Context, store: Store, checkout: Checkout) -> None:
    """Let the launcher see next time that there is nothing to do. It does not look at patches, nor
    at the node that builds depend on, and runs no scripts."""
    raw = checkout.root.raw
    if changes_packages(raw) or may_run_scripts(raw):
        return
    if context.is_plain and not (context.settings.notes or checkout.notes):
        home = home_folder()
        # The user's own file may declare namespaces.
        config = (context.settings.user_config,) if checkout.root.toml else ()
        also = ((*checkout.files, *config), checkout.folders)
        name = checkout.modules
        stamp_project(context.folder, store, os.environ, home, context.began, *also, name)


def _complete(work: Work, graph: Graph) -> Graph:
    from graft.workflows.local_sources import with_snapshots

    return with_snapshots(work, graph)


def _layout(
    context: Context, checkout: Checkout, graph: Graph
) -> tuple[str, tuple[Diagnostic, ...]]:
    from graft.workflows.layout_choice import chosen_layout

    asked = context.settings.layout.over(manifest_layout(checkout.root.data))
    modules = modules_of(context.folder, ROOT, checkout.modules)
    return chosen_layout(modules, asked, graph)


def _scanned(checkout: Checkout) -> dict[str, str]:
    if not checkout.folders:
        return {}
    from graft.project.subfolders import subfolders_digest

    return {path: subfolders_digest(checkout.folder, path) for path in checkout.folders}


def _commands(checkout: Checkout, graph: Graph) -> tuple[tuple[str, str], ...]:
    if not checkout.links.importers:
        return ()
    from graft.link.own_bins import own_commands

    return own_commands(graph)


def _children_notes(work: Work, plan: Plan) -> list[Diagnostic]:
    """Where packages lie in the project itself, others may have links into it."""
    folder = work.context.folder
    if read_state(present_modules(folder, ROOT)).layout in ("", VIRTUAL):
        return []
    from graft.workflows.children import who_links_to

    children = who_links_to(work.store, folder, plan)
    if not children:
        return []
    return [
        Diagnostic(
            code="donor-needed",
            message=f"{len(children)} workspaces have links to packages that change here",
            where=folder,
            why=tuple(children),
            fix="run 'graft install' in each of them",
        )
    ]


def _place(
    work: Work,
    graph: Graph,
    slots: Mapping[str, Slot],
    notes: list[Diagnostic],
    modules: str,
    jobs: Sequence[tuple[str, Folder]],
) -> None:
    if jobs:
        from graft.workflows.place import copied_note, place_folders

        # That of a node_modules with folders was said when those were made first.
        is_known = read_state(modules).layout not in ("", VIRTUAL)
        given = work.donations.given if work.donations is not None else {}
        if place_folders(work, graph, slots, jobs, given) and not is_known:
            notes.append(copied_note(work))


def _report(
    graph: Graph,
    local: Graph,
    previous: Graph | None,
    changes: tuple[Difference, ...],
    change: Change,
    plan: Plan,
) -> InstallReport:
    return InstallReport(
        packages=len(local.package_ids),
        changes=changes,
        first=previous is None,
        direct=_direct_versions(graph),
        steps=_steps(plan),
        lock_changed=LOCK_NAME in change.files,
    )


def _changes(previous: Graph | None, graph: Graph) -> tuple[Difference, ...]:
    from graft.lockfile.differences import differences

    return differences(previous, graph)


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
    """By local name; what a member asks for stands behind its path. A folder that a lock named, and
    that is linked to no more, has no version: it is named itself."""
    found = {}
    for path, importer in sorted(graph.importers.items()):
        for name, id in sorted(importer.edges.items()):
            manifest = graph.nodes[id].manifest
            local = name if path == ROOT else f"{path} > {name}"
            found[local] = manifest.version or manifest.origin
    return found
