"""The graph that answers a project: the lock's, if it answers everything, else a new one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import replace
from graft.lockfile.check import Unmet, changed_rules, unmet
from graft.lockfile.format import read_lock
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import FILE
from graft.project.checkout import Checkout
from graft.project.choices import is_flat
from graft.project.defaults import foreign_locks
from graft.project.overrides import Rules
from graft.project.peer_settings import PeerSettings
from graft.resolve.prune import reachable
from graft.workflows.host import this_platform
from graft.workflows.project import Context, Work
from graft.workflows.report import InstallOptions

if TYPE_CHECKING:
    from graft.workflows.import_lock import Taken


def answer(
    work: Work,
    checkout: Checkout,
    previous: Graph | None,
    options: InstallOptions,
    *,
    taken: Taken | None = None,
) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """Resolve what the lock leaves open, preferring what it says. Where there is none, another
    package manager's is preferred: ``taken``, or the one that lies in the project.

    Raises ``lock-stale`` or ``lock-missing`` where the options forbid to resolve, whatever
    resolving raises, ``patch-unused``, and ``peer-conflict`` where the settings are strict about
    peers. Archives of what is resolved are on their way when this returns.
    """
    patches = checkout.patches.digests if checkout.patches else {}
    graph, notes = _answer(work, checkout, previous, options, patches, taken)
    if graph.patches != patches:
        graph = replace(graph, patches=patches)
    if checkout.patches:
        checkout.patches.refuse_unused(graph, checkout.root.path)
    return graph, notes


def _answer(
    work: Work,
    checkout: Checkout,
    previous: Graph | None,
    options: InstallOptions,
    patches: Mapping[str, str],
    taken: Taken | None,
) -> tuple[Graph, tuple[Diagnostic, ...]]:
    rules = checkout.rules
    peers = work.context.settings.peers
    open_questions = unanswered(previous, checkout, work.context)
    if previous is not None and previous.indices:
        open_questions += work.indices.unanswered(previous)
    if previous is not None:
        open_questions += changed_rules(previous.patches, patches, "patches", "that patch")
    changes = _local_changes(work, previous, rules)
    open_questions += changes
    if previous is not None and not (options.frozen or work.store.frozen):
        open_questions += _of_peers(previous, peers)
    work.advance()
    if previous is not None and not open_questions and options.keeps_answers:
        graph = reachable(previous)
        return graph, peer_notes(work, checkout, graph)
    if options.frozen or work.store.frozen:
        raise _frozen(work, previous, open_questions)
    update = options.update
    others = foreign_locks(work.context.folder) if previous is None and update is not None else []
    donated = work.donations.versions(previous) if work.donations and taken is None else None
    if others and taken is None and donated is None:
        from graft.workflows.import_lock import take

        taken = take(work, checkout)
    if previous is None and taken is None and donated is None and options.keeps_answers:
        known = work.recall(checkout.said)
        if known is not None:
            graph = read_lock(known.lock, where=work.context.lock_path)
            return checkout.links.complete(graph), known.notes
    from graft.resolve.locked import Locked
    from graft.workflows.resolving import Resolving

    preferred = taken.graph if taken else donated or previous
    flat = wants_flat(work.context, checkout)
    legacy = is_legacy(peers, previous)
    resolving = Resolving(work, checkout, preferred, update, flat=flat, adds_peers=not legacy)
    if taken and taken.lock.pins:
        work.elsewhere.prefer(taken.lock.pins)
    resolved = resolving.resolved(
        checkout.asked,
        Locked(
            preferred,
            lambda name: update is not None and name not in update,
            _outdated(preferred, rules),
            gaps_count=taken is None and preferred is not None and _same_rules(preferred, rules),
        ),
        _early_fetch(work, options),
    )
    if options.dedupe and not flat:
        from graft.resolve.dedupe import deduped

        def again(graph: Graph, without: Collection[str]) -> Graph:
            locked = Locked(graph, gaps_count=True, without=without)
            return resolving.resolved(checkout.asked, locked).graph

        fewer = deduped(resolved.graph, again, rules.overrides, checkout.links)
        resolved = replace(resolved, graph=fewer)
    left = unanswered(resolved.graph, checkout, work.context)
    if left:
        raise AssertionError(f"resolved, and yet {left[0]}")
    notes = (*resolved.notes, *peer_notes(work, checkout, resolved.graph))
    if changes:
        from graft.workflows.local_sources import changed_note

        notes = (*changed_note(changes), *notes)
    if taken is None:
        return resolved.graph, notes
    from graft.workflows.import_lock import outcome

    return resolved.graph, (outcome(taken, resolved.graph).note(), *notes)


def is_legacy(peers: PeerSettings, previous: Graph | None) -> bool:
    """Whether peers that nobody provides are left out: as the settings say, else as before."""
    if peers.legacy is not None:
        return peers.legacy
    return previous is not None and previous.legacy_peers


def _of_peers(graph: Graph, peers: PeerSettings) -> list[Unmet]:
    if not peers.at_once or peers.legacy is graph.legacy_peers:
        return []
    words = {True: "with legacy-peer-deps", False: "without legacy-peer-deps"}
    asks = f"is to be resolved {words[bool(peers.legacy)]}"
    return [Unmet("package.json", asks, f"was made {words[graph.legacy_peers]}")]


def peer_notes(work: Work, checkout: Checkout, graph: Graph) -> tuple[Diagnostic, ...]:
    """A note for each peer that is not what was asked for; an error where settings are strict."""
    settings = work.context.settings.peers
    if is_legacy(settings, graph):
        return ()
    from graft.lockfile.peers import peer_faults

    faults = peer_faults(graph, checkout.rules.overrides, checkout.links)
    if not faults:
        return ()
    from graft.resolve.conflicts import conflict_notes, explain

    conflicts = explain(graph, faults)
    if settings.strict:
        from graft.workflows.peers import refused

        raise refused(work, checkout, graph, conflicts)
    return tuple(conflict_notes(graph, conflicts))


def _same_rules(graph: Graph, rules: Rules) -> bool:
    return graph.overrides == rules.overrides.rules and graph.extensions == rules.extension_texts


def unanswered(graph: Graph | None, checkout: Checkout, context: Context) -> list[Unmet]:
    """What the project asks for and a graph does not answer."""
    if graph is None:
        return []
    rules = checkout.rules
    return unmet(
        graph,
        checkout.asked,
        rules.overrides,
        rules.extension_texts,
        checkout.links,
        flat=wants_flat(context, checkout),
    )


def wants_flat(context: Context, checkout: Checkout) -> bool:
    """Whether there is to be one version of each package."""
    return is_flat(context.settings.resolution, checkout.root.data)


def _local_changes(work: Work, graph: Graph | None, rules: Rules) -> list[Unmet]:
    """Packages on this machine that are not what they were for the lock."""
    nodes = graph.nodes.values() if graph else ()
    if graph is None or not any(node.manifest.origin.startswith(FILE) for node in nodes):
        return []
    from graft.resolve.lines import without_libc
    from graft.workflows.local_sources import changed_since

    extensions = rules.extensions

    def extended(manifest: Manifest) -> Manifest:
        return without_libc(extensions.apply(manifest) if extensions else manifest)

    return changed_since(work, graph, extended)


def _outdated(graph: Graph | None, rules: Rules) -> Callable[[Manifest], bool]:
    """What is said of a package now, but was not when the graph was made, or the other way round:
    its manifest there is not what it would be now."""
    had = graph.extensions if graph else {}
    if not had and rules.extensions is None:
        return lambda _: False
    from graft.project.extensions import changed

    return changed(had, rules.extensions)


def _frozen(work: Work, previous: Graph | None, open_questions: list[Unmet]) -> GraftError:
    context = work.context
    where = context.lock_path
    # What is resolved anew is what a store that is not written to will hardly have.
    beside = " where the store may be written," if work.store.frozen else ""
    if previous is None:
        foreign = foreign_locks(context.folder)
        first = "run 'graft install'"
        if foreign:
            first = "run 'graft import', which takes the versions of " + foreign[0] + ","
        return GraftError(
            "lock-missing",
            "there is no lock to install from",
            where=where,
            fix=f"{first} once{beside} and commit graft-lock.json",
        )
    return GraftError(
        "lock-stale",
        "the lock does not answer what package.json asks for",
        where=where,
        why=[str(question) for question in open_questions],
        fix=f"run 'graft install'{beside} and commit graft-lock.json",
    )


def _early_fetch(work: Work, options: InstallOptions) -> Callable[[Manifest], None]:
    """Start to fetch what is surely needed as soon as it is decided."""
    context = work.context
    platform = this_platform()
    fetches = not (options.lock_only or options.dry_run or options.dedupe or context.settings.omit)
    # What another workspace may have is not fetched before that is known.
    fetches = fetches and not (work.donations and work.donations.may_give)

    def chosen(manifest: Manifest) -> None:
        context.progress.resolved += 1
        context.progress.changed()
        if fetches and manifest.platforms.admit(platform) and is_for_node(manifest.node):
            work.archives.want(manifest.on(platform))

    @cache
    def is_for_node(text: str) -> bool:
        """What is not may be left out, where it is optional: then it is not needed."""
        if not text:
            return True
        from graft.resolve.engines import admits_node

        return not node() or admits_node(text, node())

    @cache
    def node() -> str:
        from graft.workflows.engines import node_version

        return node_version(context)

    return chosen
