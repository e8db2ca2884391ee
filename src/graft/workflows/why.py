"""``why``: who asked for a package. The lock says it, and of overrides, package.json."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.model.graph import Graph
from graft.model.links import NO_LINKS, Links
from graft.model.names import canonical_name, split_spec
from graft.project.defaults import GRAFT_TOML
from graft.project.overrides import NO_OVERRIDES, Overrides
from graft.resolve.chains import Chain, chains_to, explained
from graft.workflows.look import label_of, locked_graph
from graft.workflows.names import meant_name, not_a_dependency
from graft.workflows.project import Context


class Reason(Record):
    """A package in the graph and the shortest chain to it from each direct dependency of each
    importer. ``labels`` are the ids of all that is in them, as people read them."""

    id: str
    name: str
    version: str
    labels: Mapping[str, str]
    chains: tuple[Chain, ...]


def reasons(context: Context, name: str) -> tuple[Reason, ...]:
    """Why each version of a package is in the graph; it may be named as some package knows it.

    Raises ``not-a-dependency``.
    """
    graph = _with_files(context, locked_graph(context))
    edges = [node.edges for node in graph.nodes.values()]
    edges += [importer.edges for importer in graph.importers.values()]
    package, version = split_spec(canonical_name(name))
    names = {name for targets in edges for name in targets}
    package = meant_name(package, names, context.namespaces)
    known_as = {targets[package] for targets in edges if package in targets}
    found = [
        node
        for node in graph.nodes.values()
        if (node.manifest.name == package or node.id in known_as)
        and (not version or node.manifest.version == version)
    ]
    if not found:
        known = {node.manifest.name for node in graph.nodes.values()}
        raise not_a_dependency(name, known, context.lock_path)
    labels = labels_of(graph)
    overrides, links = _in_force(context, graph)
    return tuple(
        Reason(
            id=node.id,
            name=node.manifest.name,
            version=node.manifest.version,
            labels=labels,
            chains=tuple(
                explained(graph, chain, overrides, links) for chain in chains_to(graph, node.id)
            ),
        )
        for node in sorted(found, key=lambda node: node.id)
    )


def _with_files(context: Context, graph: Graph) -> Graph:
    """With the file that each line of the project is in, which no lock says."""
    if not os.path.lexists(os.path.join(context.folder, GRAFT_TOML)):
        return graph
    with suppress(GraftError):
        asked = context.checkout().asked
        files = {(path, r.local): r.file for path, lines in asked.items() for r in lines}
        importers = {
            path: replace(
                importer,
                requirements=tuple(
                    replace(r, file=files.get((path, r.local), "")) for r in importer.requirements
                ),
            )
            for path, importer in graph.importers.items()
        }
        return replace(graph, importers=importers)
    return graph


def labels_of(graph: Graph) -> dict[str, str]:
    return {node.id: label_of(node) for node in graph.nodes.values()}


def _in_force(context: Context, graph: Graph) -> tuple[Overrides, Links]:
    """The overrides that the lock was made with, as long as package.json still says the same."""
    if graph.overrides:
        with suppress(GraftError):
            checkout = context.checkout()
            if checkout.rules.overrides.rules == graph.overrides:
                return checkout.rules.overrides, checkout.links
    return NO_OVERRIDES, NO_LINKS
