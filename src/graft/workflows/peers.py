"""``peers check``: every peer that is missing or out of range, with the edit that mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.lockfile.peers import peer_faults
from graft.model.graph import Graph
from graft.project.checkout import Checkout
from graft.project.importers import read_other_rules
from graft.project.overrides import Rules
from graft.resolve.conflicts import Conflict, asks, explain, provider_name, why_provided
from graft.resolve.paths import path_names, show_path
from graft.resolve.peer_mend import Mender
from graft.resolve.trials import Trials
from graft.workflows.answer import answer
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions


class PeerConflict(Record):
    """A conflict as it is told. ``path`` leads from the project's dependency to who asks;
    ``provided_by`` is package.json or a path, empty for what graft added; ``fix`` is a command or a
    line for package.json, empty where nothing that was tried helps."""

    message: str
    asks: str
    peer: str
    range: str
    path: tuple[str, ...]
    provided: str
    provided_by: str
    why: str
    fix: str


def check_peers(context: Context) -> tuple[PeerConflict, ...]:
    """What is wrong with the peers of the graph that answers the project now. Changes nothing."""
    with at_work(lenient(context)) as work:
        checkout = context.checkout()
        graph = graph_now(work, checkout)
        faults = peer_faults(graph, checkout.rules.overrides, checkout.links)
        return told(work, checkout, graph, explain(graph, faults))


def lenient(context: Context) -> Context:
    """For whom conflicts of peers are a part of the answer, not a reason to give none."""
    settings = context.settings
    peers = replace(settings.peers, strict=False)
    return replace(context, settings=replace(settings, peers=peers))


def graph_now(work: Work, checkout: Checkout) -> Graph:
    """What answers the project: the lock's graph, or what ``install`` would make of it."""
    before = work.context.graph(checkout.links)
    graph, _ = answer(work, checkout, before, InstallOptions(dry_run=True))
    return graph


def refused(
    work: Work, checkout: Checkout, graph: Graph, conflicts: Sequence[Conflict]
) -> GraftError:
    """The error for conflicts where the settings allow none."""
    why = []
    for conflict, shown in zip(conflicts, told(work, checkout, graph, conflicts), strict=True):
        why.append(f"{shown.message} ({show_path(graph, conflict.path)})")
        why += [f"  {line}" for line in (shown.why, shown.fix and f"fix: {shown.fix}") if line]
    subject = "a peer is" if len(conflicts) == 1 else f"{len(conflicts)} peers are"
    return GraftError(
        "peer-conflict",
        f"{subject} missing or out of range, and strict-peer-deps allows none",
        where=checkout.root.path,
        why=why,
        fix="make the edits above, or unset strict-peer-deps to install in spite of them",
    )


def told(
    work: Work, checkout: Checkout, graph: Graph, conflicts: Sequence[Conflict]
) -> tuple[PeerConflict, ...]:
    if not conflicts:
        return ()

    mender = Mender(trials_of(work, checkout, graph))
    return tuple(
        PeerConflict(
            message=asks(graph, conflict),
            asks=graph.nodes[conflict.asker].manifest.id,
            peer=conflict.requirement.local,
            range=conflict.range,
            path=tuple(path_names(graph, conflict.path)),
            provided=graph.nodes[conflict.provided].manifest.id if conflict.provided else "",
            provided_by=provider_name(graph, conflict.provider),
            why=why_provided(graph, conflict),
            fix=mender.fix(conflict),
        )
        for conflict in conflicts
    )


def trials_of(work: Work, checkout: Checkout, graph: Graph) -> Trials:
    """For edits of the project that the graph answers."""

    def rules_with(data: Mapping[str, Any]) -> Rules:
        return checkout.rules if data is checkout.root.data else read_other_rules(checkout, data)

    return Trials(
        graph,
        checkout.asked,
        checkout.root.data,
        rules_with,
        checkout.links,
        work.source,
        lambda: work.elsewhere,
        work.context.settings.tag,
    )
