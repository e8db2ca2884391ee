"""The resolver for registry packages: several versions of a name may live side by side, and each
package's peers are met along the path that reaches it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record, replace
from graft.model.graph import Graph
from graft.model.requirement import Requirement
from graft.resolve.assemble import assemble
from graft.resolve.closure import Closure
from graft.resolve.peers import Missing, PeerContexts, resolve_peers
from graft.resolve.prune import spoiled
from graft.resolve.question import Question


class Resolved(Record, kw_only=False):
    graph: Graph
    notes: tuple[Diagnostic, ...]


def resolve(question: Question) -> Resolved:
    """Find versions and peer contexts for each importer's requirements.

    Raises ``no-matching-version``, ``package-not-found``, and what the sources raise.
    """
    closure = Closure(
        source=question.source,
        lines=question.lines(),
        tag=question.tag,
        on_chosen=question.on_chosen,
    )
    return graph_of(closure, question)


def graph_of(closure: Closure, question: Question) -> Resolved:
    """The graph of what a closure chooses."""
    asked, rules, adds_peers = question.asked, question.rules, question.adds_peers
    closure.add_importers(asked)
    _drop_failed(closure, asked, asked)
    contexts = _complete_peers(closure, asked, adds=adds_peers)
    overrides, extensions = rules.overrides, rules.extensions
    labels = {package: overrides.label(state) for package, state in closure.states.items() if state}
    graph = assemble(closure.packages, contexts, asked, overrides.rules, labels)
    if extensions:
        graph = replace(graph, extensions=extensions.texts)
    if not adds_peers:
        graph = replace(graph, legacy_peers=True)
    return Resolved(graph, tuple(_deprecations(closure, graph)))


def _drop_failed(
    closure: Closure, asked: Mapping[str, Sequence[Requirement]], needed: Collection[str]
) -> None:
    """Leave out optional packages that lack something they require; raise if something ``needed``,
    importer or package, is among those that do."""
    if not closure.failed:
        return
    soft = {
        owner: {r.local for r in requirements if r.optional}
        for owner, requirements in (
            *asked.items(),
            *((id, manifest.requirements) for id, manifest in closure.packages.items()),
        )
    }

    def spoiled_by(owners: Collection[str]) -> set[str]:
        return spoiled(
            owners,
            lambda owner: {
                local: (child, local in soft[owner])
                for local, child in closure.children[owner].items()
            },
            closure.children,
        )

    gone = spoiled_by(closure.failed)
    if not gone.isdisjoint(needed):
        culprits = [o for o in closure.failed if not spoiled_by([o]).isdisjoint(needed)]
        first = min(culprits, key=lambda owner: (len(closure.path_to(owner)), owner))
        raise closure.failed[first]
    for children in closure.children.values():
        for local in [local for local, child in children.items() if child in gone]:
            del children[local]


def _complete_peers(
    closure: Closure, asked: Mapping[str, Sequence[Requirement]], *, adds: bool
) -> PeerContexts:
    """Resolve peers; add those that are missing to the importer; again until none is missing.

    One version serves all who miss a name where their ranges allow it. Each round adds what was not
    there before, or gives up on something: a peer that is missed although it was added stays so.
    """
    added: dict[tuple[str, str], list[str]] = {}
    hopeless: set[tuple[str, str, str]] = set()
    while True:
        contexts = resolve_peers(
            closure.packages, closure.children, asked, added, closure.specifier_of
        )
        wanted: dict[tuple[str, str], dict[str, list[Missing]]] = {}
        for missing in contexts.missing:
            name = missing.requirement.local
            text = closure.specifier_of(missing.package, missing.requirement)
            if text is not None and (missing.importer, name, text) not in hopeless:
                by_text = wanted.setdefault((missing.importer, name), {})
                by_text.setdefault(text, []).append(missing)
        if not (wanted and adds):
            return contexts
        for (importer, name), texts in sorted(wanted.items()):
            ids = added.setdefault((importer, name), [])
            everybody = [missing for askers in texts.values() for missing in askers]
            together = closure.add_peer(name, sorted(texts), everybody)
            if together and together not in ids:
                ids.append(together)
                continue
            for text in sorted(texts):
                alone = closure.add_peer(name, [text], texts[text])
                if alone is None or alone in ids:
                    hopeless.add((importer, name, text))
                else:
                    ids.append(alone)
        _drop_failed(closure, asked, {id for ids in added.values() for id in ids})


def _deprecations(closure: Closure, graph: Graph) -> list[Diagnostic]:
    """A note for each deprecated package that was chosen just now, with the path that asks for it.
    What the lock gave brings none: it holds no such fact of the day."""
    kept = {node.manifest.id for node in graph.nodes.values()}
    notes = {}
    for package, manifest in closure.packages.items():
        if manifest.deprecated and manifest.id in kept and manifest.id not in notes:
            notes[manifest.id] = Diagnostic(
                code="deprecated",
                message=manifest.deprecated,
                where=" > ".join(closure.path_to(package)),
            )
    return [notes[id] for id in sorted(notes)]
