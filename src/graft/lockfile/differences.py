"""What became of each package, from one lock to the next.

What the project and its members ask for themselves is compared line by line; all else by name,
where versions that left are paired with those that came. Contexts make no difference: they are a
package's surroundings, not another package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graft.lockfile.anticipated import anticipates
from graft.model.difference import ADDED, DOWNGRADED, REMOVED, REPLACED, UPGRADED, Difference
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import shown_origin
from graft.versions.version import RELEASE, Key, is_prerelease, version_in_graph

# What a package was, and what it is; None where it was not there, or is no more.
Pair = tuple[Manifest | None, Manifest | None]


def differences(before: Graph | None, after: Graph) -> tuple[Difference, ...]:
    """First what importers ask for, by name. Then the rest, what deserves a look first: marks,
    other versions, what went, what came."""
    had, has = _packages(before), _packages(after)
    lines = list(_lines(before, after))
    # What became another, or came of another, did not go or come as well.
    moved = {end.id for _, (old, new) in lines if old and new for end in (old, new)}
    lines = [
        (local, (old, new))
        for local, (old, new) in lines
        if (old and new) or not any(end.id in moved for end in (old, new) if end)
    ]
    told = {end.id for _, pair in lines for end in pair if end}
    gone = _by_name(manifest for id, manifest in had.items() if id not in has and id not in told)
    came = _by_name(manifest for id, manifest in has.items() if id not in had and id not in told)
    rest = [
        pair
        for name in gone.keys() | came.keys()
        for pair in paired(gone.get(name, ()), came.get(name, ()))
    ]

    def tell(pair: Pair, *, direct: bool = False, local: str = "") -> Difference:
        old, new = pair
        named = new or old
        assert named is not None
        return Difference(
            change=_change(old, new),
            name=named.name or local,
            before=_text(old),
            after=_text(new),
            local="" if local == named.name else local,
            direct=direct,
            shared=named.id in (had if old is None else has) and not (old and new),
            major=_is_other_major(old, new),
            unanticipated=bool(
                new
                and not new.is_link
                and new.id not in had
                and is_prerelease(new.version)
                and not anticipates(after, new)
            ),
        )

    direct = {tell(pair, direct=True, local=local) for local, pair in lines}
    return (*sorted(direct, key=_name), *sorted(map(tell, rest), key=_importance))


def paired(gone: Sequence[Manifest], came: Sequence[Manifest]) -> list[Pair]:
    """Versions of one package: those that left with the nearest of those that came, as long as
    there are both; the others with None. The order of either list says nothing."""
    if not (gone and came):  # most, where much is new
        return [*((old, None) for old in gone), *((None, new) for new in came)]
    ranks = {
        manifest.id: rank
        for rank, manifest in enumerate(sorted((*gone, *came), key=lambda m: (_key(m), m.id)))
    }

    def distance(pair: tuple[Manifest, Manifest]) -> tuple[object, ...]:
        old, new = pair
        return (
            old.origin != new.origin,
            _key(old)[0] != _key(new)[0],
            _key(old)[:2] != _key(new)[:2],
            abs(ranks[old.id] - ranks[new.id]),
            -max(ranks[old.id], ranks[new.id]),
        )

    alone = {manifest.id for manifest in (*gone, *came)}
    pairs: list[Pair] = []
    for old, new in sorted(((old, new) for old in gone for new in came), key=distance):
        if alone >= {old.id, new.id}:
            alone -= {old.id, new.id}
            pairs.append((old, new))
    pairs += [(old, None) for old in gone if old.id in alone]
    pairs += [(None, new) for new in came if new.id in alone]
    return pairs


def _packages(graph: Graph | None) -> dict[str, Manifest]:
    """By id, without folders of the project: those are told where somebody links to them."""
    nodes = graph.nodes.values() if graph else ()
    return {node.manifest.id: node.manifest for node in nodes if not node.manifest.is_link}


def _by_name(manifests: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    found: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        found.setdefault(manifest.name, []).append(manifest)
    return found


def _lines(before: Graph | None, after: Graph) -> Iterator[tuple[str, Pair]]:
    """What importers' own lines got where that is not what they had, by local name."""
    had, has = _direct(before), _direct(after)
    for place in had.keys() | has.keys():
        old, new = had.get(place), has.get(place)
        if old and new and old.id == new.id:
            continue
        if old and new and old.name == new.name:
            yield place[1], (old, new)
            continue
        if old:
            yield place[1], (old, None)
        if new:
            yield place[1], (None, new)


def _direct(graph: Graph | None) -> Mapping[tuple[str, str], Manifest]:
    """By importer and local name."""
    if graph is None:
        return {}
    return {
        (path, local): graph.nodes[id].manifest
        for path, importer in graph.importers.items()
        for local, id in importer.edges.items()
    }


def _change(old: Manifest | None, new: Manifest | None) -> str:
    if old is None:
        return ADDED
    if new is None:
        return REMOVED
    if old.is_link or new.is_link or _key(old) == _key(new):
        return REPLACED
    return UPGRADED if _key(old) < _key(new) else DOWNGRADED


def _is_other_major(old: Manifest | None, new: Manifest | None) -> bool:
    if old is None or new is None or old.is_link or new.is_link:
        return False
    return bool(_key(old)[0] != _key(new)[0])


def _text(manifest: Manifest | None) -> str:
    if manifest is None or manifest.is_link:
        return manifest.origin if manifest else ""
    origin = f" ({shown_origin(manifest.origin)})" if manifest.origin else ""
    return f"{manifest.version}{origin}"


def _key(manifest: Manifest) -> Key:
    """What is no version comes before all: archives may call themselves anything."""
    try:
        return version_in_graph(manifest.version).key
    except ValueError:
        return (0, 0, 0, RELEASE)


def _name(each: Difference) -> tuple[str, ...]:
    return each.name, each.local, each.before, each.after


def _importance(each: Difference) -> tuple[object, ...]:
    is_marked = each.major or each.unanticipated
    is_move = each.change not in (ADDED, REMOVED)
    return not is_marked, not is_move, each.change == ADDED, *_name(each)
