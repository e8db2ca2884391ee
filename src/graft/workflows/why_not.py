"""``why-not``: what keeps a version of a package away, and the edits that bring it."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.resolve.pick import no_version, pick
from graft.sources.packument import Packument
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_version, parse_version
from graft.workflows.look import locked_graph
from graft.workflows.names import with_near_name
from graft.workflows.peers import graph_now, lenient
from graft.workflows.project import Context, at_work
from graft.workflows.reasons import Question, Reason, WhyNot, versions_of
from graft.workflows.reasons_nested import reasons_nested
from graft.workflows.wishes import Wish


def why_not(context: Context, wish: Wish) -> WhyNot:
    """Of the graph that answers the project now: the lock's, if it answers package.json. Changes
    nothing. Raises ``lock-missing``, ``package-not-found``, ``source-unsupported``, and what else
    resolving and asking a registry raise."""
    wanted = parse_specifier(wish.local, wish.specifier or context.settings.tag)
    if wanted.foreign:
        raise GraftError(
            "source-unsupported",
            f"'{wish.local}@{wish.specifier}' is a {wanted.foreign} source, and has no versions",
            fix="name a package of a registry",
        )
    locked_graph(context)
    with at_work(lenient(context), fresh=frozenset({wanted.package})) as work:
        checkout = context.checkout()
        graph = graph_now(work, checkout)
        try:
            packument = work.source.packument(wanted.package)
        except GraftError as error:
            raise with_near_name(error, context, wanted.package) from None
        version = pick(packument, wanted, context.settings.tag)
        if version is None:
            return WhyNot(
                name=packument.name,
                version="",
                here=versions_of(graph, packument.name),
                reasons=(_unknown(packument, wish, context.settings.tag),),
            )
        question = Question(
            context=context,
            checkout=checkout,
            graph=graph,
            packument=packument,
            version=version,
        )
        return reasons_nested(work, question)


def _unknown(packument: Packument, wish: Wish, tag: str) -> Reason:
    """No such version or tag: what there is instead."""
    wanted = parse_specifier(wish.local, wish.specifier or tag)
    said = no_version(packument, wanted, wish.specifier).diagnostic
    text = [said.message, *said.why]
    if wanted.range is None:
        from graft.base.suggestions import did_you_mean

        text += filter(None, [did_you_mean(wanted.tag, packument.tags)])
    elif is_version(wish.specifier):
        key = parse_version(wish.specifier).key
        keys = packument.newest_first(prereleases=True)
        below = next((text for each, text in keys if each < key), "")
        above = next((text for each, text in reversed(keys) if each > key), "")
        near = " and ".join(filter(None, (below, above)))
        text += [f"the nearest are {near}" if below and above else f"the nearest is {near}"]
    return Reason(code="no-such-version", text=tuple(text), forbids=True)
