"""``why-not``: what keeps a version of a package away, and the edits that bring it.

A reason is a code, a sentence and the way to who asks. How the reasons are found depends on how the
project is resolved; what is told of them does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.lockfile.check import InForce
from graft.model.graph import Graph
from graft.project.checkout import Checkout, read_checkout
from graft.resolve.bring import Askers, bring
from graft.resolve.chains import Chain, Step, chains_to, explained
from graft.resolve.engines import admits_node
from graft.resolve.paths import path_names
from graft.resolve.pick import no_version, pick
from graft.resolve.uses import (
    ELSEWHERE,
    LOCKED,
    PEER,
    PREFERRED,
    PRERELEASE,
    PRESENT,
    TAG,
    Use,
    standing,
    uses_of,
)
from graft.sources.packument import Packument
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_version, parse_version
from graft.workflows.host import this_platform
from graft.workflows.look import locked_graph
from graft.workflows.names import with_near_name
from graft.workflows.peers import trials_of
from graft.workflows.project import Context, Work, at_work
from graft.workflows.wishes import Wish

_NEVER_FORBIDS = frozenset({PRESENT, LOCKED, PREFERRED})
_SHOWN_TAGS = 8


class Reason(Record):
    """``code`` is stable, and ``text`` one sentence or more. ``chain`` leads from an importer to
    the requirement that it is about, if it is about one. ``forbids`` says whether it keeps the
    version away until something is edited."""

    code: str
    text: tuple[str, ...]
    forbids: bool
    chain: Chain | None = None
    path: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "code": self.code,
            "forbids": self.forbids,
            "text": list(self.text),
        }
        return said | ({"chain": self.chain.as_json()} if self.chain else {})


class WhyNot(Record):
    """``version`` is empty where there is no such version; ``here`` are the versions that the lock
    has. ``edits`` bring it when made one after the other, except to who goes ``without``: a
    package.json, or a package by its name."""

    name: str
    version: str
    here: tuple[str, ...]
    reasons: tuple[Reason, ...]
    edits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_forbidden(self) -> bool:
        return any(reason.forbids for reason in self.reasons)


def why_not(context: Context, wish: Wish) -> WhyNot:
    """Raises ``lock-missing``, ``package-not-found``, ``source-unsupported`` and what else asking a
    registry raises. Changes nothing."""
    wanted = parse_specifier(wish.local, wish.specifier or context.settings.tag)
    if wanted.foreign:
        raise GraftError(
            "source-unsupported",
            f"'{wish.local}@{wish.specifier}' is a {wanted.foreign} source, and has no versions",
            fix="name a package of a registry",
        )
    locked_graph(context)
    with at_work(context, fresh=frozenset({wanted.package})) as work:
        checkout = read_checkout(context.folder)
        graph = context.graph(checkout.links)
        assert graph is not None
        try:
            packument = work.source.packument(wanted.package)
        except GraftError as error:
            raise with_near_name(error, context, wanted.package) from None
        version = pick(packument, wanted, context.settings.tag)
        if version is None:
            return WhyNot(
                name=packument.name,
                version="",
                here=_here(graph, packument.name),
                reasons=(_unknown(packument, wish, context.settings.tag),),
            )
        return _nested(work, checkout, graph, packument, version)


def _nested(
    work: Work, checkout: Checkout, graph: Graph, packument: Packument, version: str
) -> WhyNot:
    """Where several versions stand side by side, each who asks is a case of its own."""
    name, rules = packument.name, checkout.rules.overrides
    uses = uses_of(graph, name, rules, checkout.links)
    told = _Telling(work.context, checkout, graph, packument, version)
    asking = [told.reason(use, rules) for use in uses] or [told.unasked()]
    is_everywhere = all(reason.code == PRESENT for reason in asking)
    brought = None if is_everywhere else bring(trials_of(work, checkout, graph), name, version)
    return WhyNot(
        name=name,
        version=version,
        here=_here(graph, name),
        reasons=(
            *sorted(asking, key=lambda reason: not reason.forbids),
            *told.of_the_version(),
        ),
        edits=brought.edits if brought else (),
        without=_named(graph, brought.without) if brought else (),
    )


class _Telling:
    def __init__(
        self,
        context: Context,
        checkout: Checkout,
        graph: Graph,
        packument: Packument,
        version: str,
    ) -> None:
        self._context = context
        self._checkout = checkout
        self._graph = graph
        self._packument = packument
        self._version = version

    def reason(self, use: Use, rules: InForce) -> Reason:
        code = standing(
            self._graph, use, self._packument, self._version, self._context.settings.tag
        )
        chain = explained(self._graph, self._chain(use), rules, self._checkout.links)
        path = path_names(self._graph, (chain.importer, *(s.id for s in chain.steps[:-1])))
        asker = path[-1] if len(chain.steps) > 1 else _file(chain.importer)
        return Reason(
            code=code,
            text=(f"{asker} {chain.steps[-1].asked}{self._ending(code, use, chain.steps[-1])}",),
            forbids=self._forbids(code),
            chain=chain,
            path=tuple(path) if len(path) > 1 else (),
        )

    def unasked(self) -> Reason:
        text = f"neither package.json nor a package in the lock asks for {self._packument.name}"
        return Reason(code="unasked", text=(text,), forbids=False)

    def of_the_version(self) -> Iterator[Reason]:
        manifest = self._packument.manifest(self._version)
        if manifest.deprecated:
            yield Reason(
                code="deprecated",
                text=(
                    f"{manifest.id} is deprecated: {manifest.deprecated}",
                    "where a range admits another, that is taken",
                ),
                forbids=False,
            )
        if not manifest.platforms.admit(this_platform()):
            yield Reason(
                code="platform",
                text=(f"{manifest.id} does not run on this machine",),
                forbids=True,
            )
        if manifest.node:
            from graft.workflows.engines import node_version

            node = node_version(self._context)
            if node and not admits_node(manifest.node, node):
                yield Reason(
                    code="engine",
                    text=(f"{manifest.id} is for node {manifest.node}; this is {node}",),
                    forbids=self._context.settings.engine_strict,
                )

    def _chain(self, use: Use) -> Chain:
        last = Step(line=use.line, id=use.target)
        if use.owner in self._graph.importers:
            return Chain(importer=use.owner, steps=(last,))
        above = min(chains_to(self._graph, use.owner), key=lambda chain: len(chain.steps))
        return Chain(importer=above.importer, steps=(*above.steps, last))

    def _ending(self, code: str, use: Use, step: Step) -> str:
        manifest = self._graph.nodes[use.target].manifest if use.target else None
        got = manifest.id if manifest else "nothing"
        wanted = parse_specifier(use.line.local, use.text or "")
        tags = self._packument.tags
        if code == PRESENT:
            return ", and has it"
        if code in (LOCKED, PREFERRED) and step.provider:
            return f", which admits it; it has {got}{step.provided}"
        if code == LOCKED:
            return f", which admits it: the lock keeps {got}"
        if code == PREFERRED:
            other = pick(self._packument, wanted, self._context.settings.tag)
            goes_before = manifest is not None and manifest.version == other
            told = "which goes before it" if goes_before else f"and an update gives it {other}"
            return f", which admits it; it has {got}, {told}"
        if code == TAG:
            return f", a tag that names {tags.get(wanted.tag, 'nothing')}"
        if code == PRERELEASE:
            return f", and a range has to name a prerelease to get one; it has {got}"
        if code == ELSEWHERE:
            return ", which is no registry's"
        if code == PEER:
            strict = self._context.settings.peers.strict
            told = "and strict-peer-deps allows no other" if strict else "any other brings a note"
            return f": {told}"
        return f"; it has {got}"

    def _forbids(self, code: str) -> bool:
        if code == PEER:
            return self._context.settings.peers.strict
        return code not in _NEVER_FORBIDS


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


def _here(graph: Graph, name: str) -> tuple[str, ...]:
    found: Mapping[str, Any] = {
        node.manifest.version: parse_version(node.manifest.version).key
        for node in graph.nodes.values()
        if node.manifest.name == name and is_version(node.manifest.version)
    }
    return tuple(sorted(found, key=lambda version: found[version]))


def _named(graph: Graph, askers: Askers) -> tuple[str, ...]:
    owners = sorted({owner for owner, _ in askers})
    return tuple(_file(each) if each in graph.importers else each for each in owners)


def _file(importer: str) -> str:
    return "package.json" if importer == "." else f"{importer}/package.json"
