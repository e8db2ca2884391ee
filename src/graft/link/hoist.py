"""Where each package lies in npm's shape, so that whoever walks up finds what the graph gives it.

A place is a folder in which code runs: an importer's, or that of a package in some
``node_modules``. Code there finds the first entry of a name on its way up. A dependency is put as
high as it can be without being hidden on that way, and without hiding another from somebody else.

Nothing is moved once it lies, and places are visited breadth first: when a place gets its own
dependencies, nobody below has looked through it yet, so there is always room in it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping

from graft.base.records import Record
from graft.link.importers import ROOT

_Edges = Mapping[str, str]


class Hoisted(Record):
    """By importer, what lies in its ``node_modules``: the id of each package by its path there, as
    in ``a/node_modules/b``; and ``loops``, by path the (importer, path) of a package further up
    that is met again. Such cycles of versions have no end in folders, so a link closes them."""

    packages: Mapping[str, Mapping[str, str]]
    loops: Mapping[str, Mapping[str, tuple[str, str]]]


class _Place:
    """``entries`` are the ids in its ``node_modules``, ``through`` what is found further up by
    code here or below, so that no other may come between."""

    __slots__ = ("entries", "id", "importer", "parent", "path", "through")

    def __init__(self, parent: _Place | None, importer: str, path: str, id: str) -> None:
        self.parent = parent
        self.importer = importer
        self.path = path
        self.id = id
        self.entries: dict[str, str] = {}
        self.through: dict[str, str] = {}

    def upwards(self) -> Iterator[_Place]:
        place: _Place | None = self
        while place is not None:
            yield place
            place = place.parent

    def below(self, local: str) -> str:
        return f"{self.path}/node_modules/{local}" if self.path else local


def hoist(importers: Mapping[str, _Edges], nodes: Mapping[str, _Edges]) -> Hoisted:
    """``importers`` and ``nodes`` have edges by local name, to ids of nodes."""
    packages: dict[str, dict[str, str]] = {importer: {} for importer in importers}
    loops: dict[str, dict[str, tuple[str, str]]] = {importer: {} for importer in importers}
    on_top = _on_top(importers, nodes)
    queue: deque[tuple[_Place, _Edges]] = deque()
    places: dict[str, _Place] = {}
    for importer in sorted(importers, key=_depth):
        place = _Place(_nearest(importer, places), importer, "", "")
        places[importer] = place
        queue.append((place, importers[importer]))
    while queue:
        place, edges = queue.popleft()
        for local, id in sorted(edges.items()):
            goal = _put(place, local, id, on_top)
            if goal is None:
                continue
            path = goal.below(local)
            again = next((up for up in goal.upwards() if up.id == id), None)
            if again is not None:
                loops[goal.importer][path] = (again.importer, again.path)
                continue
            packages[goal.importer][path] = id
            queue.append((_Place(goal, goal.importer, path, id), nodes[id]))
    return Hoisted(packages=packages, loops=loops)


def _put(place: _Place, local: str, id: str, on_top: Mapping[str, str]) -> _Place | None:
    """Let ``place`` find ``id``; the place that got it, or None if it is found already."""
    goal = place
    found = None
    for up in place.upwards():
        if local in up.entries:
            found = up.entries[local]
            break
        if up.through.get(local, id) != id:
            break
        if up.parent is not None or on_top[local] == id:
            goal = up
    if found == id:
        _look_through(place, local, id)
        return None
    goal.entries[local] = id
    _look_through(place, local, id)
    return goal


def _look_through(place: _Place, local: str, id: str) -> None:
    for up in place.upwards():
        if local in up.entries:
            return
        up.through[local] = id


def _on_top(importers: Mapping[str, _Edges], nodes: Mapping[str, _Edges]) -> dict[str, str]:
    """Which node has a name in the project's own ``node_modules``: the one that the project asks
    for, else the one that most ask for, else the nearest."""
    wanted: dict[str, Counter[str]] = {}
    for edges in _breadth_first(importers, nodes):
        for local, id in sorted(edges.items()):
            wanted.setdefault(local, Counter())[id] += 1
    # Of several that are asked for as often, a counter names the one that it met first.
    on_top = {local: counter.most_common(1)[0][0] for local, counter in wanted.items()}
    return on_top | dict(importers.get(ROOT, {}))


def _breadth_first(
    importers: Mapping[str, _Edges], nodes: Mapping[str, _Edges]
) -> Iterator[_Edges]:
    queue = deque(importers[importer] for importer in sorted(importers, key=_depth))
    seen: set[str] = set()
    while queue:
        edges = queue.popleft()
        yield edges
        for _, id in sorted(edges.items()):
            if id not in seen:
                seen.add(id)
                queue.append(nodes[id])


def _depth(importer: str) -> tuple[int, str]:
    """The project first, and whatever lies in a folder after that folder."""
    return (0 if importer == ROOT else importer.count("/") + 1, importer)


def _nearest(importer: str, known: Mapping[str, _Place]) -> _Place | None:
    """The importer in whose folder this one lies."""
    return next((known[folder] for folder in folders_above(importer) if folder in known), None)


def folders_above(importer: str) -> Iterator[str]:
    """The folders through which code of an importer walks up, of which some are importers."""
    while "/" in importer:
        importer = importer.rpartition("/")[0]
        yield importer
    if importer != ROOT:
        yield ROOT
