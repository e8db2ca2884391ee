"""Whether the peers that a graph gives are those that were asked for.

The check of lockfile/check.py leaves them out: a peer may be out of range, or missing, and the
project may still work. What is wrong is found in the graph alone, so a lock says it as well as what
was just resolved.
"""

from __future__ import annotations

from graft.base.records import Record
from graft.lockfile.check import InForce, states_of
from graft.model.graph import Graph
from graft.model.links import NO_LINKS, Links
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.versions.specifier import parse_specifier
from graft.versions.version import version_in_graph


class PeerFault(Record):
    """``node`` asks for a peer in ``range``, the text that counts, and got the node ``provided``,
    which is not in it; or got nothing, and ``provided`` is empty."""

    node: str
    requirement: Requirement
    range: str
    provided: str


def peer_faults(graph: Graph, overrides: InForce, links: Links = NO_LINKS) -> list[PeerFault]:
    """All of them, in order; one for each package with its context."""
    found: dict[tuple[str, str], PeerFault] = {}
    for id, state in states_of(graph, overrides, links):
        node = graph.nodes[id]
        for requirement in node.manifest.requirements:
            if requirement.kind is not Kind.PEER:
                continue
            text = overrides.apply(requirement, state)
            if text is None:
                continue
            provided = node.edges.get(requirement.local, "")
            if provided:
                if satisfies(graph.nodes[provided].manifest, requirement.local, text):
                    continue
            elif requirement.optional:
                continue
            found[id, requirement.local] = PeerFault(
                node=id, requirement=requirement, range=text, provided=provided
            )
    return [found[key] for key in sorted(found)]


def satisfies(manifest: Manifest, local: str, text: str) -> bool:
    """Whether a provider is in a peer's range. Prereleases count, as they do for npm: whoever
    installs a canary of the host means it."""
    specifier = parse_specifier(local, text)
    if specifier.range is None or manifest.name != specifier.package:
        return True
    version = version_in_graph(manifest.version)
    return specifier.range.include_prereleases().contains(version)
