"""The resolver for what there is one version of each: all packages where a project wants that, and
those of indices everywhere. What else there is may live side by side."""

from __future__ import annotations

from collections.abc import Collection

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.lockfile.check import several
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.resolve.closure import Closure
from graft.resolve.flat.attempts import Attempts
from graft.resolve.flat.npm_refusal import refused_rules, refused_several
from graft.resolve.flat.scope import Scope
from graft.resolve.lines import Asked
from graft.resolve.nested import Resolved, graph_of, resolve
from graft.resolve.question import Question


def resolve_flat(
    question: Question,
    previous: Graph | None,
    update: Collection[str] | None,
    *,
    scope: Scope,
    where: str,
) -> Resolved:
    """``previous`` is preferred but for packages named in ``update``; None is all of them.
    ``where`` is the project's package.json.

    Raises ``flat-conflict`` where there is no answer, ``version-yanked`` where all that is in the
    way is that, and ``override-unsupported``.
    """
    rules = question.rules.overrides
    if scope.everything and not rules.is_flat:
        raise refused_rules(where, [key for key in rules.rules if "> " in key])
    lines = question.lines()

    def side_by_side() -> Graph:
        return resolve(replace(question, on_chosen=lambda _: None)).graph

    askers: dict[tuple[str, str], tuple[Manifest, Asked]] = {}
    while True:
        attempts = Attempts(
            question.asked,
            previous,
            update,
            askers=tuple(askers.values()),
            scope=scope,
            source=question.source,
            lines=lines,
            tag=question.tag,
            peers=question.adds_peers,
            side_by_side=side_by_side,
            where=where,
        )
        answer, notes = attempts.run()
        closure = Closure(
            source=question.source,
            lines=lines,
            tag=question.tag,
            on_chosen=question.on_chosen,
            answer=answer,
            is_given=scope.takes,
        )
        try:
            resolved = graph_of(closure, question)
            break
        except GraftError:
            more = _askers(closure)
            if scope.everything or not more.keys() - askers.keys():
                raise
            askers |= more
    graph = replace(resolved.graph, flat=scope.everything)
    for name, ids in several(graph) if scope.everything else ():
        raise refused_several(where, name, ids)
    return Resolved(graph, (*resolved.notes, *notes))


def _askers(closure: Closure) -> dict[tuple[str, str], tuple[Manifest, Asked]]:
    """Packages of registries that ask for one of an index, and did not get it: what they ask for
    counts, which is known only once they are chosen."""
    return {
        (asked.owner, asked.requirement.local): (closure.packages[asked.owner], asked)
        for asked in closure.denied
        if asked.owner in closure.packages
    }
