"""Graph keys: the identity of a node and of everything below it.

Two projects may share a slot only if the whole graph below it is the same, so a key must be deep;
peers make cycles common, so it cannot be a plain recursive hash. Design section 5: condense
strongly connected components and go through them bottom up.

The keys are the same on every machine and for every order of input. Nodes from which the same
graph unfolds get the same key, whatever they are called in the input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T", bound=Hashable)

_KEY_BYTES = 16  # 128 bits: 32 hex digits in a slot's name
_NOTHING: Mapping[Any, str] = {}

# Nodes on cycles by what they are: key -> the keys of their children by local name.
_OnCycles = dict[str, dict[str, dict[str, str]]]


def graph_keys(
    fields: Mapping[T, Sequence[str]],
    edges: Mapping[T, Mapping[str, T]],
    known: Mapping[T, str] = _NOTHING,
) -> dict[T, str]:
    """A key for each node, as 32 hex digits.

    ``fields`` holds what a node is by itself, in a fixed order; ``edges`` its children by local
    name. Every child must be a node, or be ``known`` with its key.
    """
    keys: dict[T, str] = dict(known)
    on_cycles: _OnCycles = {}
    own = {node: _hash("node", *values) for node, values in fields.items()}
    for component in components(edges):
        if twins := _twins(component, own, edges, keys, on_cycles):
            keys.update(twins)
        elif len(component) == 1 and component[0] not in edges[component[0]].values():
            (node,) = component
            keys[node] = _lone_key(own[node], edges[node], keys)
        else:
            keys.update(_component_keys(component, own, edges, keys))
            for node in component:
                children = {local: keys[child] for local, child in edges[node].items()}
                on_cycles.setdefault(own[node], {})[keys[node]] = children
    return keys


def _twins(
    members: Sequence[T],
    own: Mapping[T, str],
    edges: Mapping[T, Mapping[str, T]],
    keys: Mapping[T, str],
    on_cycles: _OnCycles,
) -> dict[T, str]:
    """The keys that the members have already, where they are one more turn of cycles met before:
    ``t -> a -> b -> a`` with ``t`` like ``b``. All of a component are, or none is.

    Assume every key that fits a member by itself, then give up those that its children deny.
    """
    possible: dict[T, set[str]] = {}
    for node in members:
        possible[node] = {
            key
            for key, children in on_cycles.get(own[node], {}).items()
            if children.keys() == edges[node].keys()
        }
        if not possible[node]:
            return {}
    shrinking = True
    while shrinking:
        shrinking = False
        for node in members:
            kept = {
                key
                for key in possible[node]
                if all(
                    to in possible[child]
                    if (child := edges[node][local]) in possible
                    else to == keys[child]
                    for local, to in on_cycles[own[node]][key].items()
                )
            }
            if not kept:
                return {}
            shrinking |= kept != possible[node]
            possible[node] = kept
    # One each: nodes of different keys never unfold alike.
    return {node: key for node, (key,) in possible.items()}


def _lone_key(own: str, edges: Mapping[str, T], keys: Mapping[T, str]) -> str:
    parts = [own]
    for local in sorted(edges):
        parts += (local, keys[edges[local]])
    return _hash("lone", *parts)


def _component_keys(
    members: Sequence[T],
    own: Mapping[T, str],
    edges: Mapping[T, Mapping[str, T]],
    keys: Mapping[T, str],
) -> dict[T, str]:
    """Colour the members by what they are and by their edges that leave the component, then let
    each round tell apart members whose neighbours differ, until a round tells nothing more."""
    inside = set(members)
    inner: dict[T, list[tuple[str, T]]] = {}
    colours: dict[T, str] = {}
    for node in members:
        outer = {local: child for local, child in edges[node].items() if child not in inside}
        inner[node] = sorted(
            ((local, child) for local, child in edges[node].items() if child in inside),
            key=lambda edge: edge[0],
        )
        colours[node] = _lone_key(own[node], outer, keys)
    while True:
        refined = {
            node: _hash("round", colours[node], *_flat(inner[node], colours)) for node in members
        }
        settled = len(set(refined.values())) == len(set(colours.values()))
        if settled:
            break
        colours = refined
    # A set, so that a cycle unrolled twice is the same component as the cycle itself.
    shape = sorted({_hash("member", c, *_flat(inner[n], colours)) for n, c in colours.items()})
    component = _hash("component", *shape)
    return {node: _hash("key", component, colours[node]) for node in members}


def _flat(edges: Iterable[tuple[str, T]], colours: Mapping[T, str]) -> Iterator[str]:
    for local, child in edges:
        yield local
        yield colours[child]


def _hash(*parts: str) -> str:
    """Each part behind its length, so that no two lists of parts read the same."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[: 2 * _KEY_BYTES]


def components(edges: Mapping[T, Mapping[str, T]]) -> Iterator[list[T]]:
    """Strongly connected components, children before parents (Tarjan 1972, without recursion:
    real graphs are deeper than Python's stack). Children without edges of their own are left out.
    """
    index: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    on_stack: set[T] = set()
    for root in edges:
        if root in index:
            continue
        work: list[tuple[T, Iterator[T]]] = [(root, iter(edges[root].values()))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, children = work[-1]
            for child in children:
                if child not in edges:
                    continue
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(edges[child].values())))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component: list[T] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    yield component
