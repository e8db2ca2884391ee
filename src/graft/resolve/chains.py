"""Who leads to a node, requirement by requirement, and what decided at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.http import without_user
from graft.base.records import Record, replace
from graft.link.importers import ROOT
from graft.lockfile.check import InForce
from graft.model.graph import Graph
from graft.model.links import NO_LINKS, Links
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import REMOVED
from graft.resolve.conflicts import provider_name, provider_of

NOBODY = "nobody"


class Step(Record):
    """A requirement and the node that it got, by id; empty for none. ``override`` is what the
    project's overrides put in place of the specifier, if they do (``-``: nothing), and
    ``provider`` says of a peer who provides it: ``package.json``, a path, or ``nobody``, where it
    was added. Both are filled by ``explained``."""

    line: Requirement
    id: str
    override: str = ""
    provider: str = ""

    def as_json(self) -> dict[str, str]:
        told = {
            "name": self.line.local,
            "specifier": self.line.specifier,
            "kind": str(self.line.kind),
            "catalog": self.line.catalog,
            "id": self.id,
            "override": self.override,
            "provider": self.provider,
        }
        return {key: text for key, text in told.items() if text}

    @property
    def asked(self) -> str:
        """``asks for b@^1``, and what has a say in it."""
        peer = "the peer " if self.line.kind is Kind.PEER else ""
        text = f"asks for {peer}{self.line.local}@{without_user(self.line.specifier)}"
        if self.line.catalog:
            text += f" ({self.line.catalog})"
        if self.override == REMOVED:
            return f"{text}, which an override takes away"
        if self.override:
            return f"{text}, which an override makes {without_user(self.override)}"
        return text

    @property
    def provided(self) -> str:
        if self.provider == NOBODY:
            return ", which was added, as nobody provides it"
        return f", which {self.provider} provides" if self.provider else ""


class Chain(Record):
    """From an importer's manifest down."""

    importer: str
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        return {"importer": self.importer, "steps": [step.as_json() for step in self.steps]}

    def lines(self, labels: Mapping[str, str]) -> list[str]:
        """A sentence for each step: ``a@1.0.0 asks for b@^1: b@1.2.0``. ``labels`` has the ids as
        people read them."""
        asker = (self.steps[0].line.file if self.steps else "") or "package.json"
        asker = asker if self.importer == ROOT else f"{self.importer}/{asker}"
        found = []
        for step in self.steps:
            got = labels[step.id] if step.id else "nothing"
            found.append(f"{asker} {step.asked}: {got}{step.provided}")
            asker = got
        return found


def chains_to(graph: Graph, target: str) -> Iterator[Chain]:
    """The shortest way to ``target`` through each direct dependency of each importer that leads to
    it."""
    next_step = _towards(graph, target)
    for path, importer in sorted(graph.importers.items()):
        asked = {line.local: line for line in importer.requirements}
        for local, id in sorted(importer.edges.items()):
            if id not in next_step:
                continue
            steps = [Step(line=asked[local], id=id)]
            while steps[-1].id != target:
                steps.append(next_step[steps[-1].id])
            yield Chain(importer=path, steps=tuple(steps))


def _towards(graph: Graph, target: str) -> Mapping[str, Step]:
    """For each node above ``target``, the step that brings it nearer; breadth first."""
    parents: dict[str, list[tuple[str, str]]] = {}
    for node in graph.nodes.values():
        for local, child in node.edges.items():
            parents.setdefault(child, []).append((node.id, local))
    steps = {target: Step(line=_UNSAID, id=target)}
    queue = [target]
    for id in queue:
        for parent, local in sorted(parents.get(id, ())):
            if parent not in steps:
                asked = {line.local: line for line in graph.nodes[parent].manifest.requirements}
                steps[parent] = Step(line=asked.get(local, replace(_UNSAID, local=local)), id=id)
                queue.append(parent)
    return steps


_UNSAID = Requirement(local="", specifier="", kind=Kind.PROD)


def explained(graph: Graph, chain: Chain, overrides: InForce, links: Links = NO_LINKS) -> Chain:
    """With what overrides and providers of peers had to say at each step."""
    who = links.importers.get(chain.importer)
    state = overrides.state_of(who)
    above = [chain.importer]
    steps = []
    for step in chain.steps:
        line = step.line
        is_own = len(above) == 1
        text = overrides.of_importer(who, line) if is_own else overrides.apply(line, state)
        provider = ""
        if step.id and line.kind is Kind.PEER and not is_own:
            found, _ = provider_of(graph, tuple(above), line.local, step.id)
            provider = provider_name(graph, found) or NOBODY
        override = REMOVED if text is None else text if text != line.specifier else ""
        steps.append(replace(step, override=override, provider=provider))
        if step.id:
            above.append(step.id)
            manifest = graph.nodes[step.id].manifest
            # Peers are not below those who ask for them.
            is_peer = line.kind is Kind.PEER and not is_own
            state = () if is_peer else overrides.step(state, line.local, manifest)
    return replace(chain, steps=tuple(steps))
