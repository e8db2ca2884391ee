"""Peer contexts: which packages a path gives to the packages below it.

A peer dependency is met by whatever the dependents along the path provide, nearest first. So a
package with peers, or with such packages below it, can stand in the graph several times, once for
each set of providers that it meets.

The walk identifies a provider by its place (which instance provides it, under which name), not by
its contents, so cycles among peers end. Afterwards instances from which the same graph unfolds are
merged by their graph keys, so places that do not matter leave no trace.

Cycles of dependencies that provide peers to each other would go on for ever, each turn seeing the
providers of the turn before. So a package on such a cycle is identified by what its context looks
like: along every path its peers, and their peers, are exact; what lies beyond those may be that of
another turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from graft.base.records import Record
from graft.lockfile.peers import satisfies
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.store.keys import components

# How far the contexts of packages on dependency cycles are told apart.
_SIGHT = 2


class Place(Record, kw_only=False):
    """Where a name is provided: an instance's dependency ``local``, or the instance itself if
    ``local`` is empty, or an importer's added peers (``added``)."""

    owner: Instance
    local: str
    added: bool = False


class Instance:
    """A package, or an importer, in one context. ``context`` holds the free names that the path
    provides; ``peers`` those that the package itself asked for and was given."""

    __slots__ = ("children", "context", "package", "parent", "peers")

    def __init__(self, package: str, parent: Instance | None, context: dict[str, Place]) -> None:
        self.package = package
        self.parent = parent
        self.context = context
        self.children: dict[str, Instance] = {}
        self.peers: dict[str, Instance] = {}


class Missing(Record, kw_only=False):
    """A required peer that nobody along the path provides."""

    importer: str
    requirement: Requirement
    package: str


class PeerContexts(Record, kw_only=False):
    importers: Mapping[str, Instance]
    instances: tuple[Instance, ...]
    missing: tuple[Missing, ...]


def resolve_peers(
    packages: Mapping[str, Manifest],
    children: Mapping[str, Mapping[str, str]],
    importers: Iterable[str],
    added: Mapping[tuple[str, str], list[str]],
    specifier: Callable[[str, Requirement], str | None] = lambda _, asked: asked.specifier,
) -> PeerContexts:
    """Walk from the importers down. ``added`` maps (importer, name) to the ids of packages that
    were added there because peers were missing, best first; ``specifier`` gives the text of a
    package's peer requirement that counts, and None for one that is taken away."""
    return _Walk(packages, children, added, specifier).run(sorted(importers))


