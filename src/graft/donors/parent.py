"""Another workspace, read so that this one may take packages from it.

Nothing of it is written. What it says of itself is looked at again before anything is taken
(donors/verify.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.link.importers import MODULES, ROOT, modules_of
from graft.link.isolated import SLOTS
from graft.link.state import State, read_state
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.model.graph import Graph, Node
from graft.project.defaults import sound_modules_folder
from graft.store.paths import Store

_MANIFESTS = ("package.json", "graft.toml", LOCK_NAME)
_SLOTS = os.path.basename(SLOTS)
# What asks for nothing lies in its object: its slot is a link to that.
_KINDS = ([_SLOTS], ["objects"])


class Shelf(Record):
    """A folder of slots: a store's, or with no ``store`` one that lies in a project."""

    root: str
    store: str = ""

    @property
    def stores(self) -> tuple[str, ...]:
        """Those that its packages were made from."""
        if self.store:
            return (self.store,)
        return stores_of(os.path.dirname(self.root.removesuffix(f"/{SLOTS}")))

    def package(self, slot: str, name: str) -> str:
        """The folder of a slot's own package."""
        return f"{self.root}/{slot}/{MODULES}/{name}"


class Parent(Record, unshown=("graph", "nodes")):
    """``path`` is the workspace's real path. ``graph`` is what its lock says, and ``nodes`` the
    same by the names of packages; without one, ``fault`` is the reason. ``shelves`` are where its
    packages lie, its own first and then those that it took from others; ``stores`` are the roots of
    the stores that it was made from. ``vouched`` says that the user named it, and no repository."""

    path: str
    graph: Graph | None
    nodes: Mapping[str, Sequence[Node]] = {}
    fault: str = ""
    layout: str = ""
    shelves: tuple[Shelf, ...] = ()
    stores: tuple[str, ...] = ()
    vouched: bool = True

    def folder(self, name: str) -> str:
        """Where whoever asks for a package in this workspace finds it; empty if nothing is there
        or that leads nowhere."""
        real = os.path.realpath(os.path.join(packages_of(self.path), name))
        return real if os.path.isdir(real) else ""


def workspace_of(path: str) -> str:
    """The workspace that a path names, itself or by the folder of its packages. Raises
    ``donor-missing`` where there is none."""
    real = os.path.realpath(path)
    above = os.path.dirname(real)
    for folder in [above, real] if real == packages_of(above) else [real]:
        if any(os.path.lexists(os.path.join(folder, name)) for name in (*_MANIFESTS, MODULES)):
            return folder
    there = os.path.isdir(real)
    raise GraftError(
        "donor-missing",
        f"{path} is no workspace to take packages from",
        where=real,
        why=[
            "it has neither a package.json nor a graft.toml, and no packages"
            if there
            else "there is no such folder"
        ],
        fix="name the folder of a project that was installed, or leave the path out",
    )


def packages_of(path: str) -> str:
    """The folder in which a workspace's packages appear."""
    return os.path.join(path, sound_modules_folder(path))


def read_parent(path: str, *, vouched: bool = True) -> Parent:
    """The workspace at ``path``, as ``workspace_of`` gives it. Hold it (donors/hold.py) as long as
    what this says is used."""
    graph, fault = _graph(path)
    layout, shelves, stores = _places(path)
    return Parent(
        path=path,
        graph=graph,
        nodes=nodes_by_name(graph) if graph else {},
        fault=fault,
        layout=layout,
        shelves=shelves,
        stores=stores,
        vouched=vouched,
    )


def stores_of(path: str) -> tuple[str, ...]:
    """The stores that the workspace was made from, its own first."""
    return _places(path)[2]


def _places(path: str) -> tuple[str, tuple[Shelf, ...], tuple[str, ...]]:
    """The layout, where its packages lie, and the stores that they were made from."""
    states = list(states_in(path))
    root = states[0]
    shelves = shelves_of(target for state in states for target in state.entries.values())
    if root.layout == "isolated":
        shelves = (Shelf(root=f"{packages_of(path)}/{SLOTS}"), *shelves)
    stores = [root.store, *(shelf.store for shelf in shelves)]
    return root.layout, shelves, tuple(dict.fromkeys(filter(None, stores)))


def shelves_of(targets: Iterable[str]) -> tuple[Shelf, ...]:
    """The folders of slots that these absolute links lead into, the one that most do first."""
    counts: dict[str, int] = {}
    for target in targets:
        parts = target.split("/")
        modules = parts[:-2] if parts[-2:-1] and parts[-2].startswith("@") else parts[:-1]
        if not parts[0] and modules[-1:] == [MODULES] and modules[-3:-2] in _KINDS:
            above = "/".join(modules[:-3])
            counts[above] = counts.get(above, 0) + 1
    found = []
    for above in sorted(counts, key=lambda above: (-counts[above], above)):
        in_project = above.endswith(f"/{os.path.dirname(SLOTS)}")
        found.append(Shelf(root=f"{above}/{_SLOTS}", store="" if in_project else above))
    return tuple(found)


def store_at(root: str) -> Store:
    """A parent's store, to be read."""
    return Store(root, frozen=True)


def _graph(path: str) -> tuple[Graph | None, str]:
    where = os.path.join(path, LOCK_NAME)
    try:
        data = read_file(where)
        return (None, "no-lock") if data is None else (read_lock(data, where=where), "")
    except (GraftError, OSError):
        return None, "lock-unreadable"


def nodes_by_name(graph: Graph) -> dict[str, list[Node]]:
    """By the names of packages."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        found.setdefault(node.manifest.name, []).append(node)
    return found


def states_in(path: str) -> Iterator[State]:
    """The records of what was linked in the workspace at ``path``, the root's first."""
    name = sound_modules_folder(path)
    root = read_state(modules_of(path, ROOT, name))
    yield root
    for importer in root.members:
        yield read_state(modules_of(path, importer, name))
