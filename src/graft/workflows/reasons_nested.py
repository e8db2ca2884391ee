"""What keeps a version away where several stand side by side: each who asks is a case by itself."""

from __future__ import annotations

from collections.abc import Iterator

from graft.model.graph import Graph
from graft.resolve.bring import Askers, bring
from graft.resolve.chains import Chain, Step, chains_to, explained
from graft.resolve.engines import admits_node
from graft.resolve.paths import path_names
from graft.resolve.pick import pick
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
from graft.versions.specifier import parse_specifier
from graft.workflows.host import this_platform
from graft.workflows.peers import trials_of
from graft.workflows.project import Work
from graft.workflows.reasons import Question, Reason, WhyNot

_NEVER_FORBIDS = frozenset({PRESENT, LOCKED, PREFERRED})


def reasons_nested(work: Work, question: Question) -> WhyNot:
    graph, checkout = question.graph, question.checkout
    name, version = question.packument.name, question.version
    told = _Telling(question)
    uses = uses_of(graph, name, checkout.rules.overrides, checkout.links)
    asking = [told.reason(use) for use in uses] or [told.unasked()]
    is_everywhere = all(reason.code == PRESENT for reason in asking)
    brought = None if is_everywhere else bring(trials_of(work, checkout, graph), name, version)
    return WhyNot(
        name=name,
        version=version,
        here=question.here,
        reasons=(
            *sorted(asking, key=lambda reason: not reason.forbids),
            *told.of_the_version(),
        ),
        edits=brought.edits if brought else (),
        without=_named(graph, brought.without) if brought else (),
    )


class _Telling:
    def __init__(self, question: Question) -> None:
        self._context = question.context
        self._checkout = question.checkout
        self._graph = question.graph
        self._packument = question.packument
        self._version = question.version
        self._rules = question.checkout.rules.overrides

    def reason(self, use: Use) -> Reason:
        code = standing(
            self._graph, use, self._packument, self._version, self._context.settings.tag
        )
        chain = explained(self._graph, self._chain(use), self._rules, self._checkout.links)
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


def _named(graph: Graph, askers: Askers) -> tuple[str, ...]:
    owners = sorted({owner for owner, _ in askers})
    return tuple(_file(each) if each in graph.importers else each for each in owners)


def _file(importer: str) -> str:
    return "package.json" if importer == "." else f"{importer}/package.json"