class _Walk:
    def __init__(
        self,
        packages: Mapping[str, Manifest],
        children: Mapping[str, Mapping[str, str]],
        added: Mapping[tuple[str, str], list[str]],
        specifier: Callable[[str, Requirement], str | None],
    ) -> None:
        self._specifier = specifier
        self._packages = packages
        self._children = children
        self._added = added
        self._free = free_names(packages, children)
        self._on_cycles = {
            package
            for component in components(children)
            for package in component
            if len(component) > 1 or package in children[package].values()
        }
        self._memo: dict[tuple[object, ...], Instance] = {}
        self._queue: deque[tuple[Instance, Instance]] = deque()
        self._instances: list[Instance] = []
        self._additions: dict[tuple[int, str], Instance] = {}

    def run(self, paths: list[str]) -> PeerContexts:
        importers = {path: Instance(path, None, {}) for path in paths}
        tops: dict[int, str] = {}
        for path, importer in importers.items():
            tops[id(importer)] = path
            for local, package in sorted(self._children[path].items()):
                importer.children[local] = self._enter(package, importer, importer)
            for package in sorted(self._packages_added(path)):
                self._additions[id(importer), package] = self._enter(package, importer, importer)
        while self._queue:
            instance, importer = self._queue.popleft()
            for local, package in sorted(self._children[instance.package].items()):
                instance.children[local] = self._enter(package, instance, importer)
        missing: list[Missing] = []
        for instance in self._instances:
            self._give_peers(instance, tops[id(_top(instance))], missing)
        return PeerContexts(importers, tuple(self._instances), tuple(missing))

    def _packages_added(self, path: str) -> set[str]:
        return {id for (owner, _), ids in self._added.items() if owner == path for id in ids}

    def _enter(self, package: str, parent: Instance, importer: Instance) -> Instance:
        """The instance of ``package`` as ``parent``'s child."""
        context = self._context(package, parent, importer)
        key: tuple[object, ...] = (
            (package, self._looks(context, importer, _SIGHT))
            if package in self._on_cycles
            else (package, *((name, self._identity(name, at)) for name, at in context.items()))
        )
        known = self._memo.get(key)
        if known is None:
            known = self._memo[key] = Instance(package, parent, context)
            self._instances.append(known)
            self._queue.append((known, importer))
        return known

    def _context(self, package: str, parent: Instance, importer: Instance) -> dict[str, Place]:
        found = ((name, self._provided(name, parent, importer)) for name in self._free[package])
        return {name: place for name, place in found if place}

    def _identity(self, name: str, place: Place) -> object:
        """A provider that takes nothing from its own dependents is the same in every place."""
        packages = self._packages_at(name, place)
        if any(self._free[package] for package in packages):
            return id(place.owner), place.local
        return packages, place.added

    def _provided(self, name: str, parent: Instance, importer: Instance) -> Place | None:
        if name in self._children[parent.package]:
            return Place(parent, name)
        if parent is importer:
            return Place(parent, name, True) if (parent.package, name) in self._added else None
        if name == self._packages[parent.package].name:
            return Place(parent, "")
        return parent.context.get(name)

    def _looks(self, context: Mapping[str, Place], importer: Instance, depth: int) -> object:
        """The packages in a context, and to some depth those in the contexts of each."""
        if depth == 0:
            return None
        return tuple(
            (name, place.added, package, self._looks(around, importer, depth - 1))
            for name, place in context.items()
            for package, around in self._provided_at(name, place, importer)
        )

    def _provided_at(
        self, name: str, place: Place, importer: Instance
    ) -> Iterator[tuple[str, Mapping[str, Place]]]:
        """Each package at a place, with its context there."""
        for package in self._packages_at(name, place):
            if place.local or place.added:
                yield package, self._context(package, place.owner, importer)
            else:
                yield package, place.owner.context

    def _packages_at(self, name: str, place: Place) -> tuple[str, ...]:
        if place.added:
            return tuple(self._added[place.owner.package, name])
        if not place.local:
            return (place.owner.package,)
        return (self._children[place.owner.package][place.local],)

    def _give_peers(self, instance: Instance, importer: str, missing: list[Missing]) -> None:
        for requirement in self._packages[instance.package].requirements:
            if requirement.kind is not Kind.PEER:
                continue
            text = self._specifier(instance.package, requirement)
            if text is None:
                continue
            place = instance.context.get(requirement.local)
            found = self._instance_at(place, requirement.local, text) if place else None
            if found is not None:
                instance.peers[requirement.local] = found
            elif not requirement.optional:
                missing.append(Missing(importer, requirement, instance.package))

    def _instance_at(self, place: Place, local: str, text: str) -> Instance | None:
        if not place.added:
            return place.owner.children[place.local] if place.local else place.owner
        for package in self._added[place.owner.package, local]:
            if satisfies(self._packages[package], local, text):
                return self._additions[id(place.owner), package]
        return None


def _top(instance: Instance) -> Instance:
    while instance.parent is not None:
        instance = instance.parent
    return instance


def free_names(
    packages: Mapping[str, Manifest], children: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[str, ...]]:
    """For each package, the peer names that it and what lies below it take from its dependents."""
    free = {
        id: {r.local for r in manifest.requirements if r.kind is Kind.PEER}
        for id, manifest in packages.items()
    }
    parents: dict[str, list[str]] = {id: [] for id in packages}
    for owner, below in children.items():
        if owner in packages:
            for child in below.values():
                parents[child].append(owner)
    queue = deque(id for id in packages if free[id])
    while queue:
        child = queue.popleft()
        for owner in parents[child]:
            passed = free[child] - children[owner].keys() - {packages[owner].name}
            if not passed <= free[owner]:
                free[owner] |= passed
                queue.append(owner)
    return {id: tuple(sorted(names)) for id, names in free.items()}
