"""Many projects of graft's that share a store, made in one process by graft's own functions.

What comes of it is what ``graft install`` makes of the same projects: objects, slots, graphs,
records and links. Only resolving and fetching are left out, which are not timed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from counts_graph import CHILDREN, DIRECT
from graft.base.clones import Cloner
from graft.link.importers import ROOT
from graft.lockfile.format import LOCK_NAME, write_lock
from graft.model.graph import Graph, Importer, Node
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.store.admission import admit
from graft.store.paths import Store, open_store
from graft.store.slots import populate, slots_of
from graft.workflows.change import Change
from graft.workflows.report import InstallReport
from harness.catalog import npm_tarball_path
from traffic import CountingRegistry


def make_projects(
    home: Path, folders: Sequence[Path], graphs: Sequence[Sequence[str]], registry: CountingRegistry
) -> None:
    """Give each folder the links to its graph: the names of its packages, of which ``registry`` has
    the archives. ``home`` is where the store is made."""
    store = open_store(str(home))
    cloner = Cloner()
    for folder, names in zip(folders, graphs, strict=True):
        _make(store, folder, names, registry, cloner)


def _make(
    store: Store, folder: Path, names: Sequence[str], registry: CountingRegistry, cloner: Cloner
) -> None:
    graph, archives = _graph(names, registry)
    slots = slots_of(graph, root=str(folder))
    for id, slot in slots.items():
        stored = admit(store, archives[id], parse_integrity(slot.integrity), subject=id)
        populate(store, slot, stored, cloner)
    lock = write_lock(graph)
    inputs = hashlib.sha256(lock).hexdigest()
    change = Change(folder=str(folder), store=store, files={LOCK_NAME: lock}, inputs=inputs)
    plan = change.plan("virtual", graph, slots, {})
    direct = dict.fromkeys(names[:DIRECT], "1.0.0")
    report = InstallReport(packages=len(names), direct=direct)
    change.apply(plan, slots, report, lambda _: None)


def _graph(names: Sequence[str], registry: CountingRegistry) -> tuple[Graph, Mapping[str, bytes]]:
    archives, nodes = {}, {}
    for number, name in enumerate(names):
        release = registry.at_tarball_path(npm_tarball_path(name, "1.0.0"))
        assert release is not None
        first = DIRECT + CHILDREN * number
        children = names[first : first + CHILDREN]
        manifest = Manifest(
            name=name,
            version="1.0.0",
            integrity=release.dist["integrity"],
            requirements=_requirements(children),
        )
        edges = {child: f"{child}@1.0.0" for child in children}
        nodes[manifest.id] = Node(id=manifest.id, manifest=manifest, edges=edges)
        archives[manifest.id] = release.archive
    asked = names[:DIRECT]
    importer = Importer(
        path=ROOT,
        requirements=_requirements(asked),
        edges={name: f"{name}@1.0.0" for name in asked},
    )
    return Graph(importers={ROOT: importer}, nodes=nodes), archives


def _requirements(names: Sequence[str]) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(local=name, specifier="^1.0.0", kind=Kind.PROD) for name in sorted(names)
    )
