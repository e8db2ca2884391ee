"""``fetch``: all that the lock names comes into the store, and nothing in the project changes.

Neither ``package.json`` nor ``node_modules`` is needed, so a layer of an image that holds the
packages changes with the lock alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record, replace
from graft.link.importers import ROOT, present_modules
from graft.model.graph import Graph, Node
from graft.model.origins import FILE, LINK
from graft.project.choices import manifest_layout
from graft.project.defaults import GRAFT_TOML
from graft.project.manifest import MANIFEST_NAME
from graft.resolve.prune import reachable, spoiled
from graft.store.admission import required_integrity, weak_integrity_note
from graft.store.check import object_is_intact
from graft.store.objects import find_object, has_object
from graft.store.paths import Store, has_slot
from graft.store.slots import Slot, slots_of
from graft.workflows.answer import answer
from graft.workflows.fill import fill_store
from graft.workflows.frozen import DAMAGED, NOT_THERE
from graft.workflows.frozen import lacking as lacking_frozen
from graft.workflows.inputs import builds_for
from graft.workflows.install import local_graph
from graft.workflows.layout_choice import chosen_layout
from graft.workflows.local_sources import with_snapshots
from graft.workflows.look import locked_graph
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, Laps


class FetchReport(Record):
    """``packages`` is how many this machine and these settings install. ``missing`` names those
    that the store lacks, ``damaged`` those of which it has a part, ``unmade`` those that it has,
    but not as they are needed; after a fetch there are none. Times are milliseconds by phase."""

    packages: int
    fetched: int = 0
    fetched_bytes: int = 0
    slots: int = 0
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    unmade: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    milliseconds: Mapping[str, int] = {}

    @property
    def is_ready(self) -> bool:
        return not (self.missing or self.damaged or self.unmade)


def fetch(context: Context, *, force: bool = False) -> FetchReport:
    """Raises ``lock-missing``, and what fetching raises. ``force`` compares every byte that is
    there already, and fetches and builds again what differs."""
    laps = Laps()
    with at_work(context) as work:
        graph = work.graph = local_graph(reachable(locked_graph(context)), context)
        # What leads to something in the project has a key that only the project tells.
        unkeyed = _leading_to(graph, {node.id for node in graph.nodes.values() if _is_here(node)})
        slots = {
            id: slot
            for id, slot in slots_of(graph, root=context.folder).items()
            if id not in unkeyed
        }
        made = fill_store(work, graph, slots, distrust=force)
        for node in _lacking(work.store, graph):
            work.archives.need(node.manifest, lambda _: None)
        work.finish()
        weak = weak_integrity_note(
            node.manifest for node in graph.nodes.values() if not _is_here(node)
        )
    return FetchReport(
        packages=len(graph.package_ids),
        fetched=context.progress.to_fetch,
        fetched_bytes=context.progress.fetched_bytes,
        slots=made,
        notes=(*context.settings.notes, *weak),
        milliseconds=laps.total(),
    )


def lacking(context: Context) -> FetchReport:
    """What a fetch would bring. It looks at names alone."""
    laps = Laps()
    with at_work(context) as work:
        graph = local_graph(reachable(locked_graph(context)), context)
        missing = _sorted_ids(_lacking(work.store, graph))
    return FetchReport(packages=len(graph.package_ids), missing=missing, milliseconds=laps.total())


def check(context: Context, *, frozen: bool = False) -> FetchReport:
    """Whether ``install --offline`` will succeed: where there is a ``package.json``, that the lock
    answers it; and that all there is to link is in the store, or can be made of what is. Without
    one, nothing is said of packages that lie in the project. Builds are not tried. ``frozen`` asks
    the same of ``install --frozen-store``, for which nothing can be made.

    Raises ``lock-missing``, ``lock-stale`` and ``source-missing``.
    """
    laps = Laps()
    if frozen:
        context = replace(context, settings=replace(context.settings, frozen_store=True))
    with at_work(context) as work:
        graph, slots, layout = _expected(work)
        if work.store.frozen:
            found = lacking_frozen(work.store, graph, slots, layout)
        else:
            found = _lacking_offline(work.store, graph, slots)
    missing, damaged = (
        tuple(sorted(id for id, reason in found.items() if reason == what))
        for what in (NOT_THERE, DAMAGED)
    )
    return FetchReport(
        packages=len(graph.package_ids),
        missing=missing,
        damaged=damaged,
        unmade=tuple(sorted(found.keys() - {*missing, *damaged})),
        notes=context.settings.notes,
        milliseconds=laps.total(),
    )


def _lacking_offline(store: Store, graph: Graph, slots: Mapping[str, Slot]) -> dict[str, str]:
    found = {}
    for id, slot in slots.items():
        node = graph.nodes[id]
        if has_slot(store, slot.name):
            if not os.path.isdir(store.package(slot.name, slot.package)):
                found[node.manifest.id] = DAMAGED
        elif not _is_here(node) and not _can_be_made(store, node):
            found[node.manifest.id] = NOT_THERE
    return found


def _expected(work: Work) -> tuple[Graph, Mapping[str, Slot], str]:
    """The lock's graph and its slots, as an install would take them, and the layout."""
    context = work.context
    modules = present_modules(context.folder, ROOT)
    if not any(
        os.path.lexists(os.path.join(context.folder, name)) for name in (MANIFEST_NAME, GRAFT_TOML)
    ):
        graph = local_graph(reachable(locked_graph(context)), context)
        layout, _ = chosen_layout(modules, context.settings.layout.over(""), graph)
        return graph, slots_of(graph, root=context.folder), layout
    checkout = context.checkout()
    options = InstallOptions(frozen=True)
    graph, _ = answer(work, checkout, context.graph(checkout.links), options)
    graph = local_graph(with_snapshots(work, graph), context)
    builds = builds_for(context, checkout, options)
    salts = builds.salts(graph) if builds else {}
    asked = context.settings.layout.over(manifest_layout(checkout.root.data))
    layout, _ = chosen_layout(modules, asked, graph)
    return graph, slots_of(graph, salts, root=context.folder), layout


def _is_here(node: Node) -> bool:
    """Whether the package lies in the project, which holds it ready by itself."""
    return node.manifest.origin.startswith((FILE, LINK))


def _lacking(store: Store, graph: Graph) -> list[Node]:
    return [
        node
        for node in graph.nodes.values()
        if not _is_here(node) and not has_object(store, required_integrity(node.manifest))
    ]


def _leading_to(graph: Graph, targets: Collection[str]) -> set[str]:
    def edges(id: str) -> dict[str, tuple[str, bool]]:
        return {local: (to, False) for local, to in graph.nodes[id].edges.items()}

    return spoiled(targets, edges, graph.nodes)


def _can_be_made(store: Store, node: Node) -> bool:
    """Whether the store has the package's files, each with the bytes that it was published with."""
    stored = find_object(store, required_integrity(node.manifest))
    return stored is not None and object_is_intact(stored)


def _sorted_ids(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(sorted({node.manifest.id for node in nodes}))
