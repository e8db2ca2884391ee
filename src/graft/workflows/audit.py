"""``audit``: which packages of the lock have known weaknesses, and who asks for them.

Each registry is asked about the packages that came from it and learns of no others: the name of a
private package is nobody else's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import missing_offline
from graft.base.records import Record
from graft.model.graph import Graph, Node
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind
from graft.resolve.prune import for_kinds
from graft.sources.advisories import SEVERITIES, Advisory, ask_advisories, read_advisories
from graft.workflows.look import locked_graph
from graft.workflows.project import Asking, Context, asking


class Finding(Record):
    """An advisory and the nodes of the graph that it is about, by id; there is at least one."""

    advisory: Advisory
    nodes: tuple[str, ...]


class Unaudited(Record):
    """A registry that told nothing of so many of its packages, and why."""

    registry: str
    packages: int
    error: GraftError

    @property
    def diagnostic(self) -> Diagnostic:
        return self.error.diagnostic


class Audited(Record):
    """``packages`` is how many were asked about, ``local`` how many come from no registry."""

    graph: Graph
    findings: tuple[Finding, ...]
    unaudited: tuple[Unaudited, ...]
    packages: int
    local: int

    def as_json(self) -> dict[str, Any]:
        """With everyone who leads to what is weak, by chains."""
        return {
            "packages": self.packages,
            "local": self.local,
            "counts": _counts(self.findings),
            "findings": [self._finding(finding) for finding in self.findings],
            "unaudited": [
                {
                    "registry": silent.registry,
                    "packages": silent.packages,
                    "error": silent.diagnostic.as_json(),
                }
                for silent in self.unaudited
            ],
        }

    def _finding(self, finding: Finding) -> dict[str, Any]:
        from graft.resolve.chains import chains_to

        advisory = finding.advisory
        return {
            "id": advisory.id,
            "package": advisory.package,
            "severity": advisory.severity,
            "title": advisory.title,
            "url": advisory.url,
            "vulnerable": advisory.vulnerable,
            "affected": [
                {"id": id, "chains": [each.as_json() for each in chains_to(self.graph, id)]}
                for id in finding.nodes
            ],
        }


def audit(context: Context) -> Audited:
    """The lock, without the kinds that the settings omit. Raises ``lock-missing``, and what went
    wrong where no registry told anything."""
    graph = locked_graph(context)
    with asking(context) as asks:
        return look_up(asks, graph)


def look_up(asks: Asking, graph: Graph) -> Audited:
    settings = asks.context.settings
    registries = settings.registries
    graph = for_kinds(graph, {Kind(kind) for kind in settings.omit})
    by_registry: dict[str, list[Node]] = {}
    local = 0
    for node in graph.nodes.values():
        origin = node.manifest.origin
        if not is_from_registry(origin):
            local += not node.manifest.is_link
            continue
        by_registry.setdefault(registries.url_of_origin(origin), []).append(node)
    if settings.offline and by_registry:
        raise missing_offline("what is known of weaknesses", min(by_registry))
    sent = {
        registry: ask_advisories(asks.client, registries, registry, _versions(nodes))
        for registry, nodes in sorted(by_registry.items())
    }
    findings: list[Finding] = []
    unaudited: list[Unaudited] = []
    for registry, transfer in sent.items():
        nodes = by_registry[registry]
        asks.client.pump_until_done(transfer)
        try:
            advisories = read_advisories(transfer, _versions(nodes))
        except GraftError as error:
            count = len({node.manifest.id for node in nodes})
            unaudited.append(Unaudited(registry=registry, packages=count, error=error))
            continue
        findings += [Finding(advisory=each, nodes=_affected(each, nodes)) for each in advisories]
    if sent and len(unaudited) == len(sent):
        raise unaudited[0].error
    return Audited(
        graph=graph,
        findings=tuple(sorted(findings, key=lambda finding: finding.advisory.package)),
        unaudited=tuple(unaudited),
        packages=len({n.manifest.id for nodes in by_registry.values() for n in nodes}),
        local=local,
    )


def _counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many advisories of each severity, worst first."""
    said = [finding.advisory.severity for finding in findings]
    return {severity: said.count(severity) for severity in reversed(SEVERITIES)}


def _versions(nodes: Iterable[Node]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in nodes:
        found.setdefault(node.manifest.name, set()).add(node.manifest.version)
    return found


def _affected(advisory: Advisory, nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(
        sorted(
            node.id
            for node in nodes
            if node.manifest.name == advisory.package and advisory.affects(node.manifest.version)
        )
    )
