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
    labels: Mapping[str, str] = {},
) -> Graph:
    """The graph of ``asked`` by importer, each package's peers being what its context gives it.
    ``labels`` says of packages below which others they stand, where that has a say."""
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
        {at: (packages[instance.package].id,) for at, instance in enumerate(instances)},
        dict(enumerate(edges)),
    )
    ids = {package: manifest.id for package, manifest in packages.items()}
    names = _name_nodes(instances, keys, ids, labels)
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


def _name_nodes(
    instances: Sequence[Instance],
    keys: Mapping[int, str],
    ids: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, str]:
    """An id for each graph key: the package's id, the peers that it was given, and as long as that
    is not unique, what it lies below, all names that its context provides, and then a number."""
    first: dict[str, Instance] = {}
    below: dict[str, str] = {}
    for at, instance in enumerate(instances):
        label = labels.get(instance.package, "")
        # Those of the same key may lie below different packages, which then have no say.
        below[keys[at]] = min(below.get(keys[at], label), label)
        first.setdefault(keys[at], instance)

    def plain(key: str) -> str:
        return _with(ids, first[key], first[key].peers)

    def labelled(key: str) -> str:
        return plain(key) + _below(below[key])

    def wide(key: str) -> str:
        instance = first[key]
        around = {
            local: place.owner.children[place.local]
            for local, place in instance.context.items()
            if place.local and not place.added
        }
        return _with(ids, instance, around | instance.peers) + _below(below[key])

    same_name: dict[str, list[str]] = {}
    for key in first:
        same_name.setdefault(plain(key), []).append(key)
    for group in same_name.values():
        if len({below[key] for key in group}) == 1:
            below.update(dict.fromkeys(group, ""))  # it tells nothing apart
    names: dict[str, str] = {}
    groups = [*same_name.values()]
    for naming in (labelled, wide):
        ambiguous = []
        for group in groups:
            by_name: dict[str, list[str]] = {}
            for key in group:
                by_name.setdefault(naming(key), []).append(key)
            for name, same in by_name.items():
                if len(same) == 1:
                    names[same[0]] = name
                else:
                    ambiguous.append(same)
        groups = ambiguous
    for same in groups:
        for count, key in enumerate(sorted(same)):
            names[key] = f"{wide(key)}({count + 1})"
    return names


def _with(ids: Mapping[str, str], instance: Instance, provided: Mapping[str, Instance]) -> str:
    peers = "".join(f"({ids[to.package]})" for _, to in sorted(provided.items()))
    return ids[instance.package] + peers


def _below(label: str) -> str:
    return f"(below {label})" if label else ""
