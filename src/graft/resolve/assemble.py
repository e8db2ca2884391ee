"""Instances -> graph: those from which the same graph unfolds are merged, and each gets an id.

Ids follow from what the graph says, never from the order in which it was walked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.resolve.peers import Instance, PeerContexts
from graft.store.keys import graph_keys


def assemble(
    packages: Mapping[str, Manifest],
    contexts: PeerContexts,
    asked: Mapping[str, Sequence[Requirement]],
    overrides: Mapping[str, str],
) -> Graph:
    """The graph of ``asked`` by importer, each package's peers being what its context gives it."""
    instances = contexts.instances
    number = {id(instance): at for at, instance in enumerate(instances)}
    edges = [
        {
            local: number[id(target)]
            for local, target in (*instance.children.items(), *instance.peers.items())
        }
        for instance in instances
    ]
    keys = graph_keys(
        {at: (instance.package,) for at, instance in enumerate(instances)},
        dict(enumerate(edges)),
    )
    names = _name_nodes(instances, keys)
    nodes = {}
    for at, instance in enumerate(instances):
        name = names[keys[at]]
        if name not in nodes:
            nodes[name] = Node(
                id=name,
                manifest=packages[instance.package],
                edges={local: names[keys[to]] for local, to in sorted(edges[at].items())},
            )
    importers = {
        path: Importer(
            path=path,
            requirements=tuple(sorted(asked[path], key=lambda r: r.local)),
            edges={
                local: names[keys[number[id(child)]]]
                for local, child in sorted(contexts.importers[path].children.items())
            },
        )
        for path in sorted(asked)
    }
    return Graph(importers=importers, nodes=nodes, overrides=overrides)


def _name_nodes(instances: Sequence[Instance], keys: Mapping[int, str]) -> dict[str, str]:
    """An id for each graph key: the package's id, the peers that it was given, and where that is
    still not unique, all names that its context provides, and then a number."""
    plain: dict[str, list[str]] = {}
    first: dict[str, Instance] = {}
    for at, instance in enumerate(instances):
        if keys[at] not in first:
            first[keys[at]] = instance
            plain.setdefault(_with(instance.package, instance.peers), []).append(keys[at])
    names: dict[str, str] = {}
    for name, same in plain.items():
        if len(same) == 1:
            names[same[0]] = name
            continue
        wide: dict[str, list[str]] = {}
        for key in same:
            instance = first[key]
            around = {
                local: place.owner.children[place.local]
                for local, place in instance.context.items()
                if place.local and not place.added
            }
            wide.setdefault(_with(instance.package, around | instance.peers), []).append(key)
        for longer, still in wide.items():
            for count, key in enumerate(sorted(still)):
                names[key] = f"{longer}({count + 1})" if len(still) > 1 else longer
    return names


def _with(package: str, provided: Mapping[str, Instance]) -> str:
    return package + "".join(f"({to.package})" for _, to in sorted(provided.items()))
