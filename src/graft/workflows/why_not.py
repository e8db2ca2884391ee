"""``why-not``: what keeps a version of a package away, and the edits that bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graft.base.diagnostics import GraftError
from graft.model.graph import Graph
from graft.model.origins import INDEX
from graft.project.checkout import Checkout
from graft.resolve.pick import no_version, pick
from graft.sources.packument import Packument
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_version, parse_version
from graft.workflows.answer import wants_flat
from graft.workflows.look import locked_graph
from graft.workflows.names import with_near_name
from graft.workflows.peers import graph_now, lenient
from graft.workflows.project import Context, Work, at_work
from graft.workflows.reasons import Question, Reason, WhyNot, versions_of
from graft.workflows.reasons_nested import reasons_nested
from graft.workflows.wishes import Wish

if TYPE_CHECKING:
    from graft.resolve.flat.index_packages import IndexPackages


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
        served = work.index_packages(graph, ())
        if served is not None and served.serves(wanted.package):
            return _of_index(work, checkout, graph, served, wish)
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
        if wants_flat(context, checkout):
            from graft.workflows.reasons_flat import reasons_flat

            return reasons_flat(work, checkout, graph, packument.name, version, version)
        question = Question(
            context=context,
            checkout=checkout,
            graph=graph,
            packument=packument,
            version=version,
        )
        return reasons_nested(work, question)


def _of_index(
    work: Work, checkout: Checkout, graph: Graph, served: IndexPackages, wish: Wish
) -> WhyNot:
    """The newest version that a constraint admits, yanked ones too if it admits just that."""
    from graft.workflows.index_view import typed_constraint
    from graft.workflows.reasons_flat import reasons_flat

    name = wish.local
    constraint = typed_constraint(wish.specifier)
    every = [each.version for each in served.candidates(name, None) or ()]
    every += served.yanked(name)
    fitting = constraint.range.select(every)
    # A version that is written plainly is that one, as in 'add'.
    exact = [each for each in fitting if str(each) == wish.specifier.lstrip("=~")]
    version = max(exact or fitting, default=None)
    if version is None:
        newest = max(every, default=None)
        text = (
            f"the newest version of {name} is {newest}"
            if newest
            else f"the index has no package {name}",
        )
        here = versions_of(graph, name)
        reasons = (Reason(code="no-such-version", text=text, forbids=True),)
        return WhyNot(name=name, version="", here=here, reasons=reasons)
    return reasons_flat(work, checkout, graph, name, str(version), f"{INDEX}={version}")


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
